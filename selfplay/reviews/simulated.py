"""A reviewer without a person: it knows the answers that can be computed, and errs as often as it is told to.

What decisions are worth can be measured with it, since its error rate is known (`benchmarks/feedback.py`). It is no
substitute for people in a run that is to learn something new: it knows only what the domain can compute anyway.

    item        decides                                                     errs by
    label       approve if it equals the known answer, edit if it does      approving a wrong label, or what has
                not, reject where no answer is known                        no answer; editing a right one to another
                                                                            vote, or rejecting it where all agree
    question    approve if its answer is known, else reject                 the other of the two
    pair        prefer the right attempt; reject (neither is better) if     preferring the other one, or one at random
                both are right, or both wrong

It has nothing to say of single attempts: their rubric is about what no program computes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any, TypeAlias

from ...core.errors import ConfigError
from ...core.records import Question
from ...core.seeding import python_stream
from .checks import check_reviewer
from .items import Item

Known: TypeAlias = Callable[[Sequence[Question]], Sequence[str | None]]
"""Questions → their answers, `None` where nobody can compute one."""
Right: TypeAlias = Callable[[Question, Sequence[str]], Sequence[bool]]
"""A question with its answer as reference, and texts → which of them give that answer."""


class SimulatedReviewer:
    """Decides by known answers, and errs at a rate.

    Args:
        error: how often it errs, in [0, 1]; each item for itself, and the same item always alike.
        name: under which it decides; two of different names err at different items.
        known, right: what it knows.

    Raises:
        ConfigError: no such rate or name.
    """

    def __init__(self, error: float = 0.0, name: str = "simulated", *, known: Known, right: Right) -> None:
        if isinstance(error, bool) or not isinstance(error, int | float) or not 0.0 <= error <= 1.0:
            raise ConfigError(f"a simulated reviewer has error in [0, 1], got {error!r}")
        check_reviewer(name)
        self.error, self.name, self.known, self.right = error, name, known, right

    def decide(self, item: Item, question: Question, seed: int) -> tuple[str, Any] | None:
        """A decision and what is there after it; `None` about what it cannot judge.

        Args:
            question: of the item, as it was asked; its reference is of no interest.
            seed: of the run; the item and the name do the rest.
        """
        rng = python_stream(seed, "simulated reviewer", self.name, item.id)
        errs = rng.random() < self.error
        (truth,) = self.known([question])
        if item.kind == "label":
            return self._label(item, question, truth, errs, rng)
        if item.kind == "question":
            return ("approve" if (truth is not None) is not errs else "reject"), None
        return self._pair(item, question, truth, errs, rng) if item.kind == "pair" else None

    def _label(self, item: Item, question: Question, truth: str | None, errs: bool, rng: Random) -> tuple[str, Any]:
        label = item.label
        if truth is None:
            return ("approve" if errs and label is not None else "reject"), None
        if label is None or not self._is(question, truth, label):
            return ("approve", None) if errs and label is not None else ("edit", truth)
        if not errs:
            return "approve", None
        wrong = [answer for answer in item.votes or () if not self._is(question, truth, answer)]
        return ("edit", rng.choice(wrong)) if wrong else ("reject", None)

    def _pair(self, item: Item, question: Question, truth: str | None, errs: bool, rng: Random) -> tuple[str, Any]:
        one, other = (shown.number for shown in item.attempts)
        texts = [shown.text for shown in item.attempts]
        marks = [False, False] if truth is None else self.right(replace(question, reference=truth), texts)
        if marks[0] == marks[1]:
            return ("prefer", rng.choice([one, other])) if errs else ("reject", None)
        return "prefer", one if marks[0] is not errs else other

    def _is(self, question: Question, truth: str, answer: str) -> bool:
        return all(self.right(replace(question, reference=truth), [f"\\boxed{{{answer}}}"]))
