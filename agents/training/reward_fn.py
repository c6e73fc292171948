"""The function that gives a training step its rewards, and the check that they can be learnt from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ...core.errors import ConfigError

RewardFn = Callable[[Sequence[str], list[list[str]]], Sequence[Sequence[float]]]
"""Prompts and the completions of each → a finite number for every completion."""


def checked_rewards(given: Sequence[Sequence[float]], groups: int, samples: int) -> Tensor:
    """What a `RewardFn` gave as (groups, samples) in float64.

    Raises:
        ConfigError: another shape, or a reward that is not finite.
    """
    if len(given) != groups or any(len(row) != samples for row in given):
        shape = sorted({len(row) for row in given})
        raise ConfigError(f"reward_fn must return {groups} lists of {samples} numbers, got {len(given)} of {shape}")
    rewards = torch.tensor([[float(value) for value in row] for row in given], dtype=torch.float64)
    if not bool(rewards.isfinite().all()):
        bad = (~rewards.isfinite()).nonzero()[0].tolist()
        raise ConfigError(
            f"reward_fn gave {float(rewards[bad[0], bad[1]])} for prompt {bad[0]}, sample {bad[1]}: rewards are finite "
            "numbers; give an undecided attempt the reward you mean, or leave its group out"
        )
    return rewards
