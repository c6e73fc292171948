"""What the commands that read a run cost once it is long: a run of many rounds is made, then each command is measured.

    python benchmarks/long_run.py make FOLDER [--rows 1000000] [--attempts 4] [--per-round 8000] [--seed 0]
    python benchmarks/long_run.py measure FOLDER [--only report diagnose …]

`make` plays one round of the preset `debug`, so that checkpoints, exam and measures are a run's own, and then commits
further rounds: made-up questions of the generator `mixed` with attempts and labels, and the measures of the first round
under the number of each. It goes on where it was stopped. `--rows` counts rows of `attempts.jsonl`, one a question.

`measure` starts each command as a process of its own. Processor seconds and peak memory are the kernel's (`wait4`),
so a busy machine distorts neither. `verify` judges a file made of the run's questions and attempts, then is given
again, to find all of it done; `watch` is measured by `benchmarks/watch.py`'s server until all is read.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from selfplay_gym.benchmarks.watch import Server

Row = dict[str, Any]
OWN = ("metrics", "guard", "timings")
"""Logs whose further rounds repeat the first."""
LEVELS = 64


def make(folder: Path, rows: int, attempts: int, per_round: int, seed: int) -> None:
    """A finished run with so many rows of attempts."""
    from selfplay_gym import train
    from selfplay_gym.core.registries import make_generator
    from selfplay_gym.core.seeding import python_stream
    from selfplay_gym.selfplay.settings.files import stored_config, to_toml
    from selfplay_gym.selfplay.settings.presets import preset
    from selfplay_gym.selfplay.storage.run_folder import RunFolder

    if not (folder / "config.toml").exists():
        own = {"rounds": 1, "seed": seed, "labels": {"attempts": attempts}, "live": {"on": False}}
        train(preset("debug").replace(own), folder, show=False)
    run = RunFolder.resume(folder)
    begun = {name: [row for row in run.rows(name) if row["round"] == 1] for name in OWN}
    there = sum(1 for _ in run.rows("attempts")) if run.state["round"] == 1 else 0
    last = 1 + max(1, -(-(rows - there) // per_round))
    config = stored_config(run)
    if config.rounds != last:
        run.replace_config(to_toml(config.replace({"rounds": last})))
    generator = make_generator("mixed")
    for number in range(run.state["round"] + 1, last + 1):
        for name, found in begun.items():
            run.log(name, [{**row, "round": number} for row in found])
        rng = python_stream(seed, "long run", number)
        count = min(per_round, rows - there - (number - 2) * per_round) if there else per_round
        for index in range(count):
            for name, row in _question(generator, rng, attempts):
                run.log(name, [{"round": number, "phase": PHASES[name], "index": index, **row}])
        run.commit({**run.own_state(), "round": number, "phase": "done"})


PHASES = {"questions": "generate", "attempts": "attempt", "labels": "label"}


def _question(generator: Any, rng: random.Random, attempts: int) -> Iterator[tuple[str, Row]]:
    """The rows of one question in the three logs; attempts have two steps, and are as long as those of `tiny`."""
    from selfplay_gym.core.records import TaskSpec

    asked = generator.generate(TaskSpec(rng.randrange(LEVELS) / LEVELS), rng)
    skill, right = rng.random(), str(asked.reference)
    answers = [right if rng.random() < skill else str(rng.randrange(100)) for _ in range(attempts)]
    label, count = Counter(answers).most_common(1)[0]
    rate = count / attempts
    known = {"text": asked.text, "reference": asked.reference, "level": asked.level}
    yield "questions", {**known, "author": "challenger", "dropped": None}
    one, other = rng.randrange(100), rng.randrange(100)
    steps = f"{one}+{other}={one + other}, {one}*{other}={one * other}."
    yield "attempts", {"attempts": [rf"{steps} \boxed{{{answer}}}" for answer in answers]}
    judged = {"label": label, "label_source": "vote", "solve_rate": rate, "valid": True, "kept": 0.25 <= rate <= 0.75}
    more = {"label_right": label == right, "kind": "sum", "check": None, "answers": answers}
    yield "labels", {**judged, **more, "matches": [answer == label for answer in answers]}


def lines_to_verify(folder: Path, most: int) -> Path:
    """A file for `verify`: the first questions of the run, with reference and attempts."""
    path = folder.parent / f"{folder.name}-verify-{most}.jsonl"
    if not path.exists():
        with (
            (folder / "questions.jsonl").open(encoding="utf-8") as questions,
            (folder / "attempts.jsonl").open(encoding="utf-8") as attempts,
            path.open("w", encoding="utf-8") as out,
        ):
            asked = (row for row in map(json.loads, questions) if row["dropped"] is None)
            for question, row, _ in zip(asked, map(json.loads, attempts), range(most), strict=False):
                line = {"question": question["text"], "reference": question["reference"], "attempts": row["attempts"]}
                out.write(json.dumps(line) + "\n")
    return path


def commands(folder: Path, verified: int) -> dict[str, list[str]]:
    """What is measured, by name."""
    run, out = str(folder), folder.parent
    judged = [str(lines_to_verify(folder, verified)), str(out / f"{folder.name}-verdicts.jsonl")]
    return {
        "train --resume": ["train", "--resume", "--run-dir", run],
        "report": ["report", run],
        "diagnose --no-play": ["diagnose", run, "--no-play"],
        "diagnose": ["diagnose", run],
        "diagnose --consistency": ["diagnose", run, "--no-play", "--consistency"],
        "review": ["review", run, "--reviewer", "nobody"],
        "push --dry-run": ["push", run, "--dry-run"],
        "push --questions --dry-run": ["push", run, "--questions", "--dry-run"],
        "export": ["export", run, "--format", "lm-eval", "--out", str(out / f"{folder.name}-exported")],
        "exam of its solver": ["exam", f"{run}/best", "--questions", "64", "--samples", "2"],
        "verify": ["verify", *judged, "--restart"],
        "verify, all done": ["verify", *judged],
    }


def measured(command: list[str]) -> tuple[float, float, float, int]:
    """Processor seconds, seconds by the clock, peak memory in MB, and exit code of a command."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "selfplay_gym.cli", *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime, time.perf_counter() - begun, used.ru_maxrss / 1024, process.returncode


