"""Task families at full length: is every answer right and unique, how fast are they written, and does the level bite?

    python benchmarks/families.py [--questions 10000] [--families knights,ordering] [--slips .02,.05]

Every question is read and solved by `family_solvers`, which knows its text alone and finds all solutions. Printed per
family and level: questions written per CPU second; those whose answer is not that of the only solution; different
texts; the share of the most frequent answer, which is what guessing earns; the solver's elementary steps, mean; and how
often a solver is right in whose work each step goes wrong with the chance `--slips`. Ends with status 1 if an answer is
not proven, a speed is below its bound, or the accuracy of a hard family does not fall from each level to the next.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from family_solvers import SOLVERS, Work

from selfplay_gym import TaskSpec, make_generator
from selfplay_gym.core.records import Question
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.curricula.generators.mixed import FAMILIES

LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)
PER_SECOND = {"easy": 2_000, "hard": 200}


@dataclass
class Row:
    """What was measured of one family at one level; `accuracy` has one number per chance of a slip."""

    family: str
    level: float
    per_second: float
    unproven: int
    different: int
    most_frequent: float
    steps: float
    accuracy: list[float]


def measure(family: str, level: float, count: int, slips: list[float], seed: int = 0) -> Row:
    generator, rng = make_generator(family), python_stream(seed, "families", family, level)
    generator.generate(TaskSpec(level), rng)  # tables that are made once
    start = time.process_time()
    questions = [generator.generate(TaskSpec(level), rng) for _ in range(count)]
    spent = time.process_time() - start
    work = Work()
    unproven = sum(not solved(family, question, work) for question in questions)
    accuracy = []
    for slip in slips:
        noisy = Work(slip, python_stream(seed, "slips", family, level, slip))
        accuracy.append(sum(solved(family, question, noisy) for question in questions) / count)
    most = Counter(question.reference for question in questions).most_common(1)[0][1]
    different = len({question.text for question in questions})
    return Row(family, level, count / spent, unproven, different, most / count, work.steps / count, accuracy)


def solved(family: str, question: Question, work: Work) -> bool:
    """Whether the reference is the answer of the only solution that is found."""
    return [str(answer) for answer in SOLVERS[family](question.text, work)] == [question.reference]


def shortcomings(rows: list[Row]) -> list[str]:
    """What does not hold of the rows of one family, in order of level."""
    kind = next(kind for kind, names in FAMILIES.items() if rows[0].family in names)
    name, bound = rows[0].family, PER_SECOND[kind]
    found = [f"{name} at level {row.level}: {row.unproven} answers not proven" for row in rows if row.unproven]
    found += [f"{name} at level {row.level}: {row.per_second:.0f}/s" for row in rows if row.per_second < bound]
    for low, high in pairwise(rows):
        if kind == "hard" and not all(a > b for a, b in zip(low.accuracy, high.accuracy, strict=True)):
            found.append(f"{name}: accuracy does not fall from level {low.level} to {high.level}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=10_000, help="per family and level")
    parser.add_argument("--families", default=",".join(SOLVERS))
    parser.add_argument("--slips", default=".02,.05", help="chances that a step goes wrong")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    slips = [float(slip) for slip in asked.slips.split(",")]
    print("| family | level | per CPU second | not proven | different | most frequent | steps | right at slips |")
    print("|---|---|---|---|---|---|---|---|")
    found = []
    for family in asked.families.split(","):
        rows = [measure(family, level, asked.questions, slips, asked.seed) for level in LEVELS]
        for row in rows:
            right = " · ".join(f"{share:.3f}" for share in row.accuracy)
            print(
                f"| {family} | {row.level} | {row.per_second:,.0f} | {row.unproven} | {row.different:,} "
                f"| {row.most_frequent:.3f} | {row.steps:,.0f} | {right} |",
                flush=True,
            )
        found += shortcomings(rows)
    if found:
        raise SystemExit("\n".join(found))


if __name__ == "__main__":
    main()
