"""Answers that contradict themselves: 2/3 ≈ 0.47, 2 + 2 = 5. They have no value, so they equal nothing.

A calculation of several steps, x = 5 + 5 + 1 = 7 = 11, counts by its last value, whatever the steps say: that is how
the public suites label such chains.
"""

from __future__ import annotations

from .naming import is_constant
from .tree import Node
from .values.reals import written_decimals
from .values.scalar import Scalar

ROUGHLY = 0.05
"""How far off what stands after ≈ may be, relative to the value."""


def consistent(tree: Node) -> Node:
    """The tree without the roundings of its values; ("contradiction", tree) if two values in one chain disagree."""
    kind = tree[0]
    if kind == "rounded":
        exact = consistent(tree[1])
        return exact if _agree(exact, tree[2], rounded=True) else ("contradiction", tree)
    if kind == "rel":
        if len(tree[1]) > 1:
            return (kind, tree[1], tuple(part[1] if part[0] == "rounded" else part for part in tree[2]))
        parts = tuple(consistent(part) for part in tree[2])
        wrong = any(part[0] == "contradiction" for part in parts) or (
            tree[1] == ("=",) and not _agree(parts[0], parts[1])
        )
        return ("contradiction", tree) if wrong else (kind, tree[1], parts)
    if kind == "bag":
        items = tuple(consistent(item) for item in tree[1])
        return ("contradiction", tree) if any(item[0] == "contradiction" for item in items) else (kind, items, tree[2])
    if kind == "unit":
        inner = consistent(tree[1])
        return inner if inner[0] == "contradiction" else (kind, inner, tree[2])
    if kind == "given":
        inner = consistent(tree[1])
        return inner if inner[0] == "contradiction" else (kind, inner, tree[2])
    return tree


def _agree(value: Node, other: Node, rounded: bool = False) -> bool:
    """Whether two constants may be the same; what is no real constant agrees with all.

    A decimal may be rounded or cut in its last digit; after "≈" any number may be a little off.
    """
    a, b = _real(value), _real(other)
    if a is None or b is None or a == b:
        return True
    places = [count for count in map(written_decimals, (value, other)) if count]
    slack = max((10.0**-count for count in places), default=0.6 if rounded else 0.0)
    return abs(a - b) <= 1.001 * slack + (ROUGHLY if rounded else 1e-9) * max(abs(a), abs(b))


def _real(node: Node) -> float | None:
    return Scalar(node).real if is_constant(node) else None
