"""Nested quantifiers over small sets: the sum of all x such that there is a y such that for every z … is asked.

The innermost condition is "the remainder of 3*x*y + 5*z divided by m is at most t". "There is" takes the minimum of the
remainders over its set and "for every" the maximum, so that each x has a value v(x), and satisfies the whole exactly if
v(x) ≤ t; t is one of these values, so that some x do and some do not.

    level in ninths             0    1    2    3    4    5    6    7    8
    quantifiers after x         1    1    1    2    2    2    3    3    3
    members of their sets       2    3    4    3    4    5    3    4    5
    members of the set of x     4    5    6    7    8    9   10   11   12
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from ....core.protocols import Rng
from ....core.records import Question, TaskSpec
from ..draws import integer, pick, sample, size

VARIABLES = "xyzw"
MEMBERS = range(1, 16)
MODULI = (7, 11, 13, 17, 19)
TRIES = 4
"""Statements drawn, before one is taken in which no remainder is smaller than its number: then v(x) grows with x."""


class QuantifierGenerator:
    """Writes statements that hold for some members of a set, and not for all."""

    def generate(self, spec: TaskSpec, rng: Rng) -> Question:
        step = size(spec.level, 0, 8)
        counts = (4 + step, *[step % 3 + (2 if step < 3 else 3)] * (1 + step // 3))
        for left in range(TRIES, -1, -1):
            drawn = _draw(counts, rng, reduced=left > 0)
            values = {x: drawn.value((x,)) for x in drawn.sets[0]}
            if len(set(values.values())) > 1:
                break
        most = pick(sorted(set(values.values()))[:-1], rng)
        text = f"What is the sum of all x in {_braces(drawn.sets[0])} such that {drawn.condition()} is at most {most}?"
        answer = sum(x for x, value in values.items() if value <= most)
        return Question(text, str(answer), "math", spec.level, "quantifiers", {"kind": "quantifiers"})


class _Statement(NamedTuple):
    """A statement about x without its threshold.

    Attributes:
        sets: that of x, then that of each quantified variable, in order.
        exists: for each quantified variable whether it is "there is"; else it is "for every".
        terms: coefficients, each with the variables it multiplies, by index.
        modulus: what the sum of the terms is divided by.
    """

    sets: list[list[int]]
    exists: list[bool]
    terms: list[tuple[int, tuple[int, ...]]]
    modulus: int

    def value(self, assigned: Sequence[int]) -> int:
        """The least threshold for which the statement holds of the first variables as assigned."""
        depth = len(assigned)
        if depth == len(self.sets):
            return sum(c * prod([assigned[i] for i in factors]) for c, factors in self.terms) % self.modulus
        values = [self.value((*assigned, member)) for member in self.sets[depth]]
        return min(values) if self.exists[depth - 1] else max(values)

    def condition(self) -> str:
        """All before the threshold, in words."""
        words = []
        for name, members, exists in zip(VARIABLES[1:], self.sets[1:], self.exists, strict=False):
            quantifier = f"there is a {name}" if exists else f"for every {name}"
            words.append(f"{quantifier} in {_braces(members)}{' such that' if exists else ''}")
        total = " + ".join("*".join([str(c), *(VARIABLES[i] for i in factors)]) for c, factors in self.terms)
        return f"{' '.join(words)} the remainder of {total} divided by {self.modulus}"


def _draw(counts: Sequence[int], rng: Rng, *, reduced: bool) -> _Statement:
    """Quantifiers take turns; the variables stand in products of two, one of them alone if their number is odd."""
    sets = [sorted(sample(MEMBERS, count, rng)) for count in counts]
    first = rng.random() < 0.5
    mixed = sample(range(len(counts)), len(counts), rng)
    terms = [(integer(1, 9, rng), tuple(sorted(mixed[i : i + 2]))) for i in range(0, len(counts), 2)]
    greatest = sum(c * MEMBERS[-1] ** len(factors) for c, factors in terms)
    modulus = pick(MODULI, rng) if reduced else greatest + 1
    return _Statement(sets, [first is (i % 2 == 0) for i in range(len(counts) - 1)], terms, modulus)


def _braces(members: Sequence[int]) -> str:
    return f"{{{', '.join(map(str, members))}}}"
