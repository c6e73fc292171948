"""Plain Python values (see `core.literals`): found in the text of an answer, compared as data, shown to people."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from ...core.literals import Value, read_literal

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
    """A text that equals that of another value exactly when the two count as the same.

    1 and 1.0 are the same, True and 1 are not; a list is not a tuple; sets and dicts have no order; floats are
    rounded to `DIGITS` significant digits.
    """
    if value is None or isinstance(value, bool | str | bytes):
        return repr(value)
    if isinstance(value, int):
        return hex(value) if abs(value) >= 10**300 else str(value)
    if isinstance(value, float):
        rounded = float(f"{value:.{DIGITS}g}")
        exact = value if abs(value) < 1e15 and value == int(value) else rounded if value == value else value
        return str(int(exact)) if abs(exact) < 1e15 and exact == int(exact) else repr(exact)
    if isinstance(value, complex):
        return f"complex({canonical(value.real)},{canonical(value.imag)})"
    if isinstance(value, dict):
        return "{" + ",".join(sorted(f"{canonical(k)}:{canonical(v)}" for k, v in value.items())) + "}"
    if isinstance(value, Decimal | Fraction):
        return f"{type(value).__name__}({value})"
    items = [canonical(item) for item in value]
    if isinstance(value, list):
        return f"[{','.join(items)}]"
    if isinstance(value, tuple):
        return f"({','.join(items)},)"
    if isinstance(value, set | frozenset):
        return f"set({','.join(sorted(items))})"
    return f"{type(value).__name__}[{','.join(items)}]"


def same(one: Value, other: Value) -> bool:
    """Whether two values count as the same."""
    return canonical(one) == canonical(other)


def show(value: Value, width: int = 120) -> str:
    """The value as a person reads it, cut in the middle if it is long."""
    text = canonical(value) if isinstance(value, int) and abs(value) >= 10**300 else repr(value)
    return text if len(text) <= width else f"{text[: width // 2]} … {text[-width // 3 :]}"
