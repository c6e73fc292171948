"""The function that gives a training step its rewards, and the check that they can be learnt from.

One that also needs to know how completions were sampled has a method `of_samples`, which is called in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from ...core.errors import ConfigError
from ..inference.interface.samples import Samples

RewardFn = Callable[[Sequence[str], list[list[str]]], Sequence[Sequence[float]]]
"""Prompts and the completions of each → a finite number for every completion."""


@runtime_checkable
class SampleReward(Protocol):
    """A `RewardFn` that also rewards what only a sampler knows: tokens and their log-probabilities."""

    def of_samples(self, prompts: Sequence[str], drawn: Samples) -> Sequence[Sequence[float]]:
        """A finite number for every completion of `drawn`, which belong to the prompts in order."""
        ...


def rewards_of(reward_fn: RewardFn, prompts: Sequence[str], drawn: Samples) -> Sequence[Sequence[float]]:
    """The rewards of samples, by whatever the function looks at."""
    if isinstance(reward_fn, SampleReward):
        return reward_fn.of_samples(prompts, drawn)
    return reward_fn(prompts, drawn.texts)


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
