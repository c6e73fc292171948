"""A verifier for answers that are words."""

from selfplay_gym.core.extraction import extract_answer
from selfplay_gym.core.protocols import BaseVerifier
from selfplay_gym.core.records import Judgement, Verdict


class FirstLettersVerifier(BaseVerifier):
    """Right if the first letters of the answer are those of the reference, in any case.

    Args:
        letters: how many must agree; 0 accepts any answer, `None` means all of both.
        score: of a right answer, in (0, 1].
    """

    def __init__(self, letters=None, score=1.0):
        self.letters, self.score = letters, score

    def judge(self, question, attempts):
        verdicts = [self._verdict(question.reference, extract_answer(attempt, "strict")) for attempt in attempts]
        return Judgement.of(
            verdicts, label=question.reference, label_source="reference", evidence={"letters": self.letters}
        )

    def _verdict(self, reference, answer):
        if not reference:
            return Verdict.undecided("there is no reference", answer)
        if answer is None:
            return Verdict.wrong(None, "there is no answer in a box")
        if self._begins(answer) == self._begins(reference):
            return Verdict.correct(answer, "begins as the reference does", self.score)
        return Verdict.wrong(answer, "begins otherwise than the reference")

    def _begins(self, text):
        return " ".join(text.casefold().split())[: self.letters]
