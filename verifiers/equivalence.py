"""`sympy`: the answer is right if it means the same as the reference."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.extraction import Mode, extract_answer
from ..core.protocols import BaseVerifier
from ..core.records import Judgement, Question, Verdict
from .answers.equal import canonical


class SympyVerifier(BaseVerifier):
    """Holds every attempt against `question.reference`."""

    def __init__(self, extract: Mode = "lenient") -> None:
        extract_answer("", extract)
        self.extract: Mode = extract

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        if question.reference is None:
            nobody = [Verdict.undecided("the question has no reference") for _ in attempts]
            return Judgement.of(nobody, label=None, label_source="reference", valid=False)
        gold = canonical(extract_answer(question.reference) or question.reference)
        verdicts = []
        for attempt in attempts:
            answer = extract_answer(attempt, self.extract)
            if answer is None:
                verdicts.append(Verdict.wrong(None, "no answer"))
            elif canonical(answer) == gold:
                verdicts.append(Verdict.correct(answer, "equal"))
            else:
                verdicts.append(Verdict.wrong(answer, "differs"))
        return Judgement.of(verdicts, label=question.reference, label_source="reference")
