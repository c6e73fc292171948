"""From keyword arguments to a turn game with a caller and opponents, and what every view tells of it."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from ....core.errors import ConfigError
from ....core.protocols import Agent, TurnGame
from ....core.registries import make_agent, make_turn_game, turn_games
from ....core.seeding import python_stream
from ....core.turns import ILLEGAL
from ...turns.play import Running, ask_agents, play_on

Named = str | Mapping[str, Any]
OPPONENT = "random-legal"
OVER = "there is no game to play on: it is over, or was cut off by an opponent that raised; call reset() for the next"


class TurnSetup:
    """A game, one player of which is the caller, and the random streams of all that happens in it.

    Args:
        game: a turn game by name, dict or live.
        role: the player that the caller is; `None` for the first.
        opponent: an agent by name, dict or live, which is all other players.
        options: of the game, where it is given by name.

    Raises:
        ConfigError: no game, or an unknown name, option or player.
    """

    def __init__(
        self, game: Named | TurnGame[Any] | None, role: str | None, opponent: Named | Agent, options: Mapping[str, Any]
    ) -> None:
        if game is None:
            raise ConfigError(
                f"game names what is played, as in game='kuhn'; it is one of {', '.join(turn_games.names())}"
            )
        self.game: TurnGame[Any] = make_turn_game(game, **options)
        self.role = self.game.players[0] if role is None else role
        if self.role not in self.game.players:
            raise ConfigError(f"role must be one of {', '.join(self.game.players)}, got {role!r}")
        self._agents = dict.fromkeys(self.game.players, make_agent(opponent))
        self.seed(0)

    def seed(self, root: int) -> None:
        """Start anew: everything that follows is a function of `root` and the moves made."""
        self._root, self._answer = root, ask_agents(self._agents, python_stream(root, "opponents"))

    def begin(self, episode: int, copy: int = 0) -> Running[Any]:
        """The start of an episode, the same for equal numbers."""
        return Running(self.game.start(start_stream(self._root, episode, copy)))

    def reply(self, games: Sequence[Running[Any]]) -> None:
        """Have the opponents move until the caller is to move, or the game is over."""
        play_on(self.game, games, self._answer, until=self.role)


def start_stream(root: int, episode: int, copy: int = 0) -> random.Random:
    """The stream that the hidden draws of an episode come from."""
    return python_stream(root, "start", episode, copy)


def turn_info(game: TurnGame[Any], running: Running[Any], player: str) -> dict[str, Any]:
    """What a player is told beside its prompt: fresh, and a function of seed and moves alone.

    `role`; `turn`, how many moves were made; `legal`, the moves that can be listed, () where it is not the player's
    turn; `reason`, how the game ended, "" while it runs; `note`, the rule that this player broke, "" for none;
    `rewards` of all players, {} while it runs; `reward_terms`, {"result": its own}.
    """
    mover = game.to_move(running.state)
    rewards, reason = ({}, "") if mover is not None else game.result(running.state)
    broke = reason.startswith(ILLEGAL) and bool(running.turns) and running.turns[-1].player == player
    return {
        "role": player,
        "turn": len(running.turns),
        "legal": tuple(game.legal(running.state)) if mover == player else (),
        "reason": reason,
        "note": reason if broke else "",
        "rewards": dict(rewards),
        "reward_terms": {"result": float(rewards.get(player, 0.0))},
    }
