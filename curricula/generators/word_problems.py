"""Procedural word problems in the form of `core.questions.word_problems`, exact answers ≥ 0.

Level in [0, 1] is three bands of growing length; inside a band the numbers grow:

    level    0 … ⅓        ⅓ … ⅔        ⅔ … 1
    events   1            2            1, after boxes of things      numbers up to 9, in the upper half up to 30
"""

from __future__ import annotations

from ...core.math_language import parse_expression
from ...core.protocols import Rng
from ...core.questions.word_problems import GAINS, LOSSES, sum_of
from ...core.records import Question, TaskSpec
from .draws import integer, pick

BANDS = 3
NAMES = (
    *(("Ann", "She"), ("Tom", "He"), ("Mia", "She"), ("Ben", "He"), ("Eva", "She"), ("Sam", "He"), ("Lily", "She")),
    *(("Jack", "He"), ("Rosa", "She"), ("Omar", "He"), ("Nina", "She"), ("Paul", "He")),
)
THINGS = ("apples", "pencils", "stamps", "cards", "coins", "books", "shells", "stickers", "marbles", "eggs")
CONTAINERS = ("boxes", "bags", "baskets")


class WordProblemGenerator:
    """Writes `Tom has 5 apples. He buys 7 more apples. How many apples does Tom have now?`."""

    def generate(self, spec: TaskSpec, rng: Rng) -> Question:
        text = word_problem(spec.level, rng)
        value = parse_expression(sum_of(text) or "").b
        return Question(text, str(value), "math", spec.level, "word-problem")


def word_problem(level: float, rng: Rng) -> str:
    """A text of the given level."""
    scaled = min(level * BANDS, BANDS - 1e-9)
    events, most = (1, 2, 1)[int(scaled)], 9 if scaled % 1 < 0.5 else 30
    (name, pronoun), things = pick(NAMES, rng), pick(THINGS, rng)
    if scaled >= 2:
        boxes, each = integer(2, 9, rng), integer(2, 9, rng)
        sentences, total = [f"{name} has {boxes} {pick(CONTAINERS, rng)} with {each} {things} in each."], boxes * each
    else:
        total = integer(1, most, rng)
        sentences = [f"{name} has {total} {things}."]
    for number in range(events):
        who = pronoun if number == 0 else f"Then {pronoun.lower()}"
        if total < 2 or rng.random() < 0.5:
            count, happens = integer(1, most, rng), pick(GAINS, rng)
            total += count
            sentences.append(f"{who} {happens} {count} more {things}.")
        else:
            count, happens = integer(1, min(most, total), rng), pick(LOSSES, rng)
            total -= count
            sentences.append(f"{who} {happens} {count} {things}.")
    return " ".join([*sentences, f"How many {things} does {name} have now?"])
