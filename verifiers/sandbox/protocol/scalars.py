"""Values without parts that JSON has no place for, as text: long integers, fractions, bytes and their like.

Integers are written to base 16, because changing to base 10 takes quadratic time. So does bringing a fraction to its
lowest terms, or comparing a long Decimal with an int: therefore the digits are bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

MAX_DIGITS = 65_536
"""Characters of an integer (to base 16) or a Decimal."""
MAX_RATIONAL_DIGITS = 2_048
"""Characters of each integer in a Fraction or a range."""
MAX_KEY_DIGITS = 400
"""Characters of a number in a key of a dict or set, which may have to be compared with other keys."""


class NumberTooLong(Exception):
    """A number with more digits than may pass."""


def text_of_scalar(value: Any) -> str:
    """The text of a value whose exact type is in `SCALARS`.

    Raises:
        NumberTooLong: it has too many digits.
    """
    return _WRITE[type(value)](value)


def read_scalar(tag: str, text: str) -> Any:
    """The value that `text_of_scalar` wrote.

    Raises:
        NumberTooLong: it has too many digits.
        ValueError, TypeError, ArithmeticError: nothing was ever written like this.
    """
    return _READ[tag](text)


def _hex(value: int, most: int = MAX_DIGITS) -> str:
    if value.bit_length() > 4 * most:
        raise NumberTooLong(f"an integer of more than {most} hexadecimal digits")
    return f"{value:x}"


def _int(text: str, most: int = MAX_DIGITS) -> int:
    if len(text) > most + 1:  # the sign
        raise NumberTooLong(f"an integer of more than {most} hexadecimal digits")
    return int(text, 16)


def _joined(separator: str, *numbers: int) -> str:
    return separator.join(_hex(number, MAX_RATIONAL_DIGITS) for number in numbers)


def _parts(text: str, separator: str, count: int) -> list[int]:
    found = [_int(part, MAX_RATIONAL_DIGITS) for part in text.split(separator, count)]
    if len(found) != count:
        raise ValueError(f"not {count} integers")
    return found


def _text_of_decimal(value: Decimal) -> str:
    return _short(str(value))


def _short(text: str) -> str:
    if len(text) > MAX_DIGITS:
        raise NumberTooLong(f"a Decimal of more than {MAX_DIGITS} characters")
    return text


_WRITE: dict[type, Callable[[Any], str]] = {
    int: _hex,
    bytes: bytes.hex,
    bytearray: bytearray.hex,
    complex: lambda value: f"{float.hex(value.real)} {float.hex(value.imag)}",
    Fraction: lambda value: _joined("/", value.numerator, value.denominator),
    Decimal: _text_of_decimal,
    range: lambda value: _joined(" ", value.start, value.stop, value.step),
}
_READ: dict[str, Callable[[str], Any]] = {
    "int": _int,
    "bytes": bytes.fromhex,
    "bytearray": bytearray.fromhex,
    "complex": lambda text: complex(*map(float.fromhex, text.split(" ", 2))),
    "Fraction": lambda text: Fraction(*_parts(text, "/", 2)),
    "Decimal": lambda text: Decimal(_short(text)),
    "range": lambda text: range(*_parts(text, " ", 3)),
}
SCALARS = frozenset(_WRITE)
TAGS = frozenset(_READ)
