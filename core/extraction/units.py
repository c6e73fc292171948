"""The words behind a value that may be its unit."""

from __future__ import annotations

import re

_UNIT = re.compile(r"\s?(?:\\?%|°|[A-Za-z°][A-Za-z²³^°]*\.?(?:/[A-Za-z]+[²³]?)?(?:\^?\{?[23]\}?)?)")
_NO_UNIT = re.compile(
    r"\s?(?:of|in|for|at|to|from|by|because|since|so|that|which|as|where|when|after|before|if|with|on|I|we|is|are"
    r"|was|and|or|but|has|have|left|now"
    r"|while|than|total|altogether|it|this|each|not|because|units?|respectively)(?![A-Za-z])",
    re.I,
)


def unit_behind(following: str) -> str:
    """The words right behind a value that may be its unit; "" if they go on as a sentence."""
    words, at = "", 0
    for _ in range(4):
        if _NO_UNIT.match(following, at):
            break
        unit = _UNIT.match(following, at)
        if unit is None:
            break
        words, at = words + unit[0], unit.end()
    return words.rstrip(".") if len(words) <= 40 else ""
