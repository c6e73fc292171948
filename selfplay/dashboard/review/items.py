"""One item of the queue as its page shows it; whatever a plug-in left out is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...reviews.checks import read_id
from .queue_index import Entry, text_of

MOST_ATTEMPTS = 64
"""Attempts on a page."""
FACTS = {
    "label_source": "made by",
    "solve_rate": "solve rate",
    "margin": "lead over the second answer",
    "check": "asked another way",
    "claim": "claimed by the challenger",
    "source": "question from",
    "level": "level",
    "kept": "trains",
}
"""Fields of a row that say how a label was made, and in words."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: its number among those of its question, its text, and the answer read from it, if any."""

    number: int
    text: str
    answer: str | None


@dataclass(frozen=True, slots=True)
class Vote:
    """An answer and how many attempts gave it; `None` for those that gave none."""

    answer: str | None
    count: int
    is_label: bool


@dataclass(frozen=True, slots=True)
class Item:
    """What a reviewer judges.

    Attributes:
        question, label: `None` where nobody claims a label.
        gate, reason: which rule picked it, and why.
        attempts: those that are judged, or that the label was made from.
        votes: all answers, the most frequent first; `voters` attempts gave them.
        facts: how the label was made: (name, value).
    """

    id: str
    kind: str
    number: str
    round: int
    gate: str
    reason: str
    question: str
    label: str | None
    attempts: Sequence[Attempt]
    votes: Sequence[Vote]
    voters: int
    facts: Sequence[tuple[str, str]]


def item_of(entry: Entry, row: Mapping[str, Any]) -> Item:
    """The item in a row of the queue."""
    kind, round_, index, numbers = read_id(entry.id)
    label = row.get("label")
    attempts, answers = _attempts(row, numbers), _list(row.get("answers"))
    counted = Counter(None if one is None else text_of(one) for one in answers)
    return Item(
        id=entry.id,
        kind=kind,
        number=str(index),
        round=round_,
        gate=entry.gate,
        reason=text_of(row.get("reason")),
        question=text_of(row.get("question")),
        label=None if label is None else text_of(label),
        attempts=attempts,
        votes=[
            Vote(answer, count, answer is not None and answer == label) for answer, count in counted.most_common(20)
        ],
        voters=len(answers),
        facts=[(name, shown(row[field])) for field, name in FACTS.items() if row.get(field) is not None],
    )


def _attempts(row: Mapping[str, Any], numbers: Sequence[int]) -> list[Attempt]:
    """The attempts of an item; those that its id names, if it names any."""
    texts, answers = _list(row.get("attempts")), _list(row.get("answers"))
    wanted = numbers or range(min(len(texts), MOST_ATTEMPTS))
    made = []
    for number in wanted:
        if number < len(texts):
            answer = answers[number] if number < len(answers) else None
            made.append(Attempt(number, text_of(texts[number]), None if answer is None else text_of(answer)))
    return made


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def shown(value: Any) -> str:
    """A value of a row in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, Mapping):
        return "; ".join(f"{text_of(key).replace('_', ' ')} {shown(one)}" for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(shown(one) for one in value)
    return text_of(value)
