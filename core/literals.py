"""Python values written as text, and read back without evaluating anything.

A value is `None`, bool, int, float, complex, Decimal, Fraction, str, bytes, bytearray, range, or a list, tuple, set,
frozenset, deque or dict (Counter, defaultdict and OrderedDict count as dict) of values. Writing takes any value; what
is read has bounds, because it comes from a model, and code that computes with it should not have to think of infinity.
"""

from __future__ import annotations

import ast
import math
import warnings
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

Value: TypeAlias = Any

MAX_CHARACTERS = 20_000
MAX_DEPTH = 50
LARGEST = 10**300
"""The largest integer that is read; a float can still hold it."""


def read_literal(text: str) -> Value:
    """The value a Python literal stands for.

    Raises:
        ValueError: not a literal; too long or too deeply nested to read; or a number in it is infinite, no number, or
            beyond `LARGEST`.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"{len(text)} characters; a literal has at most {MAX_CHARACTERS}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\d" in a string is the writer's business
            return checked(ast.literal_eval(text.strip()))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        why = error if isinstance(error, ValueOutOfBounds) else type(error).__name__
        raise ValueError(f"not a Python literal: {text[:80]!r} ({why})") from None


def node_literal(node: ast.expr) -> tuple[Value] | None:
    """The value of a literal in a syntax tree, in a 1-tuple; `None` if it is not a literal, or out of bounds."""
    try:
        return (checked(ast.literal_eval(node)),)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


class ValueOutOfBounds(ValueError):
    """A value that can be written as a literal and is not read: too deep, too large, infinite."""


def checked(value: Value, depth: int = MAX_DEPTH) -> Value:
    """The value, if a literal within bounds stands for it.

    Raises:
        ValueOutOfBounds: another type (`...` is none of them), nested deeper than `depth`, or a number out of bounds.
    """
    if depth < 0:
        raise ValueOutOfBounds(f"nested deeper than {MAX_DEPTH}")
    if isinstance(value, dict):
        for key, held in value.items():
            checked(key, depth - 1)
            checked(held, depth - 1)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            checked(item, depth - 1)
    elif isinstance(value, int):
        if not -LARGEST <= value <= LARGEST:
            raise ValueOutOfBounds("an integer beyond 10**300")
    elif isinstance(value, float | complex):
        if not (math.isfinite(value.real) and math.isfinite(value.imag)):
            raise ValueOutOfBounds("an infinite number, or none at all")
    elif not (value is None or isinstance(value, str | bytes)):
        raise ValueOutOfBounds(f"a {type(value).__name__} is no plain value")
    return value


def text_of(value: Value) -> str:
    """The value as Python writes it, in time linear in its size.

    Unlike `repr` it takes integers of any length, at any depth: those beyond `LARGEST` are written to base 16.

    Raises:
        TypeError: no value in the sense of this module.
    """
    return _WRITE[type(value)](value)


class _Writers(dict[type, Callable[[Any], str]]):
    def __missing__(self, kind: type) -> Callable[[Any], str]:
        raise TypeError(f"a {kind.__name__} is no plain value")


def int_text(value: int) -> str:
    """An integer to base 10, or to base 16 where its digits would take quadratic time to find."""
    return str(value) if -LARGEST <= value <= LARGEST else hex(value)


def _listed(values: Iterable[Value]) -> str:
    return ", ".join([_WRITE[type(value)](value) for value in values])


def _tuple(value: tuple[Value, ...]) -> str:
    return f"({_listed(value)},)" if len(value) == 1 else f"({_listed(value)})"


def _dict(value: dict[Value, Value]) -> str:
    return "{" + ", ".join([f"{text_of(key)}: {text_of(held)}" for key, held in value.items()]) + "}"


def _range(value: range) -> str:
    ends = (value.start, value.stop) if value.step == 1 else (value.start, value.stop, value.step)
    return f"range({_listed(ends)})"


_BY_TYPE: dict[type, Callable[[Any], str]] = {
    **dict.fromkeys((type(None), bool, float, complex, Decimal, str, bytes, bytearray), repr),
    int: int_text,
    Fraction: lambda value: f"Fraction({_listed((value.numerator, value.denominator))})",
    range: _range,
    list: lambda value: f"[{_listed(value)}]",
    tuple: _tuple,
    set: lambda value: f"{{{_listed(value)}}}" if value else "set()",
    frozenset: lambda value: f"frozenset({{{_listed(value)}}})" if value else "frozenset()",
    deque: lambda value: f"deque([{_listed(value)}])",
    **dict.fromkeys((dict, Counter, defaultdict, OrderedDict), _dict),
}
_WRITE = _Writers(_BY_TYPE)
