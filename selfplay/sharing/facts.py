"""What the cards of a run say it measured, gathered from the rows of `metrics.jsonl` as they come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..stats import Estimate, wilson

Row = Mapping[str, Any]


@dataclass(slots=True)
class RoundFacts:
    """One round.

    Attributes:
        exam: the scores of its exam (`exam.summary`), `None` before it.
        turn_exam: those of a turn game.
        labelling: the measures of labelling.
        trained_since: roles that learnt after the exam, so that it says nothing of their last checkpoints.
    """

    exam: Row | None = None
    turn_exam: Row | None = None
    labelling: Row | None = None
    trained_since: set[str] = field(default_factory=set)

    def add(self, row: Row) -> None:
        """Take in a row of this round."""
        if "exam" in row or "turn_exam" in row:
            self.exam = row["exam"]["summary"] if "exam" in row else self.exam
            self.turn_exam = row.get("turn_exam", self.turn_exam)
            self.trained_since.clear()
        elif row["phase"] == "label" and "label_accuracy" in row:
            self.labelling = row
        learner = row.get("trained", row.get("role"))
        if isinstance(learner, str):
            self.trained_since.add(learner)

    @property
    def label_accuracy(self) -> Estimate | None:
        """How many labels are right, with a Wilson interval over questions; `None` where no answer is known."""
        return self._right("label_accuracy", "asked")

    @property
    def kept_label_accuracy(self) -> Estimate | None:
        """The same of what the solver learnt from; the interval takes as many of these to be known as of all asked."""
        return self._right("kept_label_accuracy", "kept")

    def _right(self, name: str, of: str) -> Estimate | None:
        row = self.labelling
        if row is None or row.get(name) is None:
            return None
        known = max(1.0, row[of] * row["readable_share"])
        return wilson(row[name] * known, known)


class RunFacts:
    """All rounds of a run by their numbers."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self.rounds: dict[int, RoundFacts] = {}
        self.add(rows)

    def add(self, rows: Iterable[Row]) -> None:
        """Take in rows, oldest first."""
        for row in rows:
            self.rounds.setdefault(row["round"], RoundFacts()).add(row)

    def of(self, number: int) -> RoundFacts:
        """A round; one that left no trace yet has nothing to say."""
        return self.rounds.get(number, RoundFacts())
