"""Inequalities that are linear in one variable, solved exactly: -2x ≥ -6 and 1 < x + 1 ≤ 4 become sets of reals."""

from __future__ import annotations

from fractions import Fraction

from ..tree import Node, number, walk
from . import reals
from .evaluate import Inexpressible
from .exact import exact
from .scalar import Scalar, free_names

_STRICT = {"<": False, ">": False, "<=": True, ">=": True}


def linear_region(ops: tuple[str, ...], parts: tuple[Node, ...]) -> tuple[str, reals.Region] | None:
    """(name, region) of a chain of inequalities, `None` if it is not linear in one variable or function value."""
    if any(op == "=" for op in ops):
        return None
    try:
        region = reals.LINE
        names = set()
        for op, left, right in zip(ops, parts[:-1], parts[1:], strict=True):
            name, solved = _solve(op, left, right)
            names.add(name)
            region = reals.intersection(region, solved)
    except (ValueError, Inexpressible):
        return None
    return (names.pop(), region) if len(names) == 1 else None


def _solve(op: str, left: Node, right: Node) -> tuple[str, reals.Region]:
    unknown = _unknown(left, right)
    if left == unknown or right == unknown:  # the bound may be irrational or infinite
        bound = right if left == unknown else left
        if free_names(bound):
            raise ValueError("not linear")
        positive = left == unknown
        end = Scalar(bound)
    else:
        slope, offset = _line(("add", left, ("neg", right)), unknown)
        positive = slope > 0
        end = Scalar(number(-offset / slope))
    return _label(unknown), _half_line(op, end, positive)


def _half_line(op: str, end: Scalar, positive: bool) -> reals.Region:
    if op == "!=":
        return reals.complement(reals.united([reals.point(end)]))
    closed = _STRICT[op]
    below = (op in ("<", "<=")) == positive
    if below:
        return reals.united([reals.part(reals.MINUS_INFINITY, False, end, closed)])
    return reals.united([reals.part(end, closed, reals.INFINITY, False)])


def _unknown(left: Node, right: Node) -> Node:
    """The one variable, or the one unknown function value, that occurs."""
    for side in (left, right):
        if side[0] in ("call", "sym"):
            return side
    symbols = {node for side in (left, right) for node in walk(side) if node[0] == "sym"}
    if len(symbols) != 1:
        raise ValueError("not one variable")
    return symbols.pop()


def _label(unknown: Node) -> str:
    return f"{unknown[1]}()" if unknown[0] == "call" else str(unknown[1])


def _line(difference: Node, unknown: Node) -> tuple[Fraction, Fraction]:
    """(slope, offset) by its values at 0, 1, 2 and 3; exact, so that three equal steps mean a line."""
    values = [exact(_substituted(difference, unknown, number(x))) for x in (0, 1, 2, 3, 7)]
    slope = values[1] - values[0]
    straight = all(value == values[0] + slope * x for x, value in zip((0, 1, 2, 3, 7), values, strict=True))
    if not straight or not slope:
        raise ValueError("not linear")
    if any(node[0] in ("fn", "pow", "call") and unknown in walk(node) for node in walk(difference)):
        raise ValueError("perhaps not linear")
    return slope, values[0]


def _substituted(tree: Node, old: Node, new: Node) -> Node:
    if tree == old:
        return new
    return tuple(
        _substituted(part, old, new) if isinstance(part, tuple) and part and isinstance(part[0], str) else part
        for part in tree
    )
