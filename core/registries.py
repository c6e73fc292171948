"""The registries of the package, one per kind of plug-in, and the public functions on them."""

from __future__ import annotations

import contextlib
import inspect
import os
from collections.abc import Mapping
from typing import Any

from .protocols import (
    Agent,
    CompletionSampler,
    Condition,
    Credit,
    Curriculum,
    Domain,
    Generator,
    Opponents,
    OutputPolicy,
    Perturbation,
    QuestionSource,
    RewardRule,
    Stage,
    Tracker,
    TurnGame,
    Update,
    Verifier,
    Workers,
)
from .registry import Registry

_PACKAGE = __package__.rpartition(".")[0]


def _reward_problem(rule: RewardRule) -> str | None:
    """Anything that can be called looks like a reward rule: look at what it takes."""
    if inspect.isbuiltin(rule):
        return "is a built-in function, not a reward"
    with contextlib.suppress(ValueError):  # written in C, without a signature
        try:
            inspect.signature(rule).bind([], [], [])
        except TypeError:
            return "does not take (questions, judgements, attempts)"
    return None


verifiers: Registry[Verifier] = Registry("verifier", "selfplay_gym.verifiers", Verifier)
curricula: Registry[Curriculum] = Registry(
    "curriculum", "selfplay_gym.curricula", Curriculum, room=f"{_PACKAGE}.curricula"
)
agents: Registry[Agent] = Registry("agent", "selfplay_gym.agents", Agent)
generators: Registry[Generator] = Registry("generator", "selfplay_gym.generators", Generator)
rewards: Registry[RewardRule] = Registry(
    "reward", "selfplay_gym.rewards", RewardRule, _reward_problem, f"{_PACKAGE}.envs.rewards", "sum"
)
domains: Registry[Domain] = Registry("domain", "selfplay_gym.domains", Domain)
sources: Registry[QuestionSource] = Registry("source", "selfplay_gym.sources", QuestionSource)
conditions: Registry[Condition] = Registry("condition", "selfplay_gym.conditions", Condition)
perturbations: Registry[Perturbation] = Registry("perturbation", "selfplay_gym.perturbations", Perturbation)
stages: Registry[Stage] = Registry("stage", "selfplay_gym.stages", Stage, room=f"{_PACKAGE}.selfplay.run.stages")
samplers: Registry[CompletionSampler] = Registry("sampler", "selfplay_gym.samplers", CompletionSampler)
updates: Registry[Update] = Registry("update", "selfplay_gym.updates", Update)
policies: Registry[OutputPolicy] = Registry("policy", "selfplay_gym.policies", OutputPolicy)
trackers: Registry[Tracker] = Registry(
    "tracker", "selfplay_gym.trackers", Tracker, room=f"{_PACKAGE}.selfplay.trackers"
)
workers: Registry[Workers] = Registry("workers", "selfplay_gym.workers", Workers)
_TURNS = f"{_PACKAGE}.selfplay.run.turns"
opponents: Registry[Opponents] = Registry("opponents", "selfplay_gym.opponents", Opponents, room=_TURNS)
baselines: Registry[Credit] = Registry("baseline", "selfplay_gym.baselines", Credit, room=_TURNS)
turn_games: Registry[TurnGame[Any]] = Registry("turn game", "selfplay_gym.turn_games", TurnGame)

ALL: dict[str, Registry[Any]] = {
    "verifiers": verifiers,
    "curricula": curricula,
    "agents": agents,
    "generators": generators,
    "rewards": rewards,
    "domains": domains,
    "sources": sources,
    "conditions": conditions,
    "perturbations": perturbations,
    "stages": stages,
    "samplers": samplers,
    "updates": updates,
    "policies": policies,
    "trackers": trackers,
    "turn_games": turn_games,
    "opponents": opponents,
    "baselines": baselines,
    "workers": workers,
}

make_verifier, register_verifier = verifiers.make, verifiers.register
make_curriculum, register_curriculum = curricula.make, curricula.register
register_agent = agents.register
make_generator, register_generator = generators.make, generators.register
make_reward, register_reward = rewards.make, rewards.register
make_domain = domains.make
make_source, register_source = sources.make, sources.register
make_condition, register_condition = conditions.make, conditions.register
make_perturbation, register_perturbation = perturbations.make, perturbations.register
make_stage, register_stage = stages.make, stages.register
make_sampler, register_sampler = samplers.make, samplers.register
make_update, register_update = updates.make, updates.register
make_policy, register_policy = policies.make, policies.register
make_tracker, register_tracker = trackers.make, trackers.register
make_turn_game = turn_games.make
make_opponents, register_opponents = opponents.make, opponents.register
make_baseline, register_baseline = baselines.make, baselines.register
make_workers, register_workers = workers.make, workers.register


def make_agent(what: str | Mapping[str, Any] | Agent, **options: Any) -> Agent:
    """See `Registry.make`; a folder is the model in it, as `llm:FOLDER` is."""
    if isinstance(what, str) and os.path.isdir(what) and what not in agents.names():
        what = f"llm:{what}"
    return agents.make(what, **options)


def env_id(domain: str) -> str:
    """The Gymnasium id of a domain: "math" is played as `SelfPlayMath-v0`, "word-logic" as `SelfPlayWordLogic-v0`."""
    words = "".join(letter if letter.isalnum() else " " for letter in domain).split()
    return f"SelfPlay{''.join(word[:1].upper() + word[1:] for word in words)}-v0"
