"""What the live feed costs a run: pairs of equal runs with and without it, in turns, by processor time.

    python benchmarks/live.py [--preset tiny] [--pairs 3] [--set rounds=1 …] [--resources-s 2]

Each run is a process of its own. Printed per pair and at the end: processor seconds with and without, the difference in
per cent of the run without, and whether all logs but the clock's are equal byte by byte.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from selfplay_gym.selfplay.storage.run_folder import LOGS


def seconds(path: Path, preset: str, changes: list[str]) -> float:
    """Processor time of one run."""
    settings = [word for change in changes for word in ("--set", change)]
    command = [sys.executable, "-m", "selfplay_gym.cli", "train", "--preset", preset, "--run-dir", str(path), *settings]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def same_logs(one: Path, other: Path) -> bool:
    """Whether two runs logged the same."""
    names = [f"{name}.jsonl" for name in LOGS if name != "timings"]
    return all((one / name).read_bytes() == (other / name).read_bytes() for name in names)


def main() -> None:
    """Play the pairs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--preset", default="tiny")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], dest="changes")
    parser.add_argument("--resources-s", type=float, default=2.0)
    asked = parser.parse_args()
    shares = []
    with tempfile.TemporaryDirectory() as folder:
        for pair in range(asked.pairs):
            spent = {}
            order = ("on", "off") if pair % 2 else ("off", "on")
            for name in order:
                extra = [f"live.on={str(name == 'on').lower()}", f"live.resources_s={asked.resources_s}"]
                spent[name] = seconds(Path(folder, f"{pair}-{name}"), asked.preset, [*asked.changes, *extra])
            shares.append(100 * (spent["on"] - spent["off"]) / spent["off"])
            same = same_logs(Path(folder, f"{pair}-on"), Path(folder, f"{pair}-off"))
            size = Path(folder, f"{pair}-on", "live.jsonl").stat().st_size
            print(
                f"pair {pair}: {spent['on']:.2f} s with, {spent['off']:.2f} s without, {shares[-1]:+.2f} %, "
                f"{size / 2**20:.2f} MB, logs {'equal' if same else 'DIFFER'}",
                flush=True,
            )
    print(f"mean {sum(shares) / len(shares):+.2f} %, from {min(shares):+.2f} to {max(shares):+.2f} %")


if __name__ == "__main__":
    main()
