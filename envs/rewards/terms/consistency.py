"""`consistency`: how far the attempts that reach the label agree in the steps they write, in [0, 1].

    consistency(x) = mean over right attempts i with steps of agreement(i)

The agreement is that of `core/working/agreement.py`, among right attempts alone: a label that is reached by many ways
of which no two agree is more likely a wrong one. Nothing is computed, so no answer reaches training by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import ClassVar

from ....core.working.agreement import agreements
from .term import Asked, Term


class Consistency(Term):
    """Says nothing of a question with fewer than two right attempts, or whose right attempts write no step."""

    name: ClassVar[str] = "consistency"

    def values(self, asked: Sequence[Asked], proposals: int) -> Sequence[float | None]:
        """See `Term`."""
        return [self._value(one.right) for one in asked]

    def _value(self, right: Sequence[str]) -> float | None:
        found = [value for value in agreements(right) if value is not None]
        return fmean(found) if found else None
