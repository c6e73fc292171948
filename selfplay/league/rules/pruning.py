"""Which snapshot leaves a league that has too many: of the two that play most alike, the weaker one.

Alike is what scores alike: the mean difference of two players' scores against the opponents that both have met. So a
weak player stays that is the only one to do well against somebody, and the best one never leaves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from ..ratings.bradley_terry import Record

Scores = Mapping[str, Mapping[str, Record]]
"""Player → opponent → the games between them, seen by the player."""


def surplus(names: Sequence[str], strength: Mapping[str, float], scores: Scores, keep: int) -> list[str]:
    """Who leaves, so that `keep` players stay; the names in the order in which they leave.

    Args:
        names: snapshots that may leave, oldest first.
        strength: of each, in any unit; the strongest stays.
        keep: how many of them stay, at least 1.
    """
    left: list[str] = []
    staying = list(names)
    while len(staying) > max(1, keep):
        best = max(staying, key=lambda name: (strength[name], staying.index(name)))
        pairs = list(combinations(staying, 2))
        one, other = min(pairs, key=lambda pair: distance(pair[0], pair[1], strength, scores))
        weaker = one if other == best or (strength[one] <= strength[other] and one != best) else other
        staying.remove(weaker)
        left.append(weaker)
    return left


def distance(one: str, other: str, strength: Mapping[str, float], scores: Scores) -> tuple[float, float]:
    """Mean difference of their scores against common opponents, 1 without any; then the difference in strength."""
    mine, theirs = scores.get(one, {}), scores.get(other, {})
    gaps = [
        abs(first - second)
        for opponent in mine.keys() & theirs.keys()
        if (first := mine[opponent].score) is not None and (second := theirs[opponent].score) is not None
    ]
    return (sum(sorted(gaps)) / len(gaps) if gaps else 1.0), abs(strength[one] - strength[other])