def watch(folder: Path) -> None:
    """The dashboard: its address, the first page, all of the run, and a row that comes later."""
    server = Server(folder)
    try:
        cpu = server.cpu()
        server.get(f"{server.run}/labels")
        first = server.cpu() - cpu
        while "of the history" in server.get(f"{server.run}/labels")[0]:
            time.sleep(1.0)
        costs = f"first page {first:.2f}, all read {server.cpu():.1f} CPU s, {server.peak_mb():.0f} MB"
        print(f"{'watch':28} address {cpu:.2f}, {costs}", flush=True)
    finally:
        server.stop()


def measure(folder: Path, only: list[str], verified: int) -> None:
    """Print a row for each command."""
    rows = {log.stem: log.stat().st_size / 2**20 for log in sorted(folder.glob("*.jsonl"))}
    print(", ".join(f"{name} {size:.0f} MB" for name, size in rows.items() if size >= 1))
    print(f"{'command':28} {'CPU s':>8} {'clock s':>8} {'peak MB':>8}")
    for name, command in commands(folder, verified).items():
        if not only or name in only:
            cpu, clock, peak, code = measured(command)
            failed = f"  exit code {code}" if code else ""
            print(f"{name:28} {cpu:8.1f} {clock:8.1f} {peak:8.0f}{failed}", flush=True)
    if not only or "watch" in only:
        watch(folder)


def main() -> None:
    """Make a run, or measure the commands on one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["make", "measure"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--attempts", type=int, default=4)
    parser.add_argument("--per-round", type=int, default=8_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--verify", type=int, default=10_000, help="Lines that `verify` is given.")
    parser.add_argument("--only", nargs="*", default=[], help="Commands to measure; all if left out.")
    given = parser.parse_args()
    if given.what == "make":
        make(given.folder, given.rows, given.attempts, given.per_round, given.seed)
    else:
        measure(given.folder, given.only, given.verify)


if __name__ == "__main__":
    main()
