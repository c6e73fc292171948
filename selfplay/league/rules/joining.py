"""Which snapshots of a run join a league.

every(rounds=2)    those of every second round, and the base
better(games=64)   those that score more than the last one that joined, over the same opponents and questions
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias, runtime_checkable

from ....core.registry import Registry
from ...settings.checks import at_least

Duel: TypeAlias = Callable[[int], tuple[float, float] | None]
"""So many games of the snapshot, and of its predecessor, against the same opponents → the points of each; `None` where
there is no opponent for both."""


@runtime_checkable
class Joining(Protocol):
    """Decides whether a snapshot joins."""

    def joins(self, round: int, duel: Duel) -> bool | None:
        """Whether the snapshot of a round joins; `None` where that cannot be told yet, and is asked another time.

        The first of a run, its base, always joins and is not asked about.
        """
        ...


joinings: Registry[Joining] = Registry("rule of joining", "selfplay_gym.joinings", Joining)
make_joining = joinings.make


@joinings.register("every")
class Every:
    """Snapshots of every so many rounds.

    Args:
        rounds: 1 takes them all.
    """

    def __init__(self, rounds: int = 1) -> None:
        self.rounds = rounds
        at_least(self, 1, "rounds")

    def joins(self, round: int, duel: Duel) -> bool:
        return round % self.rounds == 0


@joinings.register("better")
class Better:
    """Snapshots that beat their predecessor: that score more points against the same opponents.

    Args:
        games: of each of the two.
    """

    def __init__(self, games: int = 64) -> None:
        self.games = games
        at_least(self, 1, "games")

    def joins(self, round: int, duel: Duel) -> bool | None:
        points = duel(self.games)
        return None if points is None else points[0] > points[1]
