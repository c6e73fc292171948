r"""Formulas in a text: `$…$`, `$$…$$`, `\(…\)` and `\[…\]`, and which of them make one answer together."""

from __future__ import annotations

import re
from typing import NamedTuple

_DELIMITER = re.compile(r"\\[()\[\]]|\\.|\$\$?", re.S)
_CLOSES = {"\\(": "\\)", "\\[": "\\]"}
_JOINT = re.compile(r"(?:[,;&\s$.]|\\[,;:! ]|\\quad|\\qquad|~|\\text|\\textbf|\\mbox|[{}()、和或]|\band\b|\bor\b)*")
_CONNECTIVE = re.compile(r"[,;&、和或]|\band\b|\bor\b")
MOST = 64
"""Formulas that can be joined to one answer."""
_NAMES = re.compile(r"\\[A-Za-z]+|[A-Za-z]+(?=\()")
_MONEY = re.compile(r"\s*-?\.?\d[\d,.]*")


class Formula(NamedTuple):
    """`text[start:end]` with its delimiters, and what stands between them."""

    start: int
    end: int
    content: str


def formulas(text: str) -> list[Formula]:
    """All formulas of a text, in order; a "$" in front of an amount of money opens none."""
    if "$" not in text and "\\(" not in text and "\\[" not in text:
        return []
    spans: list[Formula] = []
    opened: tuple[str, int] | None = None
    for found in _DELIMITER.finditer(text):
        token = found[0]
        if opened is None:
            if token in _CLOSES or (token[0] == "$" and not _is_money(text, found.start())):
                opened = (token, found.start())
        elif token == _CLOSES.get(opened[0], opened[0]):
            _add(spans, text, opened[1], found.end(), len(token))
            opened = None
        elif token == "$$" and opened[0] == "$":  # "$1$$2$": closes one, opens the next
            _add(spans, text, opened[1], found.start() + 1, 1)
            opened = ("$", found.end() - 1)
    return spans


def _add(spans: list[Formula], text: str, start: int, end: int, width: int) -> None:
    content = text[start + width : end - width].strip()
    if content:
        spans.append(Formula(start, end, content))


def _is_money(text: str, at: int) -> bool:
    """Whether the "$" there is a currency: an amount follows, and no other "$" closes it before words begin."""
    amount = _MONEY.match(text, at + 1)
    if amount is None:
        return False
    closing = text.find("$", at + 1, at + 400)
    if closing >= 0 and text[closing + 1 : closing + 2].isdigit():
        return True  # "$12 + $5": the next one is a currency, too
    between = text[at + 1 : closing] if closing >= 0 else ""
    return closing < 0 or "\n" in between or re.search(r"[A-Za-z]{3}", _NAMES.sub("", between)) is not None


def last_together(text: str, found: list[Formula]) -> tuple[int, int, list[str]]:
    """The last formula and those before it that commas, "and" or "or" join to it: (start, end, contents)."""
    start, end, content = found[-1]
    parts = [content]
    for before in reversed(found[-MOST:-1]):
        if not _joined(text[before.end : start]):
            break
        parts.insert(0, before.content)
        start = before.start
    return start, end, parts


def first_together(text: str, found: list[Formula]) -> tuple[int, int, list[str]]:
    """The first formula and those after it that are joined to it: (start, end, contents)."""
    start, end, content = found[0]
    parts = [content]
    for following in found[1:MOST]:
        if not _joined(text[end : following.start]):
            break
        parts.append(following.content)
        end = following.end
    return start, end, parts


def _joined(gap: str) -> bool:
    return len(gap) <= 30 and _JOINT.fullmatch(gap) is not None and _CONNECTIVE.search(gap) is not None
