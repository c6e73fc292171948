"""`repetition`: the share |C|/B of the batch that asks nearly the same, in (0, 1]: to be subtracted (as in R-Zero)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from ..repetition import check_threshold, repetition_penalty
from .term import Asked, Term


class Repetition(Term):
    """Clusters of BLEU distance in the batch, as in `r-zero`. A batch of one says nothing.

    Args:
        threshold: τ, the BLEU distance in [0, 1] up to which clusters are merged.
    """

    name: ClassVar[str] = "repetition"

    def __init__(self, threshold: float = 0.5) -> None:
        check_threshold(threshold)
        self.threshold = threshold

    def values(self, asked: Sequence[Asked], proposals: int) -> Sequence[float | None]:
        """See `Term`."""
        if proposals < 2:
            return [None] * len(asked)
        texts = [one.question.text for one in asked]
        return [float(share) for share in repetition_penalty(texts, self.threshold, len(asked) / proposals)]
