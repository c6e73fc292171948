"""`belief`: how far whoever confirms labels believes the attempts behind the label, in [0, 1].

It is the score that labels of the source `validated` come with: the mean P(right) of a correctness head
(`validated(by=head)`), or the share of yes of a validator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from ....core.records import Judgement
from .term import Asked, Term


class Belief(Term):
    """Says nothing of a question about whose label nobody was asked, as outside the band, or under other sources."""

    name: ClassVar[str] = "belief"

    def values(self, asked: Sequence[Asked], proposals: int) -> Sequence[float | None]:
        """See `Term`."""
        return [self._value(one.judgement) for one in asked]

    def _value(self, judgement: Judgement) -> float | None:
        check = judgement.evidence.get("check")
        score = check.get("score") if isinstance(check, Mapping) else None
        return None if score is None else min(1.0, max(0.0, float(score)))
