"""The tree an answer is parsed to: nested tuples, so that it can be hashed, compared and sent through a pipe."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, TypeAlias

Node: TypeAlias = tuple[Any, ...]
"""`(kind, *parts)`. Kinds of scalars:

    ("num", Fraction, decimals)   decimals: digits written after the point, 0 for an integer
    ("sym", name)                 a variable; also an unknown command, a subscripted name, a word
    ("const", "pi" | "e" | "i" | "inf")
    ("add", a, b, ...) ("mul", a, b, ...) ("div", a, b) ("neg", a) ("pow", a, b)
    ("fn", name, a, ...)          a known function (sin, sqrt, root, log, abs, floor, binom, factorial, ...)
    ("call", name, a, ...)        an unknown function applied
    ("pm", a) ("mp", a)           ± and ∓ in front of a
    ("sum", variable, low, high, body) ("prod", ...) ("int", variable, low | None, high | None, body)
    ("lim", variable, target, side, body) ("diff", variable, order, body)
    ("percent", a) ("degree", a)

and of everything else:

    ("unit", a, unit)             unit: (factor: Fraction, dimension: tuple of (base, power) pairs)
    ("directed", a, words)        a and where it goes: "north", "loss"
    ("clock", hour, minute, half) a time of day; half: "am", "pm" or "24" where the hour is one of 24, "" where unknown
    ("residue", a, modulus)       a modulo something
    ("rounded", a, approximation) a ≈ approximation
    ("given", a, condition)       a under a condition; ("contradiction", tree) what contradicts itself
    ("seq", open, close, items)   (1,2) [0,1) ⟨a,b⟩
    ("bag", items, joint)         a bare list; joint: ",", "and" or "or"
    ("set", items) ("builder", element, condition)
    ("union", a, b, ...) ("inter", a, b, ...) ("minus", a, b)
    ("matrix", rows) ("det", matrix)
    ("rel", ops, parts)           a chain a op b op c
    ("ratio", a, b, ...)
    ("text", words)
    ("choice", letter, rest)      "(C) 12"
"""

SCALARS = frozenset(
    {
        "num", "sym", "const", "add", "mul", "div", "neg", "pow", "fn", "call", "sum", "prod", "int", "lim", "diff",
        "percent", "degree", "ratio", "matrix", "det",
    }
)  # fmt: skip
"""Kinds that stand for one value, or for a matrix of them."""

ONE: Node = ("num", Fraction(1), 0)


def number(value: int | Fraction, decimals: int = 0) -> Node:
    return ("num", Fraction(value), decimals)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below."""
    kind = node[0]
    if kind in ("num", "sym", "const", "text"):
        return ()
    if kind in ("seq", "rel"):
        return tuple(node[3] if kind == "seq" else node[2])
    if kind in ("bag", "set"):
        return tuple(node[1])
    if kind == "matrix":
        return tuple(cell for row in node[1] for cell in row)
    if kind in ("unit", "directed"):
        return (node[1],)
    if kind == "clock":
        return ()
    return tuple(part for part in node[1:] if isinstance(part, tuple) and part)


def walk(node: Node) -> list[Node]:
    """The node and all below it."""
    found = [node]
    for inner in found:  # grows while it is read
        found.extend(children(inner))
    return found


def symbols(node: Node) -> set[str]:
    """Names of the variables in it (bound ones included)."""
    return {inner[1] for inner in walk(node) if inner[0] == "sym"}
