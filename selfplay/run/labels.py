"""Where labels come from, and how often they are wrong.

labels   vote     the majority of the solver's own attempts: no computed answer reaches training
         sympy    the answer computed from the question's text, compared as mathematics
         oracle   the same answer, compared to the letter: what perfect labels would give
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...core.math_language import answer
from ...core.protocols import BaseVerifier, Verifier
from ...core.records import Judgement, Outcome, Question
from ...core.registries import make_verifier


class ComputedReference(BaseVerifier):
    """Judges against the answer computed from the question's text, whatever reference its author claims."""

    def __init__(self, verifier: Verifier) -> None:
        self.verifier = verifier

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        return self.judge_many([question], [attempts])[0]

    def judge_many(self, questions: Sequence[Question], groups: Sequence[Sequence[str]]) -> list[Judgement]:
        return self.verifier.judge_many([replace(q, reference=answer(q.text)) for q in questions], groups)


def labels_right(questions: Sequence[Question], labels: Sequence[str | None]) -> list[bool | None]:
    """Whether each label equals the computed answer (`known_answers`); `None` where no answer can be computed.

    Only measures: nothing it returns reaches training.
    """
    truths = known_answers(questions)
    known = [i for i, truth in enumerate(truths) if truth is not None]
    checked = make_verifier("sympy").judge_many(
        [replace(questions[i], reference=truths[i]) for i in known], [[f"\\boxed{{{labels[i]}}}"] for i in known]
    )
    right: list[bool | None] = [None] * len(questions)
    for i, judgement in zip(known, checked, strict=True):
        right[i] = labels[i] is not None and judgement.verdicts[0].outcome is Outcome.CORRECT
    return right


def known_answers(questions: Sequence[Question]) -> list[str | None]:
    """The computed answers: from the text of a math question, by the generator of a code question; else `None`."""
    return [answer(q.text) if q.domain == "math" else _executed(q) for q in questions]


def _executed(question: Question) -> str | None:
    """The value a generator's own interpreter found; what a challenger claims is no truth."""
    return None if question.author == "challenger" else question.reference
