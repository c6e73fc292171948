"""The margin of a vote: by how much the first answer leads the second one.

Small margins are where votes are wrong most (SCRL, arXiv 2603.19880).
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

from ...core.records import Judgement, Outcome
from .confirmation import exact


def leads(judgement: Judgement, least: float) -> bool:
    """Whether the label's answer leads by so much; 0 asks for nothing, as a known answer may be behind a wrong one."""
    return not least or vote_margin(judgement) >= exact(least)


def vote_margin(judgement: Judgement) -> Fraction:
    """The share of the label's answer less that of the most frequent other one, in [-1, 1]; 0 without attempts.

    By classes of answers where the judgement was a vote, else by their text.
    """
    sizes = judgement.evidence.get("class_sizes")
    if sizes is None:
        others = Counter(verdict.answer for verdict in judgement.verdicts if verdict.outcome is not Outcome.CORRECT)
        del others[None]
        sizes = [judgement.correct_count, max(others.values(), default=0)]
    first, second = [*sizes, 0, 0][:2]
    return Fraction(first - second, len(judgement.verdicts) or 1)
