"""What all parallel environments over an AEC environment share: it plays underneath, and is observed at every cycle."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, TypeAlias

import gymnasium as gym
from gymnasium.error import ResetNeeded
from pettingzoo import ParallelEnv

from .aec_base import TextAEC

Actions: TypeAlias = dict[str, str]
Infos: TypeAlias = dict[str, dict[str, Any]]
Cycle: TypeAlias = tuple[dict[str, Any], dict[str, float], dict[str, bool], dict[str, bool], Infos]


class TextParallel(ParallelEnv):  # type: ignore[misc]
    """The parallel view of an AEC environment.

    Args:
        game: the AEC environment that is played.
    """

    def __init__(self, game: TextAEC) -> None:
        self.game = game
        self.possible_agents = game.possible_agents
        self.render_mode = game.render_mode
        self.agents: list[str] = []

    def observation_space(self, agent: str) -> gym.Space[Any]:
        return self.game.observation_space(agent)

    def action_space(self, agent: str) -> gym.Space[Any]:
        return self.game.action_space(agent)

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict[str, Any], Infos]:
        """Begin with the first episode, see `TextAEC.reset`."""
        self.game.reset(seed, options)
        self.agents = list(self.game.agents)
        return self._observations(), dict(self.game.infos)

    def step(self, actions: Actions) -> Cycle:
        """One cycle.

        Raises:
            ResetNeeded: there was no `reset` yet, or all agents are done.
            ConfigError: an agent that is heard in this cycle gives no action.
        """
        if not self.agents:
            raise ResetNeeded("nobody is playing; call reset() first")
        agents = self.agents
        rewards, infos = self._cycle(actions)
        observations, terminations = self._observations(), dict(self.game.terminations)
        if all(terminations.values()):
            self.agents = []
        return observations, rewards, terminations, dict.fromkeys(agents, False), infos

    @abstractmethod
    def _cycle(self, actions: Actions) -> tuple[dict[str, float], Infos]:
        """Make the moves of a cycle; the rewards and infos of all agents."""

    def render(self) -> str | None:
        """See `TextAEC.render`."""
        return self.game.render()

    def _repr_html_(self) -> str | None:
        """What a notebook shows."""
        return self.game._repr_html_()

    def close(self) -> None:
        """Nothing is held open."""

    def _observations(self) -> dict[str, Any]:
        return {agent: self.game.observe(agent) for agent in self.agents}
