"""Which of many questions come into a batch, and how often: weights by level, by length or by p(1 − p).

none      all alike
level     every tenth of the level alike
length    every length of question alike; lengths that differ by less than 15 % are one
p(1-p)    in proportion to p(1 − p), p the solve rate: what was sometimes right and sometimes wrong
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Hashable, Sequence

from ...core.records import Question

MOST_OFTEN = 4.0
"""Nothing is drawn more often than this many times its even share, so that a bucket of few is not learnt by heart."""

_WIDTH = math.log(1.15)


def level_of(question: Question) -> Hashable:
    """The tenth of the level; `None` where nobody asked for one."""
    return None if question.level is None else round(10 * question.level)


def length_of(question: Question) -> Hashable:
    """The bucket of the length in words, numbers and signs."""
    return round(math.log(max(1, len(re.findall(r"\w+|[^\w\s]", question.text)))) / _WIDTH)


def evenly(bucket_of: Callable[[Question], Hashable]) -> Callable[[Sequence[Question], Sequence[float]], list[float]]:
    """Weights that give every bucket the same share, as far as `MOST_OFTEN` lets it."""

    def weights(questions: Sequence[Question], rates: Sequence[float]) -> list[float]:
        buckets = [bucket_of(question) for question in questions]
        sizes = Counter(buckets)
        return [min(len(buckets) / (len(sizes) * sizes[bucket]), MOST_OFTEN) for bucket in buckets]

    return weights


BALANCES: dict[str, Callable[[Sequence[Question], Sequence[float]], list[float]]] = {
    "none": lambda questions, rates: [1.0] * len(questions),
    "level": evenly(level_of),
    "length": evenly(length_of),
    "p(1-p)": lambda questions, rates: [rate * (1.0 - rate) for rate in rates],
}
"""By name: questions with their solve rates → how often each is drawn; 0 is never."""
