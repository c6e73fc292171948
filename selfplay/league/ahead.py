"""Matches of a league by workers: played ahead of their turn, and taken if it is they that come.

Who meets whom follows from all matches before, so the next pairs are guessed: as they would be if ratings stayed as
they are. A match draws from streams named by its number, so a guess that was right has the result that the match would
have; one that was wrong is played again, here. The league is the same to the byte, whoever plays. Where pairs follow
from the number of matches alone (`uniform`, `latest`, without pruning), every guess is right.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from ...core.protocols import Agent, Workers
from .folder import Settings
from .games import LeagueGame, make_game
from .players import Cache, Player


class Match(NamedTuple):
    """One match: who plays, and the root of its random numbers."""

    first: Player
    second: Player
    seed: int


@dataclass(eq=False)
class PlayMatch:
    """What a worker does; it keeps the game and the players that it has loaded.

    Args:
        settings: of the league.
        load: makes the agent of a player.
        game: what is played; `None` is what the settings say.
    """

    settings: Settings
    load: Callable[[Player], Agent]
    game: LeagueGame | None = None
    agents: Cache[Player] | None = None

    def __call__(self, match: Match) -> dict[str, Any]:
        self.game = self.game or make_game(self.settings.game, self.settings.labels)
        self.agents = self.agents or Cache(self.load)
        agents = self.agents.get(match.first), self.agents.get(match.second)
        return self.game.play(*agents, self.settings.games, match.seed)


class Ahead:
    """The matches of one call of `League.play`, in order.

    Args:
        play: plays a match here.
        workers: play guessed ones.
        work: what workers do.
        guess: given the matches that are on their way, the next one; `None` if there is none.
    """

    def __init__(
        self,
        play: Callable[[Match], dict[str, Any]],
        workers: Workers,
        work: Callable[[Match], dict[str, Any]],
        guess: Callable[[deque[Match]], Match | None],
    ) -> None:
        self.play, self.guess = play, guess
        self.coming: deque[Match] = deque()
        self.results = workers.map(work, self._guesses())

    def result(self, match: Match) -> dict[str, Any]:
        """What comes of the next match."""
        found = next(self.results)
        return found if self.coming.popleft() == match else self.play(match)

    def _guesses(self) -> Iterator[Match]:
        while (match := self.guess(self.coming)) is not None:
            self.coming.append(match)
            yield match
