"""Procedural conversions: `How many minutes are 2 days plus 3 hours minus 12 minutes?`, exact integer answers.

The level is the number of steps, and nothing else: a multiplication for each rung of a ladder of units (days to minutes
are two), an addition or subtraction for each amount after the first.

    level   0 … 1/12   1/12 … 2/12   …   11/12 … 1
    steps      1            2                12        up to seven amounts of at most 99
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from ...core.protocols import Rng
from ...core.records import Question, TaskSpec
from .draws import integer, pick, size

STEPS = 12
LARGEST = 99

LADDERS: tuple[tuple[tuple[str, ...], tuple[int, ...]], ...] = (
    (("weeks", "days", "hours", "minutes", "seconds"), (7, 24, 60, 60)),
    (("kilometres", "metres", "centimetres", "millimetres"), (1000, 100, 10)),
    (("tonnes", "kilograms", "grams", "milligrams"), (1000, 1000, 1000)),
    (("hectolitres", "litres", "decilitres", "centilitres", "millilitres"), (100, 10, 10, 10)),
    (("miles", "yards", "feet", "inches"), (1760, 3, 12)),
    (("gallons", "quarts", "pints"), (4, 2)),
    (("full turns", "degrees", "minutes of arc", "seconds of arc"), (360, 60, 60)),
)
"""Units from large to small, and how many of the next smaller one each of them is."""


class UnitGenerator:
    """Asks for one amount, made of several, in a unit that is small enough for the answer to be whole."""

    def generate(self, spec: TaskSpec, rng: Rng) -> Question:
        steps = size(spec.level, 1, STEPS)
        units, ratios = pick([ladder for ladder in LADDERS if steps < 3 or len(ladder[0]) > 3], rng)
        target = integer(1, len(units) - 1, rng) if steps < 3 else len(units) - 1
        text, total = "", 0
        for rungs in _rungs(steps, target, rng):
            count = integer(2, LARGEST, rng)
            amount = count * prod(ratios[target - rungs : target])
            sign = 1 if not text or amount >= total or rng.random() < 0.5 else -1
            total += sign * amount
            text += f"{'' if not text else ' plus ' if sign > 0 else ' minus '}{count} {units[target - rungs]}"
        question = f"How many {units[target]} are {text}?"
        return Question(question, str(total), "math", spec.level, "units", {"kind": "units"})


def _rungs(steps: int, most: int, rng: Rng) -> Sequence[int]:
    """How many rungs each amount is above the unit asked for: their sum, and one per further amount, are the steps."""
    rungs = [min(steps, integer(1, most, rng))]
    left = steps - rungs[0]
    while left:
        rungs.append(min(left - 1, integer(1, most, rng)))
        left -= rungs[-1] + 1
    return rungs
