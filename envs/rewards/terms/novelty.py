"""`novelty`: how unlike a question is to the nearest one of all earlier rounds, in [0, 1].

    novelty(x) = 1 − max over all earlier questions a of similarity(x, a)

The similarity is the Dice overlap of token bigrams (`nearest.py`), and the search is exact. The archive penalty of the
presets compares by BLEU, with a sample of 512. As an archive in novelty search (Lehman & Stanley 2011) with k = 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from ....core.options.typed import FROM_RUN
from ..nearest import NearestTexts
from ..past import Past
from .term import Asked, Term


class Novelty(Term):
    """Says nothing as long as there are no earlier questions.

    Args:
        earlier: the questions of earlier rounds; a run gives them.
    """

    name: ClassVar[str] = "novelty"

    def __init__(self, earlier: Annotated[NearestTexts | None, FROM_RUN] = None) -> None:
        self.earlier = earlier

    def knowing(self, past: Past) -> Novelty:
        """See `Remembering`."""
        return Novelty(past.questions())

    def values(self, asked: Sequence[Asked], proposals: int) -> Sequence[float | None]:
        """See `Term`."""
        if self.earlier is None or not len(self.earlier):
            return [None] * len(asked)
        return [1.0 - near.similarity for near in self.earlier.nearest([one.question.text for one in asked])]
