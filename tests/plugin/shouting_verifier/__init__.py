"""Accepts an answer if it is the reference, shouted."""

from selfplay_gym.core.protocols import BaseVerifier
from selfplay_gym.core.records import Judgement, Verdict


class ShoutingVerifier(BaseVerifier):
    """Right if the attempt is the reference followed by `marks` exclamation marks."""

    def __init__(self, marks=1):
        self.marks = marks

    def judge(self, question, attempts):
        wanted = f"{question.reference}{'!' * self.marks}"
        verdicts = [
            Verdict.correct(attempt, "shouted")
            if attempt == wanted
            else Verdict.wrong(attempt.strip() or None, "too quiet")
            for attempt in attempts
        ]
        return Judgement.of(verdicts, label=question.reference, label_source="reference")
