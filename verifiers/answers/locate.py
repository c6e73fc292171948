"""Where the answer stands, for text that may be a bare answer as well as a solution."""

from __future__ import annotations

import re

from ...core.extraction import Mode, extract_answer
from .parse import parse
from .tokens import TooLarge

BARE = 400
"""Longest text that may be an answer as a whole."""
_MARKED = re.compile(r"\\boxed|\\fbox|####|\banswer\b|<\|", re.I)


def locate(text: str, mode: Mode) -> str | None:
    """The answer in a text: the whole of it if all of it can be read as one, else what `extract_answer` finds."""
    if mode == "lenient" and len(text) <= BARE and not _MARKED.search(text):
        try:
            tree = parse(text)
        except TooLarge:
            return text.strip()
        if tree[0] != "text":
            return text.strip() or None
    return extract_answer(text, mode)
