"""A question as a row of `questions.jsonl`, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.records import Question

DOMAIN = Question("").domain
"""The domain of a question whose row names none."""


def question_row(question: Question) -> dict[str, Any]:
    """What a log keeps of a question; "domain" and "meta" only where they say something."""
    row = {"text": question.text, "reference": question.reference, "level": question.level, "author": question.author}
    if question.domain != DOMAIN or question.meta:
        row["domain"] = question.domain
    return {**row, "meta": dict(question.meta)} if question.meta else row


def question_of(row: Mapping[str, Any]) -> Question:
    """The inverse of `question_row`; a malformed proposal has its text only."""
    domain, meta = row.get("domain", DOMAIN), row.get("meta", {})
    return Question(row["text"], row.get("reference"), domain, row.get("level"), row.get("author", ""), meta)
