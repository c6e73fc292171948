"""Where the answer stands, for text that may be a bare answer as well as a solution."""

from __future__ import annotations

import re
from functools import lru_cache

from ...core.extraction import Mode, extract_answer
from .parse import parse_cleaned
from .tokens import ParseError, clean

BARE = 400
"""Longest text that may be an answer as a whole."""
_MARKED = re.compile(r"\\boxed|\\fbox|####|\banswer\b|<\|", re.I)


@lru_cache(maxsize=16384)
def locate(text: str, mode: Mode) -> str | None:
    """The answer in a text: the whole of it if all of it can be read as one, else what `extract_answer` finds."""
    if mode == "lenient" and len(text) <= BARE and not _MARKED.search(text):
        try:
            tree = parse_cleaned(clean(text))
        except ParseError:
            return extract_answer(text, mode)
        if tree[0] != "text":
            return text.strip()
    return extract_answer(text, mode)
