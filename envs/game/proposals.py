"""Finding the question in what a challenger wrote: the part of reading that all domains share."""

from __future__ import annotations

from typing import NamedTuple

MAX_QUESTION = 4_000
"""A longer question is malformed."""

_OPEN, _CLOSE = "<question>", "</question>"


class Statement(NamedTuple):
    """The last `<question>…</question>` of a text: what stands in it, before it and behind it."""

    text: str
    before: str
    behind: str


def find_statement(text: str) -> Statement | str:
    """The statement, without blanks around it, or the reason why the proposal is malformed. Never raises."""
    end = text.rfind(_CLOSE)
    start = text.rfind(_OPEN, 0, max(end, 0))
    if start < 0:
        return "no <question>…</question>"
    statement = text[start + len(_OPEN) : end].strip()
    if not statement:
        return "the question is empty"
    if len(statement) > MAX_QUESTION:
        return f"the question has more than {MAX_QUESTION} characters"
    return Statement(statement, text[:start], text[end + len(_CLOSE) :])
