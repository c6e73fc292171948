"""`exact`: the answer is right if it is the reference, character for character (surrounding blanks aside).

The cheapest verifier, for questions whose reference has one spelling. A judgement of one short attempt costs about
1.5 µs: verdicts are immutable, so equal ones are shared.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...core.extraction import Mode, check_mode, extract_answer, plain_box
from ...core.protocols import BaseVerifier
from ...core.records import Judgement, Outcome, Question, Verdict

_SHARED = 4096


class ExactVerifier(BaseVerifier):
    """Compares strings.

    Args:
        extract: "lenient" (default) or "strict" (only boxed answers count), see `core.extraction`.
    """

    def __init__(self, extract: Mode = "lenient") -> None:
        check_mode(extract)
        self.extract: Mode = extract
        self._verdicts: dict[tuple[str | None, bool], Verdict] = {}

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        reference = question.reference
        if reference is None or not (reference := reference.strip()):
            nobody = tuple(Verdict.undecided("the question has no reference") for _ in attempts)
            return Judgement.of(nobody, label=None, label_source="reference", valid=False)
        shared, verdicts, correct = self._verdicts, [], 0
        for attempt in attempts:
            answer = plain_box(attempt)
            if answer is None:
                answer = extract_answer(attempt, self.extract)
            right = answer == reference
            verdict = shared.get((answer, right))
            if verdict is None:
                verdict = self._verdict(answer, right)
            verdicts.append(verdict)
            correct += right
        rate = correct / len(verdicts) if verdicts else 0.0
        return Judgement(tuple(verdicts), reference, rate)

    def _verdict(self, answer: str | None, right: bool) -> Verdict:
        if right:
            verdict = Verdict(Outcome.CORRECT, 1.0, answer, "is the reference")
        else:
            verdict = Verdict(
                Outcome.WRONG, 0.0, answer, "no answer" if answer is None else "differs from the reference"
            )
        if len(self._verdicts) >= _SHARED:
            self._verdicts.clear()
        self._verdicts[answer, right] = verdict
        return verdict
