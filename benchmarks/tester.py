"""What does training do to the tester: how many wrong programs do its tests catch on functions it has not seen?

    python benchmarks/tester.py RUN … [--against RUN …] [--functions 200] [--samples 4]

Each RUN is a run of the code game with a tester, and with `storage.keep=0`, so that its first checkpoint is there: the
tester as the stage `warm_up` left it, which has seen valid calls and no reward. Its last checkpoint is the other one.
Both write tests for the same functions, drawn at levels evenly over [0, 1], none of which was ever a task in a run.
Printed per run: tests that count, wrong programs caught per test, and the difference with its interval (bootstrap over
functions); at last, where there are several, the same with each function's mean over the runs. With `--against`, one
run for each: how much more the solvers of the first answer in their last exams, paired by question.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from selfplay_gym import load_agent, make_domain, make_generator, make_verifier
from selfplay_gym.core.held_out import is_held_out
from selfplay_gym.core.protocols import Verifier
from selfplay_gym.core.records import Labelled, Question, TaskSpec
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.envs.game.tester import NAME, task
from selfplay_gym.selfplay.exams.result import ExamResult
from selfplay_gym.selfplay.stats import bootstrap, paired
from selfplay_gym.selfplay.storage.checkpoint_store import last_of_rounds
from selfplay_gym.selfplay.storage.run_folder import RunFolder


class Caught(NamedTuple):
    """What the tests of one tester did, per function: means over its samples."""

    counted: list[float]
    number: list[float]
    share: list[float]


def functions(count: int, generator: str) -> list[Question]:
    """Tasks of held-out functions, each once; of low levels there are only few."""
    drawn, found = make_generator(generator), dict[str, Question]()
    rng = python_stream(0, "functions of the benchmark")
    while len(found) < count:
        made = task(Labelled(drawn.generate(TaskSpec(rng.random()), rng), (), ()))
        if made is not None and is_held_out(made.text):
            found.setdefault(made.text, made)
    return list(found.values())


def tested(checkpoint: Path, tasks: Sequence[Question], samples: int, verifier: Verifier) -> Caught:
    """The tests of one checkpoint; a function of which nothing can be said counts for no tester."""
    words = make_domain("code").roles[NAME]
    agent = load_agent(checkpoint, NAME).with_settings(max_new_tokens=24)
    texts = agent.act([words.ask(task) for task in tasks], n=samples, seed=0)
    rows = [judged.evidence.get("measures") for judged in verifier.judge_many(tasks, texts)]
    known = [row or {"counted_share": np.nan, "caught_per_test": np.nan, "wrong_programs": np.nan} for row in rows]
    return Caught(
        [row["counted_share"] for row in known],
        [row["caught_per_test"] for row in known],
        [row["caught_per_test"] / row["wrong_programs"] for row in known],
    )


def compared(what: str, before: Sequence[float], after: Sequence[float], scale: float, digits: int) -> str:
    """Both means, and the difference with its interval over functions."""
    rows = np.array([before, after]) * scale
    rows = rows[:, np.isfinite(rows).all(axis=0)]
    gain = bootstrap([rows[1] - rows[0]], lambda difference: float(difference.mean()), seed=0)
    first, second = rows.mean(axis=1)
    interval = f"[{gain.low:+.{digits}f}, {gain.high:+.{digits}f}]"
    return f"{what}: {first:.{digits}f} → {second:.{digits}f}, {gain.value:+.{digits}f} {interval}, n = {rows.shape[1]}"


def report(name: str, before: Caught, after: Caught) -> None:
    print(name)
    print("  " + compared("tests that count, %", before.counted, after.counted, 100, 1))
    print("  " + compared("wrong programs caught per test", before.number, after.number, 1, 2))
    print("  " + compared("share of the wrong programs, %", before.share, after.share, 100, 1))


def last_exam(run: Path) -> ExamResult:
    """The last exam of a run's solver."""
    return ExamResult.from_dict([row["exam"] for row in RunFolder.open(run).rows("metrics") if "exam" in row][-1])


def compare_solvers(runs: Sequence[Path], others: Sequence[Path]) -> None:
    """Compare the last exams of runs with those of others, each of the seed of its partner."""
    before, after = [*map(last_exam, others)], [*map(last_exam, runs)]
    for run, other, first, second in zip(runs, others, before, after, strict=True):
        print(f"{run} against {other}: {paired(first.correct, second.correct, second.samples)}")
    counts = [[count for exam in side for count in exam.correct] for side in (before, after)]
    first_rate, second_rate = (100 * float(np.mean(side)) / before[0].samples for side in counts)
    print(f"solvers of all: {first_rate:.1f} → {second_rate:.1f} %, {paired(counts[0], counts[1], before[0].samples)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--against", nargs="*", type=Path, default=[])
    parser.add_argument("--functions", type=int, default=200)
    parser.add_argument("--samples", type=int, default=4)
    parser.add_argument("--generator", default="deduction:short")
    options = parser.parse_args()
    tasks, verifier = functions(options.functions, options.generator), make_verifier("unit-tests")
    pairs = []
    for run in options.runs:
        saved = [*last_of_rounds(run / "checkpoints", NAME).values()]
        pair = [tested(one, tasks, options.samples, verifier) for one in (saved[0], saved[-1])]
        report(str(run), pair[0], pair[1])
        pairs.append(pair)
    if len(pairs) > 1:
        means = [Caught(*np.mean([pair[side] for pair in pairs], axis=0).tolist()) for side in (0, 1)]
        report(f"mean of {len(pairs)} runs", means[0], means[1])
    if options.against:
        compare_solvers(options.runs, options.against)


if __name__ == "__main__":
    main()
