"""What all AEC environments of texts share: spaces, seeds, whose move it is, and the ends of episodes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gymnasium as gym
from gymnasium.error import ResetNeeded
from pettingzoo import AECEnv

from ...core.errors import ConfigError
from ...core.seeding import fresh_seed
from .rendering import HTML, TEXT, Drawing, check_mode, drawing_of
from .setup import check_episodes, check_reset_options, whole_seed
from .spaces import MAX_COMPLETION, Text


class TextAEC(AECEnv):  # type: ignore[misc]
    """Agents that write texts, one after the other, for a number of episodes.

    Args:
        agents: who plays, by name; the first one begins.
        observation_space: makes what an agent sees, one for each.
        episodes: until all agents are done, ≥ 1.
        render_mode: "ansi", "html", "human" or `None`.

    Raises:
        ConfigError: an unknown mode, or no episode.
    """

    def __init__(
        self,
        agents: Sequence[str],
        observation_space: Callable[[], gym.Space[Any]],
        episodes: int,
        render_mode: str | None,
    ) -> None:
        super().__init__()
        check_mode(render_mode)
        check_episodes(episodes)
        self.episodes, self.render_mode = episodes, render_mode
        self.possible_agents = list(agents)
        self._observation_spaces = {agent: observation_space() for agent in agents}
        self._action_spaces = {agent: Text(MAX_COMPLETION) for agent in agents}
        self._seeded = False
        self.agents: list[str] = []
        self.agent_selection = self.possible_agents[0]

    def observation_space(self, agent: str) -> gym.Space[Any]:
        return self._observation_spaces[agent]

    def action_space(self, agent: str) -> gym.Space[Any]:
        return self._action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Begin with the first episode; a seed starts everything anew, `None` goes on drawing. Options are
        ignored, as PettingZoo's own tests of an environment hand some over.

        Raises:
            ConfigError: a seed that is no whole number, or options that are no mapping.
        """
        check_reset_options(options, tuple(options) if isinstance(options, Mapping) else ())
        if seed is not None or not self._seeded:
            self._seed(fresh_seed() if seed is None else whole_seed(seed))
            self._seeded = True
        self.agents = list(self.possible_agents)
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self.terminations = dict.fromkeys(self.agents, False)
        self.truncations = dict.fromkeys(self.agents, False)
        self.infos: dict[str, dict[str, Any]] = {agent: {} for agent in self.agents}
        self.episode = 0
        self._begin_episode()

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
        self._move(agent, action)
        self._accumulate_rewards()

    def render(self) -> str | None:
        """What there is to see, as text ("ansi") or HTML ("html"); "human" prints it."""
        self._check_begun()
        if self.render_mode == "human":
            print(self._drawn(TEXT))
        drawing = drawing_of(self.render_mode)
        return None if drawing is None else self._drawn(drawing)

    def _repr_html_(self) -> str | None:
        """What a notebook shows, whatever the render mode; `None` before the first `reset`."""
        return self._drawn(HTML) if self._seeded else None

    def close(self) -> None:
        """Nothing is held open."""

    # --- what a game adds ---

    @abstractmethod
    def _seed(self, root: int) -> None:
        """Start all random streams anew."""

    @abstractmethod
    def _begin_episode(self) -> None:
        """Begin episode `self.episode`, and set `agent_selection`."""

    @abstractmethod
    def _move(self, agent: str, text: str) -> None:
        """Make a move, and set `agent_selection`, or reward everybody and call `_end_episode`."""

    @abstractmethod
    def _drawn(self, drawing: Drawing) -> str:
        """The present episode, or the last one where the present one has not begun to be played."""

    # --- for the game ---

    def _check_begun(self) -> None:
        if not self._seeded:
            raise ResetNeeded("there is no game yet; call reset() first")

    def _end_episode(self) -> None:
        """Go on with the next episode, or be done."""
        self.episode += 1
        if self.episode < self.episodes:
            self._begin_episode()
            return
        self.terminations = dict.fromkeys(self.agents, True)
        self.agent_selection = self.possible_agents[0]
