"""All players of a turn game as a PettingZoo AEC environment; its agents are the game's players.

Each step is the move of `agent_selection`. When a game is over everybody gets its reward, and after `episodes` of them
all agents are done. Observations are `{"prompt": text, "episode": [k]}`; "" stands for a prompt where it is not the
agent's turn: what one player reads, no other sees. `infos`: see `setup.turn_info`; where a game has just ended and the
next begun, they are of the next one, and `final_info` of the one that ended.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np

from ....core.errors import ConfigError
from ....core.protocols import TurnGame
from ...turns.play import Running
from ..aec_base import TextAEC
from ..rendering import MODES, Drawing
from ..spaces import MAX_COMPLETION, Text
from .setup import start_stream, turn_info


class TurnAEC(TextAEC):
    """A turn game that is played from outside by all its players.

    Args:
        game: the rules.
        episodes: games until all agents are done, ≥ 1.
        render_mode: "ansi", "html", "human" or `None`.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 - PettingZoo's convention
        "name": "selfplay_turns_v0",
        "render_modes": list(MODES),
        "is_parallelizable": False,  # one agent moves at a time
    }

    def __init__(self, game: TurnGame[Any], *, episodes: int = 1, render_mode: str | None = None) -> None:
        super().__init__(game.players, partial(_observation_space, episodes), episodes, render_mode)
        self.game = game

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """See `TextAEC`."""
        super().reset(seed, options)
        self.infos = self._infos(self._running)

    def observe(self, agent: str) -> dict[str, Any]:
        """What an agent sees now."""
        self._check_begun()
        turn = agent == self.agent_selection and not self.terminations[agent]
        return {
            "prompt": self.game.prompt(self._running.state) if turn else "",
            "episode": np.array([min(self.episode, self.episodes)], dtype=np.int64),
        }

    def _seed(self, root: int) -> None:
        self._root, self._begun = root, 0

    def _begin_episode(self) -> None:
        self._last: Running[Any] | None = None if self.episode == 0 else self._running
        self._running: Running[Any] = Running(self.game.start(start_stream(self._root, self._begun)))
        self._begun += 1
        player = self.game.to_move(self._running.state)
        if player is None:
            raise ConfigError(f"the game {self.game.name!r} is over before anybody moves; nobody can play it")
        self.agent_selection = player

    def _move(self, agent: str, text: str) -> None:
        running = self._running
        running.move(self.game, agent, self.game.prompt(running.state), text)
        following = self.game.to_move(running.state)
        self.infos = ended = self._infos(running)
        if following is not None:
            self.agent_selection = following
            return
        rewards, _ = self.game.result(running.state)
        self.rewards = {agent: float(rewards[agent]) for agent in self.agents}
        self._end_episode()
        if self._running is not running:  # the next game has begun
            begun = self._infos(self._running)
            self.infos = {agent: {**begun[agent], "final_info": ended[agent]} for agent in self.agents}

    def _drawn(self, drawing: Drawing) -> str:
        """The game so far, or the last one before the first move of the next."""
        shown = self._running if self._running.turns or self._last is None else self._last
        return drawing.show_turns(f"{self.game.name} · game {self.episode}", self.game, shown)

    def _infos(self, running: Running[Any]) -> dict[str, dict[str, Any]]:
        return {agent: turn_info(self.game, running, agent) for agent in self.agents}


def _observation_space(episodes: int) -> gym.spaces.Dict:
    return gym.spaces.Dict({"prompt": Text(MAX_COMPLETION), "episode": gym.spaces.Box(0, episodes, (1,), np.int64)})
