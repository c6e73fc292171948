"""Python values written as text, and read back without evaluating anything.

A value is `None`, bool, int, float, complex, Decimal, Fraction, str, bytes, or a list, tuple, set, frozenset, deque or
dict (Counter, defaultdict and OrderedDict count as dict) of values.
"""

from __future__ import annotations

import ast
import warnings
from typing import Any, TypeAlias

Value: TypeAlias = Any

MAX_CHARACTERS = 20_000
MAX_DEPTH = 50


def read_literal(text: str) -> Value:
    """The value a Python literal stands for.

    Raises:
        ValueError: not a literal, or too long or too deeply nested to read.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"{len(text)} characters; a literal has at most {MAX_CHARACTERS}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\d" in a string is the writer's business
            return _checked(ast.literal_eval(text.strip()), MAX_DEPTH)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError(f"not a Python literal: {text[:80]!r} ({type(error).__name__})") from None


def node_literal(node: ast.expr) -> tuple[Value] | None:
    """The value of a literal in a syntax tree, in a 1-tuple; `None` if it is not a literal."""
    try:
        return (_checked(ast.literal_eval(node), MAX_DEPTH),)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _checked(value: Value, depth: int) -> Value:
    """The value, if it is plain (`...` is not) and not nested deeper than the sandbox takes."""
    if value is Ellipsis or depth < 0:
        raise ValueError("no plain value, or too deep")
    if isinstance(value, dict):
        for key, held in value.items():
            _checked(key, depth - 1)
            _checked(held, depth - 1)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            _checked(item, depth - 1)
    return value
