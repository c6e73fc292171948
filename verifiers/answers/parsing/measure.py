"""Unit words after a value: "cm", "square metres", "miles per hour", "m/s^2", "apples"."""

from __future__ import annotations

import re
from fractions import Fraction

from ..tree import Node
from .words import POWERS, UNITS, Unit

_PIECE = re.compile(r"\^\s*\{?\s*(-?\d)\s*\}?|([*/])|([^\W\d_]+|°[CF]|[$€£¥])")


def measured(value: Node, words: str) -> Node:
    """The value with its unit; words that are not a unit are a comment and dropped."""
    words = words.strip()
    if not words:
        return value
    if re.fullmatch(r"degrees?", words):
        return ("degree", value)
    if re.fullmatch(r"percent|percentage|pct\.?|per cent", words):
        return ("percent", value)
    unit = read_unit(words)
    return value if unit is None else ("unit", value, unit)


def read_unit(words: str) -> Unit | None:
    """Factor and dimension, or `None` for words that are not a unit ("apples")."""
    factor, powers = Fraction(1), dict[str, int]()
    sign, pending = 1, 1
    last: Unit | None = None
    for piece in _PIECE.finditer(words.replace("per ", "/ ").replace(".", "")):
        exponent, operator, word = piece.groups()
        if exponent:
            if last is None:
                return None
            factor, powers = _times(factor, powers, last, sign * (int(exponent) - 1))
        elif operator:
            sign = -1 if operator == "/" else sign
        elif word in POWERS and word.endswith("ed"):
            if last is None:
                return None
            factor, powers = _times(factor, powers, last, sign * (POWERS[word] - 1))
        elif word in POWERS:
            pending = POWERS[word]
        else:
            last = UNITS.get(word) or UNITS.get(word.lower())
            if last is None:
                return None
            factor, powers = _times(factor, powers, last, sign * pending)
            pending = 1
    dimension = tuple(sorted((base, power) for base, power in powers.items() if power))
    return None if last is None else (factor, dimension)


def _times(factor: Fraction, powers: dict[str, int], unit: Unit, power: int) -> tuple[Fraction, dict[str, int]]:
    merged = dict(powers)
    for base, exponent in unit[1]:
        merged[base] = merged.get(base, 0) + exponent * power
    return factor * unit[0] ** power, merged
