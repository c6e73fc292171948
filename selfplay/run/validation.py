"""The validation of a run: a smaller exam on questions of its own, in no exam and no training.

Answers are held against references, or against votes the base gave before training, where no answer is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ...core.errors import RunError
from ...core.records import Question
from ...core.registries import make_verifier
from ...core.seeding import integer_seed
from ..evaluation import ExamResult
from ..settings.config import RunConfig

Attempts = Callable[[Sequence[Question], int], list[list[str]]]
Examine = Callable[[Sequence[Question], int], ExamResult]


class Validation:
    """The validations of one run.

    Args:
        config: the settings of the run.
        held_out: the questions.
        votes: the base's votes, if they were taken before.

    Attributes:
        votes: labels of the questions, taken once; `None` before, and where references are used.
    """

    def __init__(self, config: RunConfig, held_out: list[Question], votes: list[str | None] | None = None) -> None:
        self.config, self.held_out, self.votes = config, held_out, votes

    def hold(self, attempt: Attempts, examine: Examine) -> ExamResult:
        """One validation.

        Args:
            attempt: the solver's attempts at questions, from a seed.
            examine: an exam of the solver on questions, with so many samples each.

        Raises:
            RunError: answers are held against votes, and the base gave none.
        """
        return examine(self._questions(attempt), self.config.exam.samples)

    def _questions(self, attempt: Attempts) -> list[Question]:
        if self.config.guard.validation == "reference":
            return self.held_out
        if self.votes is None:
            groups = attempt(self.held_out, integer_seed(self.config.seed, "validation votes"))
            self.votes = majority_labels(groups)
        voted = zip(self.held_out, self.votes, strict=True)
        labelled = [replace(question, reference=vote) for question, vote in voted if vote is not None]
        if not labelled:
            raise RunError(
                "guard.validation='vote', but the base answers no validation question; use guard.validation='reference'"
            )
        return labelled


def majority_labels(groups: Sequence[Sequence[str]]) -> list[str | None]:
    """The majority answer of each group of attempts; `None` where there is none."""
    judged = make_verifier("majority").judge_many([Question("") for _ in groups], groups)
    return [judgement.label for judgement in judged]
