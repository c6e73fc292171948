"""A match of a turn game of two: each player begins half of the games, from the same hidden draws.

A game is won by the greater reward, however much greater: where stakes differ, as in poker, a player may win fewer
games and more points. So the mean reward of each is kept as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from ...core.errors import ConfigError
from ...core.protocols import Agent, TurnGame
from ...core.protocols.completions import completions_of
from ...core.seeding import integer_seed, python_stream
from ...core.turns import Trajectory
from ...envs.turns.play import play_out
from .ratings.online import DRAWN, LOST, WON

PLAYERS = "player"


def outcome_of(rewards: Mapping[str, float], player: str) -> str:
    """How a game ended for a player: won or lost by whether it got more or less than the best of the others."""
    own, best = rewards[player], max(reward for name, reward in rewards.items() if name != player)
    return WON if own > best else LOST if own < best else DRAWN


class TurnMatch:
    """Two players of a turn game; the greater reward wins a game.

    Args:
        game: the rules.

    Raises:
        ConfigError: it is not for two.
    """

    pools = (PLAYERS, PLAYERS)

    def __init__(self, game: TurnGame[Any]) -> None:
        if len(game.players) != 2:
            raise ConfigError(f"a league plays games of two, and {game.name!r} has {len(game.players)} players")
        self.game = game

    def play(self, first: Agent, second: Agent, games: int, seed: int) -> dict[str, Any]:
        """Outcomes as the first player sees them, the games that it begins first; `rewards`, the mean of either."""
        outcomes, totals = [], [0.0, 0.0]
        for begins, agents in enumerate(((first, second), (second, first))):
            own, other = self.game.players[begins], self.game.players[1 - begins]
            for played in self._half(agents, (games + 1 - begins) // 2, seed, begins):
                outcomes.append(outcome_of(played.rewards, own))
                totals = [totals[0] + played.rewards[own], totals[1] + played.rewards[other]]
        return {"outcomes": "".join(outcomes), "rewards": [total / games for total in totals]}

    def _half(self, agents: Sequence[Agent], games: int, seed: int, begins: int) -> list[Trajectory]:
        """Games that the first of two agents begins; the i-th has the same draws whoever begins."""
        by_player = dict(zip(self.game.players, agents, strict=True))
        calls = count()

        def answer(player: str, prompts: list[str]) -> list[str]:
            drawn = integer_seed(seed, "moves", begins, next(calls))
            return [text for (text,) in completions_of(by_player[player], prompts, n=1, seed=drawn)]

        states = [self.game.start(python_stream(seed, "start", i)) for i in range(games)]
        return play_out(self.game, states, answer)
