"""A text as plain words: one spelling for characters that look alike, so that a rule needs a word only once.

Characters are folded one by one: compatibility forms (full width, superscripts), capitals, accents, invisible
characters, letters of other scripts that look like Latin ones. So folding is linear in the length of the text, which
normalising it as a whole is not: long runs of combining marks are sorted there. No pattern is searched for.
"""

from __future__ import annotations

import unicodedata
from itertools import groupby

STOP = "."
"""Stands for the end of a sentence among the words."""
_STOPS = frozenset(".!?;。！？؟।")
_JOINED = frozenset("'’‘`´")
"""What stands inside a word, and is left out: "don't" is `dont`."""
_ALIKE = dict(
    zip(
        "аеорсухіјѕһԁԛԝкмтвнгьαορνικτυχεβηζ",
        "aeopcyxijshdqwkmtbhrbaopviktuxebnz",
        strict=True,
    )
)
"""Cyrillic and Greek letters and the Latin ones they are mistaken for."""
_LEET = str.maketrans("0134578", "oieastb")
"""Digits that stand for letters inside a word."""


class _Folding(dict[int, str]):
    """A table for `str.translate`: every code point is folded once, and remembered."""

    def __missing__(self, point: int) -> str:
        self[point] = folded = _folded(chr(point))
        return folded


def _folded(character: str) -> str:
    if character in _STOPS:
        return f" {STOP} "
    parts = unicodedata.normalize("NFKD", character).casefold()
    return "".join(_alike(part) for part in parts)


def _alike(part: str) -> str:
    if part in _JOINED or unicodedata.category(part) in ("Cf", "Mn", "Me"):
        return ""
    return _ALIKE.get(part, part) if part.isalnum() else " "


_FOLDING = _Folding()


def words_of(text: str) -> list[str]:
    """The words of a text, lower case, with `STOP` between sentences; letters set apart ("b o m b") are one word."""
    words = text.translate(_FOLDING).split()  # line ends are blanks: most of them wrap a sentence
    letters = [len(word) == 1 and word != STOP for word in words]
    if not any(letters):
        return words
    joined: list[str] = []
    for single, run in groupby(zip(words, letters, strict=True), lambda pair: pair[1]):
        found = [word for word, _ in run]
        joined += ["".join(found)] if single and len(found) >= 3 else found
    return joined


def spelt(word: str) -> str:
    """A word with digits read as the letters they stand for: "b0mb" is "bomb"; numbers stay numbers."""
    return word if word.isdigit() else word.translate(_LEET)
