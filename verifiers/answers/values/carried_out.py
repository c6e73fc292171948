"""Whether a node of a tree is carried out: one value, as simple as it can be written, or a computation that is left."""

from __future__ import annotations

from collections.abc import Iterable
from math import gcd

from ..tree import Node, symbols, walk

_COMPUTED = frozenset(("sum", "prod", "int", "lim", "diff", "det"))
_RADICALS = ("sqrt", "root")
MAX_RADICAND = 10**8
"""Larger ones are not searched for factors."""


def carried_out(node: Node) -> bool:
    """Whether nothing is left to do at this node; the ones below it are not looked at.

    A sum with variables is a computation, a product of different ones is not: 2x is one value, 2x + 1 is asked for.
    """
    kind = node[0]
    if kind in _COMPUTED:
        return False
    if kind == "neg":
        return bool(node[1][0] not in ("neg", "add"))
    if kind == "div":
        return _divided(node[1], node[2])
    if kind == "mul":
        return _multiplied(node[1:])
    if kind == "add":
        return _added(node[1:])
    if kind == "pow":
        return _to_power(node[1], node[2])
    if kind == "fn":
        return _applied(node)
    if kind == "ratio":
        whole = [_integer(part) for part in node[1:]]
        return any(value is None for value in whole) or gcd(*(value or 0 for value in whole)) == 1
    return True


def _divided(top: Node, bottom: Node) -> bool:
    a, b = _coefficient(top), _integer(bottom)
    if bottom[0] in ("div", "add") and not symbols(bottom):
        return False
    if top[0] == "num" or top[0] == "neg":
        if a is None:
            return False
        return b is None or (b > 1 and gcd(a, b) == 1)
    if b is not None:
        return b > 1 and (a is None or gcd(a, b) == 1)
    return not symbols(top) & symbols(bottom)


def _multiplied(factors: Iterable[Node]) -> bool:
    rationals, radicals, bases = 0, 0, []
    for factor in factors:
        inner = factor[1] if factor[0] == "neg" else factor
        if inner[0] == "num":
            rationals += 1
            if inner[1] in (0, 1):
                return False
        elif inner[0] == "div":
            rationals += _integer(inner[1]) is not None
        elif inner[0] == "fn" and inner[1] in _RADICALS:
            radicals += 1
        elif inner[0] in ("add", "matrix"):
            return False
        base = inner[1] if inner[0] == "pow" else inner
        bases += [base] if base[0] in ("sym", "const") else []
    return rationals <= 1 and radicals <= 1 and len(bases) == len(set(bases))


def _added(terms: Iterable[Node]) -> bool:
    rationals, kinds = 0, []
    for term in terms:
        if symbols(term) or any(node[0] == "matrix" for node in walk(term)):
            return False
        kind = tuple(sorted(repr(node) for node in walk(term) if node[0] in ("fn", "const", "pow")))
        rationals += not kind
        kinds += [kind] if kind else []
    return rationals <= 1 and len(kinds) == len(set(kinds))


def _to_power(base: Node, exponent: Node) -> bool:
    if base[0] in ("num", "neg", "div"):
        return bool(symbols(exponent))
    return base[0] in ("sym", "const", "fn", "call") and _integer(exponent) not in (0, 1)


def _applied(node: Node) -> bool:
    if any(symbols(part) for part in node[2:]):
        return True
    if node[1] not in _RADICALS:
        return False
    radicand, degree = _integer(node[2]), 2 if node[1] == "sqrt" else _integer(node[3])
    if radicand is None or degree is None or not 1 < radicand <= MAX_RADICAND or degree < 2:
        return False
    factor = 2
    while factor**degree <= radicand:
        if radicand % factor**degree == 0:
            return False
        factor += 1
    return True


def _coefficient(node: Node) -> int | None:
    """The integer factor of a term; 1 if it names none."""
    if node[0] == "neg":
        return _coefficient(node[1])
    if node[0] == "mul":
        whole = [value for value in map(_integer, node[1:]) if value is not None]
        return whole[0] if whole else 1
    return _integer(node) if node[0] == "num" else 1


def _integer(node: Node) -> int | None:
    inner = node[1] if node[0] == "neg" else node
    return int(inner[1]) if inner[0] == "num" and inner[2] == 0 and inner[1].denominator == 1 else None
