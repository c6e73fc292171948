"""Equations over a common denominator."""

from __future__ import annotations

from ..tree import ONE, Node, walk

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
