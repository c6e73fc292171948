"""Public conformance checks for plug-in authors, one for every kind of plug-in."""

from .core.conformance import (
    check_agent,
    check_baseline,
    check_condition,
    check_curriculum,
    check_domain,
    check_generator,
    check_opponents,
    check_perturbation,
    check_policy,
    check_reward,
    check_source,
    check_stage,
    check_tracker,
    check_turn_game,
    check_update,
    check_verifier,
)

__all__ = [
    "check_agent",
    "check_baseline",
    "check_condition",
    "check_curriculum",
    "check_domain",
    "check_generator",
    "check_opponents",
    "check_perturbation",
    "check_policy",
    "check_reward",
    "check_source",
    "check_stage",
    "check_tracker",
    "check_turn_game",
    "check_update",
    "check_verifier",
]
