"""`topics`: the share of the batch and of earlier rounds on a question's topic, in (0, 1]: to be subtracted.

    topics(x) = |T(x)| / (B + A)

Questions are clustered as for `repetition`, but with every number blanked, so that a topic is a kind of question and
not a near copy; and together with a sample of A ≤ 512 questions of all earlier rounds, so that leaving a topic for the
next one counts only while that is rare. B are the well-formed questions of the batch.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, ClassVar

from ....core.options.typed import FROM_RUN
from ..past import Past
from ..repetition import check_threshold, repetition_penalty
from .term import Asked, Term

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


class Topics(Term):
    """A single question without earlier ones says nothing.

    Args:
        threshold: τ, the BLEU distance in [0, 1] up to which clusters are merged.
        earlier: questions of earlier rounds; a run gives them.
    """

    name: ClassVar[str] = "topics"

    def __init__(self, threshold: float = 0.5, earlier: Annotated[Sequence[str], FROM_RUN] = ()) -> None:
        check_threshold(threshold)
        self.threshold, self.earlier = threshold, tuple(earlier)

    def knowing(self, past: Past) -> Topics:
        """See `Remembering`."""
        return Topics(self.threshold, past.sample())

    def values(self, asked: Sequence[Asked], proposals: int) -> Sequence[float | None]:
        """See `Term`."""
        texts = [_NUMBER.sub("0", text) for text in (*(one.question.text for one in asked), *self.earlier)]
        if len(texts) < 2:
            return [None] * len(asked)
        return [float(share) for share in repetition_penalty(texts, self.threshold)[: len(asked)]]
