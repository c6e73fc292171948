"""Procedural sequences: the rule is given up to its numbers, some terms are given, a later one is asked.

`Each term of a sequence is p times the term before it plus q, …`: the text names the class of rules, and exactly one
rule of the class fits the terms, so that the continuation is not a matter of taste.

    level            0 … ¼                ¼ … ½                 ½ … ¾                ¾ … 1
    rule             x + d                x + d, d grows by g    p·x + q              p·x + q·(the one before x)
    terms beyond     1, 2, 3              2, 3, 4                4, 5, 6              4, 5, 6      per third of a band
    operations each  1                    2                      2                    3
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ...core.protocols import Rng
from ...core.records import Question, TaskSpec
from .draws import integer, pick, size

BANDS = 4


class Terms(NamedTuple):
    """How a sequence begins.

    Attributes:
        rule: its class, in words.
        terms: enough of them.
        shown: how many are given; they fit exactly one rule of the class.
    """

    rule: str
    terms: list[int]
    shown: int


class SequenceGenerator:
    """Asks for a term of a sequence that is a few terms beyond those it gives."""

    def generate(self, spec: TaskSpec, rng: Rng) -> Question:
        step = size(spec.level, 0, 3 * BANDS - 1)
        make, first = RULES[step // 3]
        beyond = first + step % 3
        rule, terms, shown = make(rng, beyond)
        given = ", ".join(map(str, terms[:shown]))
        text = f"{rule} The sequence begins {given}. What is term number {shown + beyond}?"
        return Question(text, str(terms[shown + beyond - 1]), "math", spec.level, "sequences", {"kind": "sequences"})


def _constant(rng: Rng, beyond: int) -> Terms:
    """Two terms fix the difference."""
    step, terms, shown = integer(-99, 99, rng), [integer(-99, 99, rng)], integer(3, 4, rng)
    while len(terms) < shown + beyond:
        terms.append(terms[-1] + step)
    return Terms("Each term of a sequence is the term before it plus a fixed whole number.", terms, shown)


def _growing(rng: Rng, beyond: int) -> Terms:
    """Three terms fix the first difference and its growth."""
    step, growth, terms, shown = integer(-20, 20, rng), _other_than_zero(8, rng), [integer(-20, 20, rng)], 4
    while len(terms) < shown + beyond:
        terms.append(terms[-1] + step)
        step += growth
    rule = "From each term of a sequence to the next a number is added, and this number grows by a fixed whole number."
    return Terms(rule, terms, shown)


def _affine(rng: Rng, beyond: int) -> Terms:
    """Three terms fix p and q, as the first two are different: from x = p·x + q one would not get away."""
    p, q, x = pick((-3, -2, 2, 3), rng), _other_than_zero(9, rng), integer(-30, 30, rng)
    terms, shown = [x + 1 if p * x + q == x else x], 4
    while len(terms) < shown + beyond:
        terms.append(p * terms[-1] + q)
    rule = "Each term of a sequence is p times the term before it plus q, with whole numbers p and q from -9 to 9."
    return Terms(rule, terms, shown)


def _second_order(rng: Rng, beyond: int) -> Terms:
    """Four terms x, y, z, w fix p and q unless y² = xz. With |q| = 1 and |x| < |y| that cannot be.

    From z = py + qx and y² = xz follows r² = pr + q for r = y/x: such an r is a whole number that divides q.
    """
    p, q, x = _other_than_zero(3, rng), pick((-1, 1), rng), integer(-9, 9, rng)
    terms, shown = [x, (abs(x) + integer(1, 9, rng)) * pick((-1, 1), rng)], 5
    while len(terms) < shown + beyond:
        terms.append(p * terms[-1] + q * terms[-2])
    rule = (
        "From the third on, each term of a sequence is p times the term before it plus q times the term before that "
        "one, with whole numbers p and q from -9 to 9."
    )
    return Terms(rule, terms, shown)


def _other_than_zero(most: int, rng: Rng) -> int:
    return integer(1, most, rng) * pick((-1, 1), rng)


RULES: tuple[tuple[Callable[[Rng, int], Terms], int], ...] = (
    (_constant, 1),
    (_growing, 2),
    (_affine, 4),
    (_second_order, 4),
)
"""One per band, with the fewest terms beyond those that are given."""
