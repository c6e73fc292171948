"""Sets of real numbers: unions of intervals and points, in one normal form."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..tree import Node
from .scalar import Scalar, same_value

INFINITY = Scalar(("const", "inf"))
MINUS_INFINITY = Scalar(("neg", ("const", "inf")))


@dataclass(frozen=True, slots=True)
class Part:
    """From low to high; an end belongs to it if it is closed. A point has low = high, both closed."""

    low: Scalar
    low_closed: bool
    high: Scalar
    high_closed: bool

    @property
    def empty(self) -> bool:
        low, high = value(self.low), value(self.high)
        return low > high or (low == high and not (self.low_closed and self.high_closed))


Region = tuple[Part, ...]
"""Parts in rising order, disjoint and not touching."""

LINE: Region = (Part(MINUS_INFINITY, False, INFINITY, False),)
MAX_PARTS = 200
SIGNIFICANT = 3
"""Digits a rounded decimal must have, leading zeros not counted; fewer if the policy asks for fewer after the point."""


def value(end: Scalar) -> float:
    """The end as a float, ±inf included."""
    if end is INFINITY or end.tree == INFINITY.tree:
        return math.inf
    if end.tree == MINUS_INFINITY.tree:
        return -math.inf
    real = end.real
    if real is None:
        raise ValueError("an end that is no real constant")
    return real


def part(low: Node | Scalar, low_closed: bool, high: Node | Scalar, high_closed: bool) -> Part:
    """A part from trees or scalars; infinite ends are open.

    Raises:
        ValueError: an end is not a real constant.
    """
    left = low if isinstance(low, Scalar) else Scalar(low)
    right = high if isinstance(high, Scalar) else Scalar(high)
    left_open, right_open = math.isinf(value(left)), math.isinf(value(right))
    return Part(left, low_closed and not left_open, right, high_closed and not right_open)


def point(at: Node | Scalar) -> Part:
    scalar = at if isinstance(at, Scalar) else Scalar(at)
    if math.isinf(value(scalar)):
        raise ValueError("infinity is no point")
    return Part(scalar, True, scalar, True)


def united(parts: Sequence[Part]) -> Region:
    """The union, in normal form."""
    if len(parts) > MAX_PARTS:
        raise ValueError("too many parts")
    rising = sorted((p for p in parts if not p.empty), key=lambda p: (value(p.low), not p.low_closed))
    merged: list[Part] = []
    for current in rising:
        if merged and _touch(merged[-1], current):
            last = merged.pop()
            high, closed = last.high, last.high_closed
            if value(current.high) > value(high):
                high, closed = current.high, current.high_closed
            elif value(current.high) == value(high):
                closed = closed or current.high_closed
            merged.append(Part(last.low, last.low_closed, high, closed))
        else:
            merged.append(current)
    return tuple(merged)


def _touch(left: Part, right: Part) -> bool:
    end, start = value(left.high), value(right.low)
    return start < end or (start == end and (left.high_closed or right.low_closed))


def complement(region: Region) -> Region:
    """All reals not in it."""
    parts, low, closed = [], MINUS_INFINITY, False
    for p in region:
        parts.append(Part(low, closed, p.low, not p.low_closed and not math.isinf(value(p.low))))
        low, closed = p.high, not p.high_closed
    if value(low) != math.inf:
        parts.append(Part(low, closed, INFINITY, False))
    return tuple(p for p in parts if not p.empty)


def intersection(a: Region, b: Region) -> Region:
    return complement(united([*complement(a), *complement(b)]))


def same_region(a: Region, b: Region) -> bool | None:
    """Whether two regions have the same ends, open or closed alike."""
    if len(a) != len(b):
        return False
    ends: list[bool | None] = []
    for p, q in zip(a, b, strict=True):
        if (p.low_closed, p.high_closed) != (q.low_closed, q.high_closed):
            return False
        ends += [_same_end(p.low, q.low), _same_end(p.high, q.high)]
    return False if False in ends else None if None in ends else True


def _same_end(p: Scalar, q: Scalar) -> bool | None:
    if math.isinf(value(p)) or math.isinf(value(q)):
        return value(p) == value(q)
    same = same_value(p, q)
    if same is False and _rounded(p, q):
        return True
    return same


def _rounded(p: Scalar, q: Scalar) -> bool:
    return rounds_to(p, q, 4) or rounds_to(q, p, 4)


def rounds_to(decimal: Scalar, fraction: Scalar, digits: int) -> bool:
    """Whether a decimal with at least `digits` digits after the point is what an exact fraction rounds to.

    The fraction must not itself be written as a decimal: 0.12345 is not 0.1234.
    """
    places = written_decimals(decimal.tree)
    if places < digits or written_decimals(fraction.tree):
        return False
    if decimal.exact is None or fraction.exact is None:
        return False
    if abs(decimal.exact) * 10**places < 10 ** (min(SIGNIFICANT, digits) - 1):  # 0.0000 says nothing of 1/30000
        return False
    return abs(decimal.exact - fraction.exact) <= Fraction(1, 2 * 10**places)


def written_decimals(tree: Node) -> int:
    """Digits after the point if the tree is a decimal literal, else 0."""
    while tree[0] == "neg":
        tree = tree[1]
    return int(tree[2]) if tree[0] == "num" else 0
