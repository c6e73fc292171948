"""What comes back from an annotation tool, in the words of none of them, and how it becomes decisions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from ....core.errors import ConfigError
from ..checks import RUBRIC
from ..decisions import Decision, standing
from ..items import Item

CHOICES = {
    "question": ("approve", "edit", "reject"),
    "label": ("approve", "edit", "reject"),
    "pair": ("first", "second", "neither"),
    "attempt": ("score",),
}
"""What can be chosen in a tool, by the kind of an item."""
_UNSENDABLE = re.compile("[\\0\ud800-\udfff]")
TEXTS = ("label_text", "question_text", "note")
"""Texts that may come with a choice: the right label, the question in better words, a remark."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one reviewer said about one item.

    Attributes:
        item: its id.
        reviewer: who said it, by a name that the tool knows.
        choice: one of `CHOICES`.
        texts: those of `TEXTS` that are not empty.
        scores: by the parts of the rubric.
        time: seconds since 1970; `None` if the tool does not tell.
    """

    item: str
    reviewer: str
    choice: str
    texts: Mapping[str, str]
    scores: Mapping[str, Any]
    time: float | None = None


def choices_of(item: Item) -> tuple[str, ...]:
    """What can be chosen for an item: a label that is not there cannot be approved."""
    found = CHOICES[item.kind]
    return found if item.kind in ("pair", "attempt") else tuple(one for one in found if one in item.choices)


def sendable(text: str) -> str:
    """A text that clients can send and databases keep: half a pair of surrogates becomes "�", the character 0 "␀"."""
    return _UNSENDABLE.sub(lambda found: "␀" if found[0] == "\0" else "�", text)


def shown_attempts(item: Item) -> str:
    """The attempts of an item as one text; whether one of a pair matches the label is not told."""
    names = ("first", "second") if item.kind == "pair" else [f"attempt {shown.number}" for shown in item.attempts]
    shown = [f"[{name}]\n{sendable(shown.text)}" for name, shown in zip(names, item.attempts, strict=True)]
    return "\n\n".join(shown)


def decisions_of(
    answers: Iterable[Answer], items: Mapping[str, Item], earlier: Sequence[Decision], now: float
) -> list[Decision]:
    """The decisions that answers bring: none for one that stands already, so reading a file twice changes nothing.

    Args:
        items: of the queue, by id.
        earlier: all decisions so far, in order.
        now: the time of answers without one.

    Raises:
        ConfigError: an answer about no item of the queue, or one that is no decision; names it.
    """
    found = []
    decided = standing(earlier)
    last = {(one.id, one.reviewer): one.key for one in earlier}  # an undo too: the same answer is then a new decision
    for answer in answers:
        item = items.get(answer.item)
        if item is None:
            raise ConfigError(f"the queue of this run has no item {answer.item!r:.80}")
        who = item.id, answer.reviewer
        before = decided.get(item.id, {}).get(answer.reviewer)
        try:
            made = _decision(answer, item, now if answer.time is None else answer.time, last.get(who, ""))
        except ConfigError as error:
            raise ConfigError(f"the answer of {answer.reviewer!r} on {item.id}: {error}") from None
        same = ("decision", "after", "note")
        if before is None or any(getattr(before, name) != getattr(made, name) for name in same):
            found.append(made)
    return found


def _decision(answer: Answer, item: Item, time: float, last: str) -> Decision:
    if answer.choice not in choices_of(item):
        raise ConfigError(f"{answer.choice!r:.40} is none of {', '.join(choices_of(item))}")
    texts = answer.texts
    after: Any = None
    decision = {"first": "prefer", "second": "prefer", "neither": "reject"}.get(answer.choice, answer.choice)
    if decision == "prefer":
        after = item.attempts[("first", "second").index(answer.choice)].number
    elif decision == "score":
        after = {part: answer.scores.get(part) for part in RUBRIC}
    elif decision == "edit" and item.kind == "label":
        after = texts.get("label_text")
    elif decision == "edit":
        after = {"question": texts.get("question_text", item.question), "label": texts.get("label_text")}
    said = [item.id, answer.reviewer, decision, after, texts.get("note", ""), last]
    key = sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:40]
    return Decision(
        item.id,
        decision,
        answer.reviewer,
        time,
        f"imported-{key}",
        before=item.seen,
        after=after,
        note=texts.get("note", ""),
    )
