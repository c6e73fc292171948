"""The tree of an answer, from its text: words and choices by patterns, everything else by `AnswerParser`."""

from __future__ import annotations

import re
from functools import lru_cache

from ..limits import ParseError, TooLarge
from ..tree import Node, number
from .answer_parser import AnswerParser
from .clean import clean, group_digits
from .tokens import tokenize
from .words import NUMBER_SETS, spoken_number

REMEMBERED = 120
"""Longest answers whose trees are kept in memory."""
_CONTRACTION = re.compile(r"[A-Za-z]{2}'(?:t|s|re|ll|ve|d|m)\b", re.I)
_CHOICE = re.compile(r"(?:\(\s*([A-J]|[a-e](?=\)\s+[\d\\$(-]))\s*\)|([A-J])\s*[).]|([A-J]):(?=\s|$))\s*(.*)", re.S)
_PLAIN_WORDS = re.compile(r"[A-Za-z][A-Za-z'\-]*(?:[ \n]+[A-Za-z][A-Za-z'\-]*)*")
_STYLE = re.compile(r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|operatorname|mbox|textnormal|rm|bf)\b\s*|[{}$]")
_SHORT_WORDS = {"no", "na", "up", "ok", "to", "in", "on"}


def parse(text: str) -> Node:
    """The tree of an answer; what is not mathematics becomes ("text", words).

    Raises:
        TooLarge: a limit was exceeded.
    """
    return _parse_short(text) if len(text) <= REMEMBERED else _parse(text)


@lru_cache(maxsize=4096)
def _parse_short(text: str) -> Node:
    return _parse(text)


def _parse(text: str) -> Node:
    cleaned = clean(text)
    try:
        return parse_cleaned(cleaned)
    except ParseError as error:
        if isinstance(error, TooLarge):
            raise
        return ("text", plain_words(cleaned))


def parse_cleaned(cleaned: str, grouped: bool = True) -> Node:
    """The tree of a cleaned answer; raises `ParseError` where it is not mathematics."""
    if _CONTRACTION.search(cleaned):
        raise ParseError("prose")
    if len(cleaned) > 1:
        words = _as_words(cleaned)
        if words is not None:
            return words
    try:
        return AnswerParser(tokenize(group_digits(cleaned) if grouped else cleaned)).answer()
    except RecursionError:
        raise TooLarge("nested too deeply") from None


def _as_words(cleaned: str) -> Node | None:
    bare = _STYLE.sub("", cleaned).strip() if "\\" in cleaned else cleaned
    chosen = _CHOICE.fullmatch(bare)
    if chosen and "," not in bare[:4]:
        letter, rest = chosen[1] or chosen[2] or chosen[3], chosen[4].strip()
        if not rest or (letter != "I" and not rest.startswith(("=", "-", "+", "*", "/", "^", ",", "\\cup"))):
            return ("choice", letter, rest) if rest else ("sym", letter)
    if len(bare) < 2 or not _PLAIN_WORDS.fullmatch(bare):
        return None
    low = " ".join(bare.casefold().split())
    spoken = spoken_number(low)
    if spoken is not None:
        return number(spoken)
    if low in NUMBER_SETS:
        return ("sym", "set" + NUMBER_SETS[low]) if NUMBER_SETS[low] else ("set", ())
    if " " in low and not re.search(r"\b(?:and|or)\b", low):
        return None if any(len(word) < 2 for word in low.split()) else ("text", bare)
    if len(low) >= 3 and " " not in low:
        tokens = tokenize(bare)
        if len(tokens) > 1 and all(token.kind == "name" for token in tokens) and not bare.isupper():
            return ("text", bare)
    return ("text", bare) if low in _SHORT_WORDS else None


def plain_words(cleaned: str) -> str:
    """The text without LaTeX markup."""
    return " ".join(_STYLE.sub("", re.sub(r"\\[,;:! ]|~|\\q?quad\b", " ", cleaned)).split())
