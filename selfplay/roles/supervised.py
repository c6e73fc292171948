"""Supervised steps of a role, on pairs of a prompt and a completion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...agents.training.sft import SFTConfig
    from .role import Role

LAST = 10
"""Steps that the loss at the end is a mean of."""


def take_supervised_steps(
    role: Role,
    batch: Callable[[int], Sequence[tuple[str, str]]],
    settings: SFTConfig,
    count: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Train a role; what is logged of it: steps, and the loss first and last, in nats per token.

    Args:
        batch: the pairs of a step, a function of its number alone.
        count: told of steps done, and of how many.
    """
    from ...agents.training.sft import train_sft

    agent, losses = role.agent, []
    with agent.active():
        taught = train_sft(
            agent.model, agent.tokenizer, batch, settings, prompt_ids=agent.prompt_ids, counted=agent.counted
        )
        for loss in taught:
            losses.append(loss)
            count(len(losses), settings.steps)
    last = losses[-LAST:]
    return {"trained": role.name, "sft_steps": len(losses), "first_loss": losses[0], "last_loss": sum(last) / len(last)}
