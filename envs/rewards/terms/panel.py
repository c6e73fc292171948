"""`panel`: how far a question splits a panel of several solvers, member from member, in [0, 1].

    panel(x) = max(0, 4 · (1/k Σ_j (s_j − p)² − (1 − 1/k) · 1/k Σ_j s_j(1 − s_j)/(n_j − 1))),   p = 1/k Σ_j s_j

s_j is the share of the n_j attempts of member j that equal the label. 4p(1 − p) is what all attempts together are
uncertain about (the preset of that name); by the law of total variance it is the mean of 4s_j(1 − s_j), a member's own
wavering, and four times the variance between members. This is the second part alone, less what so few attempts scatter
by themselves: 1 where half of the panel always reaches the label and the other half never does, 0 where all are alike,
however uncertain each is. With one attempt each nothing is known of the wavering, and nothing is taken off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, ClassVar

from ....core.records import Judgement
from .term import Asked, Term


class Panel(Term):
    """Says nothing of a question that fewer than two members of a coalition answered, as under other labels."""

    name: ClassVar[str] = "panel"

    def values(self, asked: Sequence[Asked], proposals: int) -> Sequence[float | None]:
        """See `Term`."""
        return [split(members_of(one.judgement)) for one in asked]


def members_of(judgement: Judgement) -> list[tuple[float, int]]:
    """Of each member that made attempts, the share of them that equals the label, and their number."""
    found = judgement.evidence.get("coalition")
    rows: Mapping[str, Any] = found.get("members", {}) if isinstance(found, Mapping) else {}
    return [(float(row["agrees"]), int(row["attempts"])) for row in rows.values() if row["attempts"] > 0]


def split(members: Sequence[tuple[float, int]]) -> float | None:
    """The formula above; `None` for fewer than two members."""
    if len(members) < 2:
        return None
    shares, k = [share for share, _ in members], len(members)
    p = fmean(shares)
    between = fmean((share - p) ** 2 for share in shares)
    within = fmean(share * (1.0 - share) / (n - 1) if n > 1 else 0.0 for share, n in members)
    return min(1.0, max(0.0, 4.0 * (between - (1.0 - 1.0 / k) * within)))
