"""selfplay_gym: language models teach themselves by playing challenger against solver.

    import gymnasium as gym
    import selfplay_gym

    env = gym.make("SelfPlayMath-v0")
    question, info = env.reset(seed=0)
    _, reward, *_ = env.step(r"\\boxed{42}")

Importing registers the environments, those of installed domains included, and the names of all built-in parts; torch,
transformers and sympy are imported when first used.
"""

from . import agents, curricula, envs, selfplay, verifiers
from .core.errors import SelfPlayError
from .core.records import Judgement, Outcome, Question, TaskSpec, Verdict
from .core.registries import (
    make_agent,
    make_curriculum,
    make_domain,
    make_generator,
    make_reward,
    make_source,
    make_stage,
    make_verifier,
    register_agent,
    register_curriculum,
    register_generator,
    register_reward,
    register_source,
    register_stage,
    register_verifier,
)
from .envs import register_domain

__version__ = "0.1.0"

__all__ = [
    "Judgement",
    "Outcome",
    "Question",
    "SelfPlayError",
    "TaskSpec",
    "Verdict",
    "__version__",
    "agents",
    "curricula",
    "envs",
    "make_agent",
    "make_curriculum",
    "make_domain",
    "make_generator",
    "make_reward",
    "make_source",
    "make_stage",
    "make_verifier",
    "register_agent",
    "register_curriculum",
    "register_domain",
    "register_generator",
    "register_reward",
    "register_source",
    "register_stage",
    "register_verifier",
    "selfplay",
    "verifiers",
]
