"""A reviewer without a person: it knows the answers that can be computed, and errs as often as it is told to.

What decisions are worth can be measured with it, since its error rate is known (`benchmarks/feedback.py`). It is no
substitute for people in a run that is to learn something new: it knows only what the domain can compute anyway.

    item        decides                                                     errs by
    label       approve if it equals the known answer, edit if it does      approving a wrong label; editing a right one
                not, reject where no answer is known                        to another answer of the attempts, or
                                                                            rejecting it where there is none; approving
                                                                            what should be rejected
    question    approve if its answer is known, else reject                 the other of the two
    pair        prefer the right attempt; reject (neither is better) if     preferring the other one, or one at random
                both are right, or both wrong

It has nothing to say of single attempts: their rubric is about what no program computes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, TypeAlias

from ...core.errors import ConfigError
from ...core.extraction import extract_answer
from ...core.records import Question
from ...core.seeding import python_stream

Known: TypeAlias = Callable[[Sequence[Question]], Sequence[str | None]]
"""Questions → their answers, `None` where nobody can compute one."""
Right: TypeAlias = Callable[[Question, Sequence[str]], Sequence[bool]]
"""A question with its answer as reference, and texts → which of them give that answer."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An item as a reviewer sees it.

    Attributes:
        id: see `decisions.Decision`.
        question: as it was asked; its reference is of no interest.
        label: what it is labelled with.
        attempts: at the question, all of them, in order.
    """

    id: str
    kind: str
    question: Question
    label: str | None = None
    attempts: Sequence[str] = ()


class SimulatedReviewer:
    """Decides by known answers, and errs at a rate.

    Args:
        error: how often it errs, in [0, 1]; each item for itself, and the same item always alike.
        name: under which it decides; two of different names err at different items.
        known, right: what it knows.

    Raises:
        ConfigError: no such rate.
    """

    def __init__(self, error: float = 0.0, name: str = "simulated", *, known: Known, right: Right) -> None:
        if isinstance(error, bool) or not isinstance(error, int | float) or not 0.0 <= error <= 1.0:
            raise ConfigError(f"a simulated reviewer has error in [0, 1], got {error!r}")
        self.error, self.name, self.known, self.right = error, name, known, right

    def decide(self, item: Shown, seed: int) -> tuple[str, Any] | None:
        """A decision and what is there after it; `None` about what it cannot judge.

        Args:
            seed: of the run; the item and the name do the rest.
        """
        rng = python_stream(seed, "simulated reviewer", self.name, item.id)
        errs = rng.random() < self.error
        (truth,) = self.known([item.question])
        if item.kind == "label":
            return self._label(item, truth, errs, rng)
        if item.kind == "question":
            return ("approve" if (truth is not None) is not errs else "reject"), None
        if item.kind == "pair":
            return self._pair(item, truth, errs, rng)
        return None

    def _label(self, item: Shown, truth: str | None, errs: bool, rng: Random) -> tuple[str, Any]:
        if truth is None:
            return ("approve" if errs and item.label is not None else "reject"), None
        if item.label is None or not self._gives(item.question, truth, f"\\boxed{{{item.label}}}"):
            return ("approve", None) if errs and item.label is not None else ("edit", truth)
        if not errs:
            return "approve", None
        answers = dict.fromkeys(answer for text in item.attempts if (answer := extract_answer(text)) is not None)
        wrong = [answer for answer in answers if not self._gives(item.question, truth, f"\\boxed{{{answer}}}")]
        return ("edit", rng.choice(wrong)) if wrong else ("reject", None)

    def _pair(self, item: Shown, truth: str | None, errs: bool, rng: Random) -> tuple[str, Any]:
        one, other = (int(place) for place in item.id.rpartition("/")[2].split("-"))
        texts = [item.attempts[one], item.attempts[other]]
        marks = [truth is not None and self._gives(item.question, truth, text) for text in texts]
        if marks[0] == marks[1]:
            return ("prefer", rng.choice([one, other])) if errs else ("reject", None)
        return "prefer", one if marks[0] is not errs else other

    def _gives(self, question: Question, truth: str, text: str) -> bool:
        (found,) = self.right(replace(question, reference=truth), [text])
        return found
