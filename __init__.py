"""selfplay_gym: language models teach themselves by playing challenger against solver.

    import gymnasium as gym
    import selfplay_gym

    env = gym.make("SelfPlayMath-v0")
    question, info = env.reset(seed=0)
    _, reward, *_ = env.step(r"\\boxed{42}")

Importing registers the environments, those of installed domains included, and the names of all built-in parts; torch,
transformers and sympy are imported when first used. So are the five names for whole runs:

    train(config, run_dir)    a run of self-play: a `RunConfig`, a mapping of changes, or a preset's name
    Run(run_dir)              such a run, to look at: tables, pages, models
    RunConfig                 its settings
    load_agent(name)          a language model, or the checkpoint of a role
    exam(agent)               its held-out exam
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .core.interrupts import answer_while_importing
from .core.starting.required import check_required

answer_while_importing(sys.orig_argv)  # first of all: half a second of imports follows
check_required(sys.orig_argv)
# ruff: noqa: E402

from . import agents, curricula, envs, selfplay, verifiers
from .core.errors import SelfPlayError
from .core.records import Judgement, Outcome, Question, TaskSpec, Verdict
from .core.registries import (
    make_agent,
    make_baseline,
    make_condition,
    make_curriculum,
    make_domain,
    make_generator,
    make_opponents,
    make_perturbation,
    make_policy,
    make_reward,
    make_source,
    make_stage,
    make_tracker,
    make_turn_game,
    make_update,
    make_verifier,
    register_agent,
    register_baseline,
    register_condition,
    register_curriculum,
    register_generator,
    register_opponents,
    register_perturbation,
    register_policy,
    register_reward,
    register_source,
    register_stage,
    register_tracker,
    register_update,
    register_verifier,
)
from .envs import register_domain, register_turn_game

if TYPE_CHECKING:
    from .agents.load import load_agent
    from .selfplay.exams.hold import exam
    from .selfplay.notebook.run import Run
    from .selfplay.notebook.train import train
    from .selfplay.settings.config import RunConfig

__version__ = "0.1.0"

__all__ = [
    "Judgement",
    "Outcome",
    "Question",
    "Run",
    "RunConfig",
    "SelfPlayError",
    "TaskSpec",
    "Verdict",
    "__version__",
    "agents",
    "curricula",
    "envs",
    "exam",
    "load_agent",
    "make_agent",
    "make_baseline",
    "make_condition",
    "make_curriculum",
    "make_domain",
    "make_generator",
    "make_opponents",
    "make_perturbation",
    "make_policy",
    "make_reward",
    "make_source",
    "make_stage",
    "make_tracker",
    "make_turn_game",
    "make_update",
    "make_verifier",
    "register_agent",
    "register_baseline",
    "register_condition",
    "register_curriculum",
    "register_domain",
    "register_generator",
    "register_opponents",
    "register_perturbation",
    "register_policy",
    "register_reward",
    "register_source",
    "register_stage",
    "register_tracker",
    "register_turn_game",
    "register_update",
    "register_verifier",
    "selfplay",
    "train",
    "verifiers",
]

_LAZY = {
    "Run": ".selfplay.notebook.run",
    "RunConfig": ".selfplay.settings.config",
    "exam": ".selfplay.exams.hold",
    "load_agent": ".agents.load",
    "train": ".selfplay.notebook.train",
}
"""Names of the door that are imported when first asked for, with their modules: they bring heavy libraries along."""


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name], __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
