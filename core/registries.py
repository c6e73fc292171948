"""The five registries of the package and the public functions on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from .protocols import Agent, Curriculum, Generator, Verifier
from .registry import Registry


@runtime_checkable
class RewardShape(Protocol):
    """A reward term of the challenger; see `selfplay_gym.envs.rewards.challenger`."""

    __call__: Callable[..., Any]


verifiers: Registry[Verifier] = Registry("verifier", "selfplay_gym.verifiers", Verifier)
curricula: Registry[Curriculum] = Registry("curriculum", "selfplay_gym.curricula", Curriculum)
agents: Registry[Agent] = Registry("agent", "selfplay_gym.agents", Agent)
generators: Registry[Generator] = Registry("generator", "selfplay_gym.generators", Generator)
rewards: Registry[RewardShape] = Registry("reward", "selfplay_gym.rewards", RewardShape)

ALL: dict[str, Registry[Any]] = {
    "verifiers": verifiers,
    "curricula": curricula,
    "agents": agents,
    "generators": generators,
    "rewards": rewards,
}

make_verifier, register_verifier = verifiers.make, verifiers.register
make_curriculum, register_curriculum = curricula.make, curricula.register
make_agent, register_agent = agents.make, agents.register
make_generator, register_generator = generators.make, generators.register
make_reward, register_reward = rewards.make, rewards.register
