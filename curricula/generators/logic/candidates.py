"""Sets of candidates (assignments, orders) as the bits of one integer, and the constraints that leave one of them.

A planted candidate is the solution. As long as others are left, one of them is drawn, and a constraint is added that is
true of the planted one and false of it. So every constraint excludes something, and the end proves uniqueness.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import NamedTuple

from ....core.protocols import Rng


class Constraint(NamedTuple):
    """A constraint.

    Attributes:
        text: in words.
        holds: bit c is set exactly if it holds of candidate c.
    """

    text: str
    holds: int


def single_out(
    planted: int,
    candidates: int,
    draw: Callable[[int], Constraint],
    excluding: Callable[[int], Constraint],
    tries: int,
    rng: Rng,
) -> list[str]:
    """Constraints that hold of one candidate alone.

    Args:
        planted: the number of that candidate.
        candidates: the set to begin with.
        draw: a constraint that holds of the planted candidate, and perhaps not of the candidate given.
        excluding: one that holds of the planted candidate, and surely not of the candidate given.
        tries: constraints drawn for each that is kept, the one that leaves fewest candidates, so that texts stay short.
    """
    texts: list[str] = []
    others = candidates & ~(1 << planted)
    while others:
        other = member(others, rng)
        drawn = [draw(other) for _ in range(tries)]
        fitting = [one for one in drawn if not one.holds >> other & 1] or [excluding(other)]
        best = min(fitting, key=partial(_left, others))
        texts.append(best.text)
        others &= best.holds
    return texts


def _left(others: int, constraint: Constraint) -> int:
    return (others & constraint.holds).bit_count()


def member(candidates: int, rng: Rng) -> int:
    """One of a set that is not empty: the first from a random place on."""
    place = int(rng.random() * candidates.bit_length())
    behind = candidates >> place
    return place + (behind & -behind).bit_length() - 1


@cache
def columns(variables: int) -> tuple[int, ...]:
    """For each variable the assignments in which it is true; bit i of an assignment is the value of variable i."""
    every = everything(2**variables)
    return tuple(every ^ every // ((1 << (1 << i)) + 1) for i in range(variables))


def everything(count: int) -> int:
    """The set of all candidates 0 … count − 1."""
    return (1 << count) - 1
