"""Plain Python values (see `core.literals`): found in the text of an answer, compared as data, shown to people."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ...core.literals import Value, int_text, read_literal, text_of

DIGITS = 9
"""Floats that agree to this many significant digits are the same value: summation order must not decide a verdict."""


def as_arguments(value: Value, count: int) -> tuple[Value, ...] | None:
    """A value as an argument tuple: itself if it is one, else as the only argument; `None` if neither fits.

    Args:
        count: number of arguments the function takes; -1 when unknown.
    """
    if isinstance(value, tuple) and (len(value) == count or count == -1):
        return value
    return (value,) if count in (1, -1) else None


def find_literal(text: str) -> tuple[Value] | None:
    """The value in a 1-tuple, also from text in backquotes or dollars or with LaTeX's escapes; `None` without one."""
    stripped = text.strip().strip("`$").strip()
    unescaped = stripped.replace("\\{", "{").replace("\\}", "}").replace("\\_", "_")
    for candidate in dict.fromkeys((text.strip(), stripped, unescaped)):
        try:
            return (read_literal(candidate),)
        except ValueError:
            continue
    return None


def find_arguments(text: str, count: int) -> tuple[Value, ...] | None:
    """The argument tuple, also from a whole call `f(1, 2)`; `None` if there is none. `count` as in `as_arguments`."""
    value = find_literal(text)
    if value is None:
        name, bracket, rest = text.strip().strip("`$").partition("(")
        value = find_literal(f"({rest}") if bracket and name.isidentifier() else None
    return None if value is None else as_arguments(value[0], count)


def canonical(value: Value) -> str:
    """A text that equals that of another value exactly when the two count as the same; in time linear in its size.

    1 and 1.0 are the same, True and 1 are not; a list is not a tuple; sets and dicts have no order; floats are
    rounded to `DIGITS` significant digits; a bytearray is its bytes; ranges are the same if they hold the same numbers.

    Raises:
        TypeError: no value in the sense of `core.literals`.
    """
    return _CANONICAL[type(value)](value)


class _Rules(dict[type, Callable[[Any], str]]):
    def __missing__(self, kind: type) -> Callable[[Any], str]:
        raise TypeError(f"a {kind.__name__} is no plain value")


def _float(value: float) -> str:
    written = f"{value:.{DIGITS}g}"
    if "." in written and "e" not in written:
        return written
    rounded = float(written)
    exact = value if abs(value) < 1e15 and value == int(value) else rounded if value == value else value
    return str(int(exact)) if abs(exact) < 1e15 and exact == int(exact) else repr(exact)


def _range(value: range) -> str:
    """Which numbers, not how they were asked for: `range(0, 5, 2)` is `range(0, 6, 2)`."""
    sign = 1 if value.step > 0 else -1
    count = max(0, (value.stop - value.start + value.step - sign) // value.step)
    step = value.step if count > 1 else 1
    start = value.start if count else 0
    return f"range({int_text(start)},{int_text(count)},{int_text(step)})"


def _dict(value: dict[Value, Value]) -> str:
    return "{" + ",".join(sorted([f"{canonical(key)}:{canonical(held)}" for key, held in value.items()])) + "}"


def _items(values: Iterable[Value]) -> list[str]:
    return [_CANONICAL[type(value)](value) for value in values]


def _set(value: frozenset[Value] | set[Value]) -> str:
    return f"set({','.join(sorted(_items(value)))})"


_BY_TYPE: dict[type, Callable[[Any], str]] = {
    **dict.fromkeys((type(None), bool, str, bytes), repr),
    int: int_text,
    float: _float,
    complex: lambda value: f"complex({_float(value.real)},{_float(value.imag)})",
    Decimal: lambda value: f"Decimal({value})",
    Fraction: lambda value: f"Fraction({int_text(value.numerator)}/{int_text(value.denominator)})",
    bytearray: lambda value: repr(bytes(value)),
    range: _range,
    list: lambda value: f"[{','.join(_items(value))}]",
    tuple: lambda value: f"({','.join(_items(value))},)",
    deque: lambda value: f"deque[{','.join(_items(value))}]",
    **dict.fromkeys((set, frozenset), _set),
    **dict.fromkeys((dict, Counter, defaultdict, OrderedDict), _dict),
}
_CANONICAL = _Rules(_BY_TYPE)


def same(one: Value, other: Value) -> bool:
    """Whether two values count as the same."""
    return canonical(one) == canonical(other)


def show(value: Value, width: int = 120) -> str:
    """The value as a person reads it, cut in the middle if it is long."""
    text = text_of(value)
    return text if len(text) <= width else f"{text[: width // 2]} … {text[-width // 3 :]}"
