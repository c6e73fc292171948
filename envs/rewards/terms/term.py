"""What a term of a reward is: one number per well-formed question, of the batch it was asked in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from ....core.records import Judgement, Outcome, Question, Reward


class Asked(NamedTuple):
    """A well-formed question of a batch, its judgement and the attempts at it."""

    question: Question
    judgement: Judgement
    attempts: Sequence[str]

    @property
    def right(self) -> list[str]:
        """The attempts that match the label of a valid question, in order; none of one that is not valid."""
        if not self.judgement.valid:
            return []
        verdicts = self.judgement.verdicts
        return [text for text, one in zip(self.attempts, verdicts, strict=False) if one.outcome is Outcome.CORRECT]


class Term:
    """A reward rule of one number; authors write `values`.

    A malformed proposal, and a question that is not valid, earn 0.

    Attributes:
        name: its name in `Reward.terms`.
    """

    name: ClassVar[str]

    def values(self, asked: Sequence[Asked], proposals: int) -> Sequence[float | None]:
        """One number per question, `None` where the term says nothing.

        Args:
            asked: the well-formed questions of a batch.
            proposals: all of the batch, malformed ones too.
        """
        raise NotImplementedError

    def __call__(
        self,
        questions: Sequence[Question | None],
        judgements: Sequence[Judgement | None],
        attempts: Sequence[Sequence[str]],
    ) -> list[Reward]:
        """Score one batch; see `core.protocols.RewardRule`. The name is missing where the term says nothing."""
        batch = list(zip(questions, judgements, attempts, strict=True))
        asked = [Asked(q, j, texts) for q, j, texts in batch if q is not None and j is not None]
        values = iter(zip(asked, self.values(asked, len(batch)), strict=True))
        return [
            Reward(0.0, {"format": 0.0}) if q is None or j is None else self._reward(*next(values)) for q, j, _ in batch
        ]

    def _reward(self, asked: Asked, value: float | None) -> Reward:
        terms = {"format": 1.0} if value is None else {"format": 1.0, self.name: value}
        if asked.judgement.valid:
            return Reward(value or 0.0, terms)
        return Reward(0.0, {**terms, "valid": 0.0})
