"""What people are asked to look at, as `queue.jsonl` has it: a question, a label, a pair of answers, a worked attempt.

    {"round": 3, "phase": "label", "id": "label/3/17", "kind": "label", "index": 17, "gate": "label: disagreement",
     "reason": "the challenger claims 14", "question": "…", "label": "12", "label_source": "vote", "solve_rate": 0.7,
     "votes": {"12": 7, "14": 3}, "attempts": [{"number": 0, "text": "…", "answer": "12", "right": true}, …],
     "reviewers": 1}

An item holds all that its reviewer needs, so a page or a terminal reads no other log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any

import msgspec

from ...core.errors import ConfigError
from .checks import DECISIONS, read_id

MOST_SHOWN = 4
"""Attempts shown with a label, one for each of the most frequent answers."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An attempt that is shown.

    Attributes:
        number: of the attempt at the question, from 0.
        answer: what it came to; `None` if nothing was found.
        right: whether it matches the label; `None` without one.
    """

    number: int
    text: str
    answer: str | None = None
    right: bool | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to decide about.

    Attributes:
        id: see `reviews.decisions.Decision`; kind, round and index are part of it.
        gate: which gate picked it, "label: disagreement".
        reason: why, in words.
        question: as the solver was asked.
        label: what would train; `None` if there is none (yet).
        votes: the attempts behind each answer, the most frequent first; those without an answer are not among them.
        attempts: what a reviewer looks at: none for a question, the two of a pair, the one to be scored.
        reviewers: how many people are asked; at least 1.
    """

    id: str
    gate: str
    reason: str
    question: str
    label: str | None = None
    label_source: str | None = None
    solve_rate: float | None = None
    votes: Mapping[str, int] = field(default_factory=dict)
    attempts: tuple[Shown, ...] = ()
    reviewers: Annotated[int, msgspec.Meta(ge=1)] = 1

    @property
    def kind(self) -> str:
        return read_id(self.id)[0]

    @property
    def round(self) -> int:
        return read_id(self.id)[1]

    @property
    def index(self) -> int:
        return read_id(self.id)[2]

    @property
    def choices(self) -> tuple[str, ...]:
        """What can be decided about it. A label that does not exist cannot be approved."""
        found = DECISIONS[self.kind]
        return tuple(one for one in found if one != "approve" or self.kind == "question" or self.label is not None)

    @property
    def seen(self) -> str | None:
        """What a decision has as "before": the label, or the text of a question."""
        return self.question if self.kind == "question" else self.label

    def row(self) -> dict[str, Any]:
        """The item as a row of the log, without its phase."""
        values = asdict(self)
        return {"id": self.id, "kind": self.kind, "round": self.round, "index": self.index, **values}

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Item:
        """The inverse of `row`.

        Raises:
            ConfigError: it holds no item.
        """
        try:
            found = msgspec.convert(row, cls)
        except (msgspec.ValidationError, RecursionError) as error:
            raise ConfigError(f"a row of the queue is no item: {error}") from None
        read_id(found.id)
        return found


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question of the round that a gate may pick, as the logs have it.

    Attributes:
        question: its row in `questions.jsonl`.
        label: its row in `labels.jsonl`; `None` before there are labels.
        attempts: the attempts at it.
    """

    question: Mapping[str, Any]
    label: Mapping[str, Any] | None = None
    attempts: Sequence[str] = ()

    @property
    def index(self) -> int:
        return int(self.question["index"])

    @property
    def text(self) -> str:
        return str(self.question["text"])

    @property
    def answers(self) -> Sequence[str | None]:
        """What each attempt came to."""
        return [] if self.label is None else self.label["answers"]

    @property
    def right(self) -> Sequence[bool | None]:
        """Whether each attempt matches the label; `None` where there is no label."""
        if self.label is None or self.label["label"] is None:
            return [None] * len(self.answers)
        return list(self.label["matches"])

    @property
    def votes(self) -> dict[str, int]:
        """The attempts behind each answer, the most frequent first, of equals the label; those that match it count
        together, as its text."""
        label = None if self.label is None else self.label["label"]
        counts = Counter(label if ok else one for one, ok in zip(self.answers, self.right, strict=True))
        ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0] != label))
        return {one: count for one, count in ordered if one is not None}

    def shown(self, number: int) -> Shown:
        """An attempt as a reviewer sees it."""
        return Shown(number, self.attempts[number], self.answers[number], self.right[number])
