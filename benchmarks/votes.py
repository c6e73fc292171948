"""How often does the vote find the label where right answers come in different notations?

    python benchmarks/votes.py GOLDS.jsonl [--seed 0]

GOLDS holds one object a line with GSM8K's `answer` ("… #### 18"). For each gold a group of ten attempts is made: five
right ones in mixed notations, four that agree on another number, in one notation, and one more wrong one. Printed per
kind of notation: the share of groups whose label is right. Then: the share of groups of non-answers with a label.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path

from selfplay_gym import Outcome, Question, make_verifier

NOTATIONS: dict[str, tuple[str, ...]] = {
    "plain": ("{n}", "{n}.0", "{n}.", "${n}$", "x = {n}"),
    "apples": ("{n}", "{n} apples", "{n}\\text{{ apples}}", "{n}", "{n} apples"),
    "money": ("{n}", "\\${n}", "{n} dollars", "\\${n}.00", "${n}"),
    "hours": ("{n}", "{n} hours", "{n}", "{n}\\text{{ hours}}", "{n} hours"),
    "percent": ("{n}", "{n}%", "{n}\\%", "{n}", "{n} percent"),
    "grouped": ("{n:,}", "{n}", "{n:,}.00", "{n}", "{n:,}"),
    "meters": ("{n}", "{n} meters", "{n} m", "{n}\\text{{ m}}", "{n}"),
}
NON_ANSWERS = (
    "hm", "...", "None", "The", "", "I do not know.", "I cannot solve this.", "N/A", "So", "?", "Let me think",
    "\\boxed{}",
    "\\boxed{?}", "null", "nan", "Sorry, I can't help with that.",
    "I could not find the answer after 7 attempts.", "ok", "Hmm...",
    "<think>maybe \\boxed{5}", "x cannot be 5", "Is the answer 5?", "The answer is unknown.", "-", "$$",
    "\\boxed{None}",
)  # fmt: skip


def group(number: int, notations: Sequence[str], rng: random.Random, boxed: bool) -> list[str]:
    """Ten attempts in a random order."""
    other = number + rng.choice((-2, -1, 1, 2, 10))
    right = [form.format(n=number) for form in notations]
    wrong = [notations[rng.randrange(len(notations))].format(n=other)] * 4
    attempts = [*right, *wrong, notations[0].format(n=number + 37)]
    rng.shuffle(attempts)
    return [f"\\boxed{{{attempt}}}" for attempt in attempts] if boxed else attempts


def right_labels(numbers: Sequence[int], notations: Sequence[str], seed: int) -> float:
    """The share of groups whose label means the gold; half of the groups are boxed, half are bare."""
    rng, vote, judge = random.Random(seed), make_verifier("majority"), make_verifier("sympy")
    right = 0
    for index, number in enumerate(numbers):
        label = vote.judge(Question("q"), group(number, notations, rng, index % 2 == 0)).label
        verdict = judge.judge(Question("", str(number)), [f"\\boxed{{{label}}}"]).verdicts[0]
        right += label is not None and verdict.outcome is Outcome.CORRECT
    return right / len(numbers)


def labelled_non_answers(groups: int, seed: int) -> float:
    """The share of groups of non-answers that got a label."""
    rng, vote = random.Random(seed), make_verifier("majority")
    drawn = (rng.choices(NON_ANSWERS, k=rng.randint(1, 10)) for _ in range(groups))
    return sum(vote.judge(Question("q"), attempts).label is not None for attempts in drawn) / groups


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("golds", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.golds.read_text(encoding="utf-8").splitlines() if line.strip()]
    numbers = [int(row["answer"].rpartition("####")[2].strip().replace(",", "")) for row in rows]
    for name, notations in NOTATIONS.items():
        print(f"{name:10} {right_labels(numbers, notations, options.seed):7.2%} of {len(numbers)} labels right")
    print(f"non-answers labelled: {labelled_non_answers(2000, options.seed):.2%}")


if __name__ == "__main__":
    main()
