"""Where the answer stands, for text that may be a bare answer as well as a solution."""

from __future__ import annotations

import re

from ....core.extraction import Mode, extract_answer
from ..limits import TooLarge
from .parse import parse
from .words import CONSTANTS, FUNCTIONS, GREEK, POWERS, SCALES, UNITS

BARE = 400
"""Longest text that may be an answer as a whole."""
MAX_WORDS = 2
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}")
_MATHEMATICAL = (
    {"and", "or", "per", "in", "percent", "degrees", "union", "all", "real", "numbers", "integers", "begin", "end"}
    | set(FUNCTIONS) | set(CONSTANTS) | set(GREEK) | set(UNITS) | set(POWERS) | set(SCALES)
)  # fmt: skip
_MARKED = re.compile(r"\\boxed|\\fbox|####|\bans(?:wer)?\b|<\|", re.I)


def locate(text: str, mode: Mode) -> str | None:
    """The answer in a text: the whole of it if all of it can be read as one, else what `extract_answer` finds."""
    if mode == "lenient" and len(text) <= BARE and not _MARKED.search(text) and not _is_prose(text):
        try:
            tree = parse(text)
        except TooLarge:
            return text.strip()
        if tree[0] != "text":
            return text.strip() or None
    return extract_answer(text, mode)


def _is_prose(text: str) -> bool:
    """Whether it has words that are neither mathematics nor units, more than a bare answer would have."""
    words = [word for word in _WORD.findall(text) if word not in _MATHEMATICAL and word.lower() not in _MATHEMATICAL]
    return len(words) > MAX_WORDS
