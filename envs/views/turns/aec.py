"""All players of a turn game as a PettingZoo AEC environment; its agents are the game's players.

Each step is the move of `agent_selection`. When a game is over everybody gets its reward, and after `episodes` of them
all agents are done. Observations are `{"prompt": text, "episode": [k]}`; "" stands for a prompt where it is not the
agent's turn: what one player reads, no other sees. `infos`: see `setup.turn_info`.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.error import ResetNeeded
from pettingzoo import AECEnv

from ....core.errors import ConfigError
from ....core.protocols import TurnGame
from ....core.seeding import fresh_seed
from ...turns.play import Running
from ..rendering import check_mode, show_turns
from ..setup import check_episodes
from ..spaces import MAX_COMPLETION, Text
from .setup import start_stream, turn_info


class TurnAEC(AECEnv):  # type: ignore[misc]
    """A turn game that is played from outside by all its players.

    Args:
        game: the rules.
        episodes: games until all agents are done, ≥ 1.
        render_mode: "ansi", "human" or `None`.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 - PettingZoo's convention
        "name": "selfplay_turns_v0",
        "render_modes": ["ansi", "human"],
        "is_parallelizable": False,  # one agent moves at a time
    }

    def __init__(self, game: TurnGame[Any], *, episodes: int = 1, render_mode: str | None = None) -> None:
        super().__init__()
        check_mode(render_mode)
        check_episodes(episodes)
        self.game, self.episodes, self.render_mode = game, episodes, render_mode
        self.possible_agents = list(game.players)
        self._observation_spaces = {agent: _observation_space(episodes) for agent in self.possible_agents}
        self._action_spaces = {agent: Text(MAX_COMPLETION) for agent in self.possible_agents}
        self._root: int | None = None
        self._begun = 0
        self.agents: list[str] = []
        self.agent_selection = self.possible_agents[0]

    def observation_space(self, agent: str) -> gym.Space[Any]:
        return self._observation_spaces[agent]

    def action_space(self, agent: str) -> gym.Space[Any]:
        return self._action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Begin with the first game; a seed starts everything anew, `None` goes on drawing. Options are ignored."""
        if seed is not None or self._root is None:
            self._root, self._begun = fresh_seed() if seed is None else int(seed), 0
        self.agents = list(self.possible_agents)
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self.terminations = dict.fromkeys(self.agents, False)
        self.truncations = dict.fromkeys(self.agents, False)
        self.episode = 0
        self._begin_game()
        self.infos = self._infos(self._running)

    def observe(self, agent: str) -> dict[str, Any]:
        """What an agent sees now."""
        turn = agent == self.agent_selection and not self.terminations[agent]
        return {
            "prompt": self.game.prompt(self._running.state) if turn else "",
            "episode": np.array([min(self.episode, self.episodes)], dtype=np.int64),
        }

    def step(self, action: str | None) -> None:
        """The move of `agent_selection`; `None` for an agent that is done."""
        self._check_begun()
        agent = self.agent_selection
        if self.terminations[agent] or self.truncations[agent]:
            self._was_dead_step(action)
            return
        if not isinstance(action, str):
            raise ConfigError(f"an action of {agent} is a str, got {type(action).__name__}")
        self._cumulative_rewards[agent] = 0.0
        self._clear_rewards()
        running = self._running
        running.move(self.game, agent, self.game.prompt(running.state), action)
        following = self.game.to_move(running.state)
        self.infos = self._infos(running)
        if following is None:
            self._end_game(running)
        else:
            self.agent_selection = following
        self._accumulate_rewards()

    def render(self) -> str | None:
        """The game so far, or the last one before the first move of the next, as text ("ansi"); "human" prints it."""
        self._check_begun()
        if self.render_mode is None:
            return None
        shown = self._running if self._running.turns or self._last is None else self._last
        drawing = show_turns(f"{self.game.name} · game {self.episode}", self.game, shown)
        if self.render_mode == "human":
            print(drawing)
            return None
        return drawing

    def close(self) -> None:
        """Nothing is held open."""

    def _check_begun(self) -> None:
        if self._root is None:
            raise ResetNeeded("there is no game yet; call reset() first")

    def _begin_game(self) -> None:
        assert self._root is not None
        self._last: Running[Any] | None = None if self.episode == 0 else self._running
        self._running: Running[Any] = Running(self.game.start(start_stream(self._root, self._begun)))
        self._begun += 1
        player = self.game.to_move(self._running.state)
        if player is None:
            raise ConfigError(f"the game {self.game.name!r} is over before anybody moves; nobody can play it")
        self.agent_selection = player

    def _end_game(self, running: Running[Any]) -> None:
        rewards, _ = self.game.result(running.state)
        self.rewards = {agent: float(rewards[agent]) for agent in self.agents}
        self.episode += 1
        if self.episode < self.episodes:
            self._begin_game()
            return
        self.terminations = dict.fromkeys(self.agents, True)
        self.agent_selection = self.agents[0]

    def _infos(self, running: Running[Any]) -> dict[str, dict[str, Any]]:
        return {agent: turn_info(self.game, running, agent) for agent in self.agents}


def _observation_space(episodes: int) -> gym.spaces.Dict:
    return gym.spaces.Dict({"prompt": Text(MAX_COMPLETION), "episode": gym.spaces.Box(0, episodes, (1,), np.int64)})
