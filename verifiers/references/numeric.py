"""`numeric`: the answer is right if its value is near the reference, whatever either looks like."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...core.errors import ConfigError
from ...core.extraction import Mode, check_mode
from ...core.protocols import BaseVerifier
from ...core.records import Judgement, Question, Verdict
from ..answers.echoes import REPEATS, is_echo
from ..answers.limits import TooLarge
from ..answers.parsing.locate import locate, locate_reference
from ..answers.policy import Policy
from ..answers.readings import read
from ..answers.shapes import Number

_POLICY = Policy(units="ignored", assignment="dropped", percent="value", degrees="value")


class NumericVerifier(BaseVerifier):
    """Compares real constants: |answer − reference| ≤ max(relative·|reference|, absolute).

    Args:
        relative: relative tolerance in [0, 1).
        absolute: absolute tolerance ≥ 0.
        extract: "lenient" (default) or "strict" (only boxed answers count).
    """

    def __init__(self, relative: float = 1e-6, absolute: float = 0.0, extract: Mode = "lenient") -> None:
        check_mode(extract)
        if not 0.0 <= relative < 1.0 or not 0.0 <= absolute < math.inf:
            raise ConfigError(f"tolerances: relative in [0, 1), absolute >= 0, got {relative!r} and {absolute!r}")
        self.relative, self.absolute = relative, absolute
        self.extract: Mode = extract

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        gold = locate_reference(question.reference)
        reference = None if gold is None else _value(gold)
        if reference is None:
            reason = "the question has no reference" if gold is None else "the reference is no number"
            nobody = [Verdict.undecided(reason) for _ in attempts]
            return Judgement.of(nobody, label=gold, label_source="reference", valid=False)
        verdicts = [self._verdict(question, reference, attempt) for attempt in attempts]
        evidence = {"relative": self.relative, "absolute": self.absolute, "extract": self.extract}
        return Judgement.of(verdicts, label=question.reference, label_source="reference", evidence=evidence)

    def _verdict(self, question: Question, reference: float, attempt: str) -> Verdict:
        answer = locate(attempt, self.extract)
        if answer is None:
            return Verdict.wrong(None, "no answer")
        value = _value(answer)
        if value is None:
            return Verdict.wrong(answer, "not a number")
        if abs(value - reference) <= max(self.relative * abs(reference), self.absolute):
            if is_echo(answer, question.text, question.reference):
                return Verdict.wrong(None, REPEATS)
            return Verdict.correct(answer, "within tolerance")
        return Verdict.wrong(answer, "outside tolerance")


def _value(answer: str) -> float | None:
    """The real constant that an answer is, `None` if it is none."""
    try:
        shape = read(answer, _POLICY).forms[0]
    except TooLarge:
        return None
    value = shape.scalar.real if isinstance(shape, Number) else None
    return value if value is not None and math.isfinite(value) else None
