"""The steps of an attempt: the equalities it writes down, such as `7*3=21`, and the method they make together.

A *method* is the sequence of step shapes, numbers blanked: `n*n=n n+n=n`. Two attempts with one method did the same
thing to different numbers. Prose is passed over; long texts are read up to a bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby, islice, pairwise

from ..math_language import MAX_LENGTH

MOST_CHARACTERS = 100_000
"""Of an attempt that are read."""
MOST_STEPS = 1000
"""Chains of equalities that are read of one attempt."""
DIRECT = "direct"
"""The method of an attempt that shows no step."""

_FORMULA = re.compile(r"[-+*/()0-9x =]+")
_TERM = re.compile(r"[0-9x)]")
_NUMBER = re.compile(r"\d+")


def chains(attempt: str) -> Iterator[list[str]]:
    """The sides of each chain of equalities, `7*3 = 14+7 = 21`, in the order written; in linear time."""
    found = (
        sides
        for formula in _FORMULA.findall(attempt[:MOST_CHARACTERS])
        for some, group in groupby(formula.split("="), lambda side: _TERM.search(side) is not None)
        if some and len(sides := list(group)) > 1
    )
    return islice(found, MOST_STEPS)


def equalities(attempt: str) -> Iterator[tuple[str, str]]:
    """Both sides of each step, in the order written; none that is too long to be an expression."""
    for sides in chains(attempt):
        yield from ((one, other) for one, other in pairwise(sides) if max(len(one), len(other)) <= MAX_LENGTH)


def written_steps(attempt: str) -> list[str]:
    """Each step as text without blanks, `7*3=21`, in the order written."""
    return [f"{one}={other}".replace(" ", "") for one, other in equalities(attempt)]


def method_of(attempt: str) -> str:
    """The shape of an attempt's steps; "direct" if it shows none."""
    shapes = [_NUMBER.sub("n", "=".join(sides).replace(" ", "")) for sides in chains(attempt)]
    return " ".join(shapes) or DIRECT


def structure_of(attempt: str) -> str | None:
    """The method with shapes that follow themselves once: a longer sum is no other structure; `None` without steps."""
    shapes = [shape for shape, _ in groupby(method_of(attempt).split(" "))]
    return None if shapes == [DIRECT] else " ".join(shapes)
