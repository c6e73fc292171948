"""± and ∓, written out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from ..tree import Node, walk

MAX_SIGNS = 3


def signs(tree: Node) -> list[Node]:
    """All readings of ± in a tree: independent of each other, unless a ∓ ties them together."""
    kinds = [node[0] for node in walk(tree) if node[0] in ("pm", "mp")]
    if "mp" in kinds or len(kinds) > MAX_SIGNS:
        choices: list[tuple[bool, ...]] = [(True,) * len(kinds), (False,) * len(kinds)]
    else:
        choices = list(itertools.product((True, False), repeat=len(kinds)))
    return [_signed(tree, iter(choice)) for choice in choices]


def _signed(tree: Node, plus: Iterator[bool]) -> Node:
    if tree[0] in ("pm", "mp"):
        positive = next(plus) == (tree[0] == "pm")
        inner = _signed(tree[1], plus)
        return inner if positive else ("neg", inner)
    if tree[0] in ("num", "sym", "const", "text"):
        return tree
    return tuple(_signed_part(part, plus) for part in tree)


def _signed_part(part: object, plus: Iterator[bool]) -> object:
    if not isinstance(part, tuple) or not part:
        return part
    if isinstance(part[0], str):
        return _signed(part, plus)
    return tuple(_signed_part(inner, plus) for inner in part)
