"""What the live feed costs a run: pairs of equal runs with and without it, in turns, by processor time.

    python benchmarks/live.py [--preset tiny] [--pairs 3] [--set rounds=1 …] [--resources-s 2]

Each run is a process of its own. Printed per pair and at the end: processor seconds with and without, the difference in
per cent of the run without, and whether all logs but the clock's are equal byte by byte. On a busy machine equal runs
differ by more than the feed costs. So one more run is played first in this process, and every call that is made for the
feed is timed by the processor time of its thread: what hooks are told early, what the feed does, and its own thread.
"""

from __future__ import annotations

import argparse
import functools
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from selfplay_gym.selfplay.live.feed import LiveFeed
from selfplay_gym.selfplay.run import batches
from selfplay_gym.selfplay.run.questions import hearing
from selfplay_gym.selfplay.run.train import train
from selfplay_gym.selfplay.settings.compose import compose
from selfplay_gym.selfplay.storage.run_folder import LOGS


def seconds(path: Path, preset: str, changes: list[str]) -> float:
    """Processor time of one run."""
    settings = [word for change in changes for word in ("--set", change)]
    command = [sys.executable, "-m", "selfplay_gym.cli", "train", "--preset", preset, "--run-dir", str(path), *settings]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class Clock:
    """Adds up the processor time of calls; what they call in turn is counted once."""

    def __init__(self) -> None:
        self.spent, self._inside = 0.0, threading.local()

    def timed(self, owner: Any, name: str) -> None:
        """From now on `owner.name` is timed."""
        honest = getattr(owner, name)

        @functools.wraps(honest)
        def call(*arguments: Any, **named: Any) -> Any:
            if getattr(self._inside, "now", False):
                return honest(*arguments, **named)
            self._inside.now, begun = True, time.thread_time()
            try:
                return honest(*arguments, **named)
            finally:
                self.spent += time.thread_time() - begun
                self._inside.now = False

        setattr(owner, name, call)


def direct(path: Path, preset_name: str, changes: list[str], resources_s: float) -> tuple[float, float]:
    """Processor seconds of the feed in one run, and of the run."""
    clock = Clock()
    for name in vars(LiveFeed):
        if callable(getattr(LiveFeed, name)) and name not in ("__init__", "state_dict", "load_state_dict"):
            clock.timed(LiveFeed, name)
    for owner, name in (
        (hearing.AttemptsAsMade, "__call__"),
        (hearing.ProposalsAsWritten, "__call__"),
        (batches, "tell_played"),
    ):
        clock.timed(owner, name)
    config = compose(preset_name, assignments=[*changes, f"live.resources_s={resources_s}"])
    begun = time.process_time()
    train(config, path)
    return clock.spent, time.process_time() - begun


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
        spent_in, whole = direct(Path(folder, "direct"), asked.preset, asked.changes, asked.resources_s)
        print(f"one run: {spent_in:.3f} s of {whole:.2f} s are the feed's, {100 * spent_in / whole:.2f} %", flush=True)
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
    if not shares:
        return
    print(f"mean {sum(shares) / len(shares):+.2f} %, from {min(shares):+.2f} to {max(shares):+.2f} %")


if __name__ == "__main__":
    main()
