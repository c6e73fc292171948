"""Equations and inequalities: over a common denominator, and equal up to a factor."""

from __future__ import annotations

import math

from ..tree import ONE, Node, number, walk
from .certain import settled
from .evaluate import Inexpressible, Matrix
from .places import Place, scattered, special
from .residue import ResidueField
from .scalar import Scalar, base_pairs, far_pairs

MAX_FRACTIONS = 6


def numerator(tree: Node) -> Node:
    """What must vanish for an equation to hold, over a common denominator: y = 2/x is xy - 2 = 0."""
    if not any(node[0] == "div" and any(inner[0] == "sym" for inner in walk(node[2])) for node in walk(tree)):
        return tree
    return _over_one(tree, 0)[0]


def _over_one(tree: Node, depth: int) -> tuple[Node, Node]:
    """(top, bottom) of the tree as one fraction; what is not a sum, product or quotient is a top."""
    kind = tree[0]
    if depth > MAX_FRACTIONS:
        return tree, ONE
    if kind == "neg":
        top, bottom = _over_one(tree[1], depth + 1)
        return ("neg", top), bottom
    if kind == "div":
        (a, b), (c, d) = _over_one(tree[1], depth + 1), _over_one(tree[2], depth + 1)
        return _times(a, d), _times(b, c)
    if kind == "mul":
        (a, b), (c, d) = _over_one(tree[1], depth + 1), _over_one(tree[2], depth + 1)
        return _times(a, c), _times(b, d)
    if kind == "add":
        top, bottom = _over_one(tree[1], depth + 1)
        for term in tree[2:]:
            other, below = _over_one(term, depth + 1)
            if below == bottom:
                top = ("add", top, other)
            else:
                top, bottom = ("add", _times(top, below), _times(other, bottom)), _times(bottom, below)
        return top, bottom
    return tree, ONE


def _times(a: Node, b: Node) -> Node:
    return b if a == ONE else a if b == ONE else ("mul", a, b)


def same_relation(f: Scalar, g: Scalar, signed: bool) -> bool | None:
    """Whether f = c·g for a constant c, positive if `signed`."""
    if f.tree == g.tree:
        return True
    if f.undefined or g.undefined:
        return None if f.undefined and g.undefined else False
    try:
        for first, second in ((0, 2), (1, 3)):
            prime = ResidueField(first).prime
            a, b = (ResidueField(point).reduced(f.tree) for point in (first, second))
            c, d = (ResidueField(point).reduced(g.tree) for point in (first, second))
            if isinstance(a, tuple) or isinstance(c, tuple):
                return None
            if (a == 0) != (c == 0) or (a * d - b * c) % prime:
                return False
    except Inexpressible:
        decision = _proportional(f, g)
        if decision is not True:
            return decision
    return not signed or _same_sign(f, g)


def _proportional(f: Scalar, g: Scalar) -> bool | None:
    """Whether f = c·g wherever both are known, with c from the place where g is largest; far away too if they bend."""
    known, real = base_pairs(f, g)
    pairs = real or known
    if f.bends or g.bends:
        pairs = [*pairs, *far_pairs(f, g, (*scattered(), *special(f.tree, g.tree)))]
    values = []
    for pair in pairs:
        x, y = pair.left.value, pair.right.value
        if isinstance(x, Matrix) or isinstance(y, Matrix):
            return None
        x, y = complex(x or 0), complex(y or 0)
        scale = max(abs(x), abs(y), pair.left.scale, pair.right.scale)
        if x == x and y == y and 0.0 < scale < 1e150:  # squares must not overflow
            values.append((x, y, scale, pair.place))
    if len(values) < 2:
        return None
    a, b, size, base = max(values[:3], key=lambda value: abs(value[1]))
    if not all(abs(a * y - b * x) <= 1e-9 * size * scale for x, y, scale, _ in values):
        return False
    return _certainly_proportional(f, g, [base, *(place for *_, place in values[:3] if place is not base)])


def _certainly_proportional(f: Scalar, g: Scalar, places: list[Place]) -> bool | None:
    """Whether f(p)·g(q) = f(q)·g(p) for the first place and each other one, as one difference of constants."""
    first, *others = places
    zeros = [settled(_at(side.tree, first), first) == 0 for side in (f, g)]
    if any(zeros):  # 0·sin x = 0 says nothing, and is no other equation
        return None if all(zeros) else False
    for other in others:
        left, right = _times(_at(f.tree, first), _at(g.tree, other)), _times(_at(f.tree, other), _at(g.tree, first))
        difference: Node = ("add", left, ("neg", right))
        value = settled(difference, first)
        if value is None or isinstance(value, Matrix) or value:
            return None if value is None or isinstance(value, Matrix) else False
    return True


def _at(tree: Node, place: Place, bound: frozenset[str] = frozenset()) -> Node:
    """The tree with the values of its variables."""
    if tree[0] == "sym":
        return tree if tree[1] in bound else number(place(tree[1]))
    if tree[0] in ("num", "const", "text"):
        return tree
    if tree[0] in ("sum", "prod", "int", "lim", "diff"):
        bound = bound | {tree[1]}
    return tuple(
        _at(part, place, bound) if isinstance(part, tuple) and part and isinstance(part[0], str) else part
        for part in tree
    )


def _same_sign(f: Scalar, g: Scalar) -> bool | None:
    x, y = f.floats[0].value, g.floats[0].value
    if x is None or y is None:
        return None
    return bool(complex(x).real * math.copysign(1.0, complex(y).real) > 0)
