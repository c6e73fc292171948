"""All players of a turn game as a PettingZoo parallel environment: a cycle is one move, other actions are ignored.

Rules, rewards and infos are those of the AEC environment, which plays underneath; whose turn it is, an agent sees by
its prompt, which is "" for all others.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
from gymnasium.error import ResetNeeded
from pettingzoo import ParallelEnv

from ....core.errors import ConfigError
from .aec import TurnAEC

Actions = dict[str, str]
Cycle = tuple[dict[str, Any], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]]


class TurnParallel(ParallelEnv):  # type: ignore[misc]
    """The parallel view of a turn game.

    Args:
        game: the AEC environment that is played.
    """

    metadata: dict[str, Any] = {**TurnAEC.metadata, "is_parallelizable": True}  # noqa: RUF012 - as PettingZoo has it

    def __init__(self, game: TurnAEC) -> None:
        self.game = game
        self.possible_agents = game.possible_agents
        self.render_mode = game.render_mode
        self.agents: list[str] = []

    def observation_space(self, agent: str) -> gym.Space[Any]:
        return self.game.observation_space(agent)

    def action_space(self, agent: str) -> gym.Space[Any]:
        return self.game.action_space(agent)

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """Begin with the first game, see `TurnAEC.reset`."""
        self.game.reset(seed, options)
        self.agents = list(self.game.agents)
        return self._observations(), self.game.infos

    def step(self, actions: Actions) -> Cycle:
        """One move.

        Raises:
            ResetNeeded: there was no `reset` yet, or all agents are done.
            ConfigError: the agent whose turn it is gives no action.
        """
        if not self.agents:
            raise ResetNeeded("nobody is playing; call reset() first")
        game, agents = self.game, self.agents
        mover = game.agent_selection
        if mover not in actions:
            raise ConfigError(f"step needs an action of {mover}, whose turn it is, got {sorted(actions)}")
        game.step(actions[mover])
        observations, terminations = self._observations(), dict(game.terminations)
        if all(terminations.values()):
            self.agents = []
        return observations, dict(game.rewards), terminations, dict.fromkeys(agents, False), game.infos

    def render(self) -> str | None:
        """See `TurnAEC.render`."""
        return self.game.render()

    def close(self) -> None:
        """Nothing is held open."""

    def _observations(self) -> dict[str, Any]:
        return {agent: self.game.observe(agent) for agent in self.agents}
