"""An answer without what only surrounds it: Markdown, quotes, full stops, the left side of a computation."""

from __future__ import annotations

import re

_AROUND = '*`"“”「」『』_ \t\n'
_INCHES = re.compile(r"\d['′]\s?\d[\d.\s/]*\"$")
_CHAIN = re.compile(r"(?<![<>!:=\\])=(?!=)")
_COMPUTES = re.compile(r"[-\d\s.,+*/×·÷()^$%−]+|\\(?:times|cdot|div)")
_NAME = re.compile(r"\\?[A-Za-z]+(?:_\{?\w+\}?|['′]|\([A-Za-z]\))*")
_FOREIGN_DIGIT = re.compile(r"[^\x00-\x7f²³¹⁰⁴-⁹₀-₉]")
_FULL_STOPS = ".,;:!。．，；：、！"


def tidy(text: str) -> str | None:
    """The answer stripped of marks and of the punctuation behind it; `None` if nothing is left."""
    text = text.strip()
    inches = '"' if text[-1:] == '"' and _INCHES.search(text) else ""
    text = text.strip(_AROUND).strip() + inches
    while text and text[-1] in _FULL_STOPS and not text.endswith(("\\!", "\\,", "\\;", "\\:", "...")):
        if text[-1] == "!" and (len(text) == 1 or text[-2].isalnum() or text[-2] in ")}"):
            break  # a factorial
        text = text[:-1].rstrip().rstrip("*`”」』")
    if not text.isascii():
        text = _FOREIGN_DIGIT.sub(_ascii_digit, text)
    return text or None


def _ascii_digit(found: re.Match[str]) -> str:
    character = found[0]
    if character.isdecimal():
        return str(int(character))
    return {"（": "(", "）": ")", "，": ",", "．": ".", "％": "%", "－": "-", "／": "/", "＝": "="}.get(
        character, character
    )


def result(text: str) -> str:
    """The last side of a computation: "m+n = 256+37 = 293" and "3+4 = 7" give their value; "x = 5", "x+y = 5" stay."""
    if text[:1] == "(" and text[-1:] == ")" and "=" in text and "(" not in text[1:]:
        text = text[1:-1]
    sides = _CHAIN.split(text)
    if len(sides) < 2 or any(not side.strip() for side in sides) or "," in re.sub(r"\d,\d{3}(?!\d)", "", text):
        return text
    first = sides[0].strip()
    if len(sides) == 2:
        return sides[1].strip() if _COMPUTES.sub("", first) == "" and re.search(r"\d", first) else text
    return text if _NAME.fullmatch(first) else sides[-1].strip()
