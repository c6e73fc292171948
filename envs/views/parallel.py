"""All roles as a PettingZoo parallel environment: two or three cycles an episode.

    cycle   who is heard      whose action is ignored
    ask     challenger_0      the solvers'
    answer  solver_0 …        the challenger's
    test    tester_0          everybody else's (code game, when a program was asked for)

A malformed proposal is followed by the next ask. Rules, rewards and infos are those of the AEC environment, which plays
underneath; observations are its observations at the same moment.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
from gymnasium.error import ResetNeeded
from pettingzoo import ParallelEnv

from ...core.errors import ConfigError
from .aec import CHALLENGER, SelfPlayAEC

Actions = dict[str, str]
Cycle = tuple[dict[str, Any], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]]


class SelfPlayParallel(ParallelEnv):  # type: ignore[misc]
    """The parallel view of an AEC game.

    Args:
        game: the AEC environment that is played.
    """

    metadata: dict[str, Any] = {**SelfPlayAEC.metadata, "is_parallelizable": True}  # noqa: RUF012 - as PettingZoo has it

    def __init__(self, game: SelfPlayAEC) -> None:
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
        """Begin an episode, see `SelfPlayAEC.reset`."""
        self.game.reset(seed, options)
        self.agents = list(self.game.agents)
        return self._observations(), {agent: {} for agent in self.agents}

    def step(self, actions: Actions) -> Cycle:
        """One cycle: the challenger's action while it is asked, else the solvers'.

        Raises:
            ResetNeeded: there was no `reset` yet, or all agents are done.
            ConfigError: an agent that is heard in this cycle gives no action.
        """
        if not self.agents:
            raise ResetNeeded("nobody is playing; call reset() first")
        game, agents = self.game, self.agents
        rewards = dict.fromkeys(agents, 0.0)
        infos: dict[str, dict[str, Any]] = {agent: {} for agent in agents}
        moving = game.agent_selection
        heard = [CHALLENGER] if moving == CHALLENGER else game.testers if moving in game.testers else game.solvers
        missing = [agent for agent in heard if agent not in actions]
        if missing:
            raise ConfigError(f"step needs an action of {', '.join(missing)} in this cycle, got {sorted(actions)}")
        before = game.played
        for agent in heard:
            game.step(actions[agent])
        if game.played is not before:
            rewards.update(game.rewards)
            infos.update(game.infos)
        terminations, observations = dict(game.terminations), self._observations()
        if all(terminations.values()):
            self.agents = []
        return observations, rewards, terminations, dict.fromkeys(agents, False), infos

    def render(self) -> str | None:
        """See `SelfPlayAEC.render`."""
        return self.game.render()

    def close(self) -> None:
        """Nothing is held open."""

    def _observations(self) -> dict[str, Any]:
        return {agent: self.game.observe(agent) for agent in self.agents}
