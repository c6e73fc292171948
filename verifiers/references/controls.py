"""`format` and `random`: verifiers that know nothing of the answer. Every claim of learning is held against them.

Random and format-only rewards lift some models too; a training run that cannot beat them has shown nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from ...core.errors import ConfigError
from ...core.extraction import boxed_answer
from ...core.protocols import BaseVerifier
from ...core.records import Judgement, Question, Verdict


class FormatVerifier(BaseVerifier):
    """Correct if and only if the attempt holds a boxed answer. Also the first stage of a cascade."""

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        answers = [boxed_answer(attempt) for attempt in attempts]
        verdicts = [
            Verdict.wrong(None, "no boxed answer") if answer is None else Verdict.correct(answer, "boxed")
            for answer in answers
        ]
        return Judgement.of(verdicts, label=None, label_source="format", valid=True)


class RandomVerifier(BaseVerifier):
    """A coin per attempt: a hash of seed, question and the attempt's index, so that replays are equal.

    Args:
        share: probability in [0, 1] of being called correct.
        seed: another seed, other coins.
    """

    def __init__(self, share: float = 0.5, seed: int = 0) -> None:
        if not 0.0 <= share <= 1.0:
            raise ConfigError(f"share must be in [0, 1], got {share!r}")
        self.share, self.seed = share, seed

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        verdicts = []
        for index, attempt in enumerate(attempts):
            tossed = f"{self.seed}\x00{index}\x00{question.text}".encode("utf-8", "surrogatepass")
            coin = int.from_bytes(hashlib.blake2b(tossed, digest_size=8).digest(), "little") / 2**64
            answer = boxed_answer(attempt)
            verdicts.append(Verdict.correct(answer, "coin") if coin < self.share else Verdict.wrong(answer, "coin"))
        return Judgement.of(verdicts, label=None, label_source="random", valid=True)
