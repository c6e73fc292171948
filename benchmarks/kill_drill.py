"""`kill -9` at random moments of a run, resumed: is everything it leaves equal to the undisturbed run, byte for byte?

    python benchmarks/kill_drill.py [--moments 30] [--lives 5] [--writes 8] [--weight-sharing copies] [--seed 0]
        [--set PATH=VALUE ...]

Two rounds of the real tiny model with an acting guard, saved after every step, in processes of the command line. Three
kinds of blows: `--moments` at random times, `--lives` of them to a run, which is resumed after each; `--writes` inside
the writing of a checkpoint, proved by the draft that is left; and one run whose every process is killed inside the
second checkpoint it writes, until one gets through. At the end of each run are compared: logs, state, and every file of
every checkpoint. Left out are clocks (`timings.jsonl`) and what names the process (`environment.json`, `report.html`).

What it does not show: a power cut, where also the disk forgets (files are flushed before they are renamed), and a
damaged disk (tests/selfplay/run/test_run.py).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from selfplay_gym.core.seeding import python_stream

SETTINGS = {
    "guard.mode": "on",
    "guard.every": 1,
    "guard.questions": 4,
    "storage.save_every": 1,
    "questions.count": 16,
    "roles.challenger.steps": 2,
    "roles.challenger.groups": 2,
    "roles.solver.groups": 4,
    "roles.*.max_new_tokens": 32,
    "roles.*.adapter_rank": 4,
    "exam.questions": 4,
    "exam.samples": 1,
}
TICK = 0.001
"""Seconds between two looks at the run folder."""
STAGES = ("", "model.safetensors", "optimiser.safetensors", "manifest.json.draft")
"""Ends of names of files that appear in a draft, one after the other; adapters are `adapter_model.safetensors`."""
HALF = "half a checkpoint"
CLOCKS = {"timings.jsonl", "environment.json", "report.html"}


@dataclass(frozen=True)
class Drill:
    """A run that was killed, and what came of it.

    Attributes:
        blow: how it was killed.
        hits: where the run stood each time by its last saved state, and the files of a checkpoint half written.
        different: files that differ from the undisturbed run's; empty is what must be.
    """

    blow: str
    hits: list[str]
    different: list[str]


class Run:
    """A run folder and the processes that play in it."""

    def __init__(self, folder: Path, settings: dict[str, Any], seed: int) -> None:
        self.folder = folder
        self.start = ["--preset", "debug", "--seed", str(seed)]
        self.start += [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]

    @contextmanager
    def process(self) -> Iterator[subprocess.Popen[bytes]]:
        """A process that starts the run, or continues it; killed on the way out if it still lives."""
        options = ["--resume"] if (self.folder / "config.toml").exists() else self.start
        command = [sys.executable, "-m", "selfplay_gym.cli", "train", *options, "--run-dir", str(self.folder)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        errors = self.folder.with_suffix(".errors")
        with open(errors, "wb") as log:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log, env=environment)
            try:
                yield process
            finally:
                process.kill()
                code = process.wait()
        if code not in (0, -9):
            raise SystemExit(f"{' '.join(command)} ended with {code}:\n{errors.read_text()}")

    def finish(self) -> None:
        """Play to the end."""
        with self.process() as process:
            process.wait()

    def seconds(self) -> float:
        """Wall time of all phases together."""
        return sum(json.loads(row)["seconds"] for row in (self.folder / "timings.jsonl").read_text().splitlines())

    def writes(self) -> int:
        """Checkpoints written: one after every training step."""
        return sum("role" in json.loads(row) for row in (self.folder / "metrics.jsonl").read_text().splitlines())

    def drafts(self) -> set[Path]:
        return set((self.folder / "checkpoints").glob("*.draft"))

    def hit(self) -> str:
        state = json.loads((self.folder / "state.json").read_text())
        where = f"round {state.get('round', 0)} {state.get('phase', 'start')} step {state.get('step', 0)}"
        torn = [sorted(p.name for p in draft.iterdir()) for draft in self.drafts()]
        return f"{where} {HALF} [{' '.join(torn[0])}]" if torn else where

    def remains(self) -> dict[str, str]:
        """Checksum of everything a run must reproduce, by file."""
        found = {}
        for file in sorted(p for p in self.folder.rglob("*") if p.is_file() and p.name not in CLOCKS):
            content = file.read_bytes()
            if file.name in ("state.json", "snapshot.json"):
                state = json.loads(content)
                for clock in (state["logs"], state["log_sha256"]):
                    del clock["timings"]
                del state["checksum"]  # of a state with the clock
                content = json.dumps(state).encode()
            found[file.relative_to(self.folder).as_posix()] = sha256(content).hexdigest()
        return found


def watch(process: subprocess.Popen[bytes], seen: Callable[[], bool]) -> bool:
    """Look until `seen` or the process has ended; whether it was seen."""
    while not seen():
        if process.poll() is not None:
            return False
        time.sleep(TICK)
    return True


def kill_after(run: Run, seconds: float) -> bool:
    """Kill a process so long after it first made something permanent; whether it still lived."""
    state = run.folder / "state.json"
    before = state.stat().st_mtime_ns if state.exists() else 0
    with run.process() as process:
        watch(process, lambda: (run.folder / "config.toml").exists() and state.stat().st_mtime_ns != before)
        try:
            return process.wait(timeout=seconds) != 0
        except subprocess.TimeoutExpired:
            return True


def holds(draft: Path, file: str) -> bool:
    """Whether a file with that end of its name is in a draft, which may vanish meanwhile."""
    return not file or any(name.endswith(file) for _, _, names in os.walk(draft) for name in names)


def kill_in_write(run: Run, number: int, file: str) -> bool:
    """Kill a process inside the n-th checkpoint it writes, or a later one, with `file` there and the rest not yet.

    It is stopped first and looked at again, so what is killed has not finished writing meanwhile. `False` if the run
    ended before it could be caught.
    """
    stale, fresh = run.drafts(), set[Path]()

    def writing() -> bool:
        now = run.drafts()
        stale.intersection_update(now)
        fresh.update(now - stale)
        return len(fresh) >= number and any(holds(draft, file) for draft in now - stale)

    with run.process() as process:
        while watch(process, writing):
            process.send_signal(signal.SIGSTOP)
            if process.poll() is None:
                os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
            if writing():
                return True
            process.send_signal(signal.SIGCONT)
    return False


def drills(
    folder: Path, settings: dict[str, Any], *, moments: int, lives: int, writes: int, seed: int, hunt: bool = True
) -> Iterator[Drill]:
    """Play the undisturbed run, then one after the other those that are killed."""
    rng = python_stream(seed, "kill drill")
    whole = Run(folder / "whole", settings, seed)
    whole.finish()
    expected, seconds, count = whole.remains(), whole.seconds(), whole.writes()

    def drill(run: Run, blow: str, hits: list[str]) -> Drill:
        run.finish()
        left = run.remains()
        shutil.rmtree(run.folder)
        return Drill(blow, hits, sorted(n for n in expected | left if expected.get(n) != left.get(n)))

    killed = 0
    while killed < moments:
        run, hits = Run(folder / f"after-{killed}", settings, seed), list[str]()
        lives = min(lives, moments - killed)
        while len(hits) < lives and kill_after(run, rng.random() * 2 * seconds / (lives + 1)):
            hits.append(run.hit())
        killed += len(hits)
        yield drill(run, "at random moments", hits)
    for index in range(writes):
        file, number = STAGES[index % len(STAGES)], 1 + int(rng.random() * count)
        run = Run(folder / f"write-{index}", settings, seed)
        hits = [run.hit()] if kill_in_write(run, number, file) else []
        yield drill(run, f"in checkpoint {number}, at {file or 'its folder'}", hits)
    if hunt:
        run, hits = Run(folder / "hunted", settings, seed), []
        while kill_in_write(run, 2, "model.safetensors"):
            hits.append(run.hit())
        yield drill(run, "in the second checkpoint of every process", hits)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--moments", type=int, default=30)
    parser.add_argument("--lives", type=int, default=5)
    parser.add_argument("--writes", type=int, default=8)
    parser.add_argument("--weight-sharing", default="copies")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="PATH=VALUE")
    options = parser.parse_args()
    sharing = {"roles.*.weight_sharing": options.weight_sharing}
    settings = {**SETTINGS, **sharing, **dict(item.split("=", 1) for item in options.settings)}
    begun, seen = time.monotonic(), []
    counts = {"moments": options.moments, "lives": options.lives, "writes": options.writes}
    with tempfile.TemporaryDirectory() as folder:
        for drill in drills(Path(folder), settings, **counts, seed=options.seed):
            seen.append(drill)
            verdict = "equal" if not drill.different else f"DIFFERENT: {' '.join(drill.different)}"
            print(f"killed {drill.blow}: {verdict}", *drill.hits, sep="\n    ", flush=True)
    failed = sum(bool(drill.different) for drill in seen)
    hits = [hit for drill in seen for hit in drill.hits]
    inside, minutes = sum(HALF in hit for hit in hits), (time.monotonic() - begun) / 60
    print(f"{len(seen)} runs killed {len(hits)} times, {inside} while writing a checkpoint; {failed} differ")
    print(f"{minutes:.1f} minutes")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
