"""Equality of answers: exact rationals and normalised strings."""

from __future__ import annotations

import re
from fractions import Fraction

_FRACTION = re.compile(r"\\[dtc]?frac\s*(?:\{(-?\d{1,300})\}|(\d))\s*(?:\{(-?\d{1,300})\}|(\d))")
_RATIONAL = re.compile(r"([-+]?\d{1,300}(?:\.\d{1,300})?|[-+]?\.\d{1,300})(?:/(\d{1,300}))?(%?)")


def canonical(answer: str) -> str:
    """A string equal for answers that mean the same number; other answers keep their spelling."""
    text = answer.replace("\\%", "%").replace("{,}", "").replace("\\!", "").replace("$", "").replace("−", "-")
    text = re.sub(r"\\(?:left|right|,|;|:|displaystyle)|\s+", "", text)
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    text = _FRACTION.sub(lambda m: f"{m[1] or m[2]}/{m[3] or m[4]}", text)
    assigned = re.fullmatch(r"[a-z]=(.+)", text)
    text = assigned[1] if assigned else text
    found = _RATIONAL.fullmatch(text)
    if found:
        bottom = int(found[2] or 1)
        if bottom:
            return str(Fraction(found[1]) / bottom) + ("" if not found[3] else "%")
    return text.casefold()
