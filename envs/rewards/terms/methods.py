"""`methods`: how rare the ways are in which a question is solved, in [0, 1).

    methods(x) = mean over right attempts i with steps of 1 − N(structure of i) / Σ_s N(s)

A structure is the sequence of step shapes, numbers blanked and repeats taken once (`core/working/steps.py`); N(s)
counts the right attempts that have it, in the batch and in all earlier rounds. A structure that nobody has used is
worth most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Annotated, ClassVar

from ....core.options.typed import FROM_RUN
from ....core.working.steps import structure_of
from ..past import Past
from .term import Asked, Term


class Methods(Term):
    """Says nothing of a question whose right attempts write no step.

    Args:
        earlier: how many right attempts of earlier rounds have each structure; a run gives them.
    """

    name: ClassVar[str] = "methods"

    def __init__(self, earlier: Annotated[Mapping[str, int] | None, FROM_RUN] = None) -> None:
        self.earlier = dict(earlier or {})

    def knowing(self, past: Past) -> Methods:
        """See `Remembering`."""
        return Methods(past.structures())

    def values(self, asked: Sequence[Asked], proposals: int) -> Sequence[float | None]:
        """See `Term`."""
        found = [[s for text in one.right if (s := structure_of(text)) is not None] for one in asked]
        counts = Counter(self.earlier) + Counter(structure for own in found for structure in own)
        total = counts.total()
        return [fmean(1.0 - counts[structure] / total for structure in own) if own else None for own in found]
