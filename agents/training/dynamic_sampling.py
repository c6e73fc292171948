"""Dynamic sampling (DAPO, arXiv 2503.14476 §3.2): where all rewards of a group are equal, another prompt is drawn.

A group without variance teaches nothing. A group of another prompt replaces it in the batch, in at most `draws` further
draws; where that does not help, it stays as it was. DAPO goes on until the batch is full; here the limit bounds what a
step can cost.

What it estimates: a group was kept *because* its rewards differ, so the mean over the batch no longer estimates the
gradient, but the gradient given that. Groups without variance have gradient exactly 0 (KL terms aside). So where more
prompts are drawn as the first ones were, the expectation is that without dynamic sampling times

    1 + (1 − p) + … + (1 − p)^draws  =  (1 − (1 − p)^(draws + 1)) / p,

p the share of groups with variance: the same direction, a longer step, by at most 1/p. The gain is less noise per
update. Drawing the *same* prompts again would give each prompt a factor of its own and favour those that are almost
always, or almost never, answered right; that is not offered. Losses that are means over tokens (bnpo, dapo, …) follow
the formula as far as lengths do not depend on the variance of the rewards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from ...core.errors import ConfigError
from ...core.seeding import integer_seed
from ..grpo import zero_variance_groups
from ..inference.interface.samples import Samples
from .config import StepMetrics
from .reward_fn import RewardFn


@dataclass(frozen=True)
class Draw:
    """What one call of the sampler brought: completions of U prompts, G each, and their rewards (U, G)."""

    samples: Samples
    rewards: Tensor

    def with_groups(self, replaced: Mapping[int, int], other: Draw) -> Draw:
        """The same draw with group j of `other` instead of group i, for each i → j in `replaced`."""
        if not replaced:
            return self
        mine, theirs = self.samples, other.samples
        into, out = (_rows(list(groups), mine.n, mine.tokens.device) for groups in (replaced, replaced.values()))
        width = max(mine.tokens.shape[1], theirs.tokens.shape[1])
        tensors: dict[str, Any] = {}
        names = ("tokens", "logps", "lengths", "finished", *(["own"] if mine.own is not None else []))
        for name in names:
            held, found = _widened(getattr(mine, name), width), _widened(getattr(theirs, name), width)
            tensors[name] = held.index_copy(0, into, found[out])
        texts, prompts, rewards = list(mine.texts), list(mine.prompt_ids), self.rewards.clone()
        drawn_by = None if mine.drawn_by is None else list(mine.drawn_by)
        for index, group in replaced.items():
            texts[index], prompts[index] = theirs.texts[group], theirs.prompt_ids[group]
            rewards[index] = other.rewards[group]
            if drawn_by is not None and theirs.drawn_by is not None:
                drawn_by[index * mine.n : (index + 1) * mine.n] = theirs.drawn_by[group * mine.n : (group + 1) * mine.n]
        changed = {"drawn_by": None if drawn_by is None else tuple(drawn_by), "activations": None, **tensors}
        return Draw(replace(mine, texts=texts, prompt_ids=prompts, **changed), rewards)


@dataclass(frozen=True)
class DynamicSampling:
    """Where more prompts come from.

    Attributes:
        draws: further draws for one batch, at most.
        more: given a number n, returns at most n prompts, drawn like the first ones, and their reward function.
    """

    draws: int
    more: Callable[[int], tuple[Sequence[str], RewardFn]]

    def __post_init__(self) -> None:
        if self.draws < 0:
            raise ConfigError(f"draws must be >= 0, got {self.draws!r}")

    def fill(self, first: Draw, draw: Callable[[Sequence[str], RewardFn, int], Draw], seed: int) -> list[Draw]:
        """Draw until every group of the batch has variance, the prompts run out, or the limit is reached.

        Args:
            draw: samples prompts under a seed, and their rewards.
            seed: of the first draw; the others follow from it.

        Returns:
            The batch, the first draw, and the further draws.
        """
        batch, draws = first, [first]
        for number in range(self.draws):
            unvaried = zero_variance_groups(batch.rewards).nonzero().flatten().tolist()
            prompts, reward_fn = self.more(len(unvaried)) if unvaried else ([], None)
            if reward_fn is None or not prompts:
                break
            # The stream keeps its first name, so that runs repeat.
            fresh = draw(prompts, reward_fn, integer_seed(seed, "refill", number))
            varied = (~zero_variance_groups(fresh.rewards)).nonzero().flatten().tolist()
            batch = batch.with_groups(dict(zip(unvaried, varied, strict=False)), fresh)
            draws.append(fresh)
        return [batch, *draws]


def draw_metrics(draws: Sequence[Draw]) -> StepMetrics:
    """What is known of a step's completions before anything is learnt from them."""
    rewards = torch.cat([draw.rewards for draw in draws])
    behind = [policy.behind for draw in draws for policy in draw.samples.drawn_by or ()]
    lengths, finished = (torch.cat([getattr(draw.samples, name) for draw in draws]) for name in ("lengths", "finished"))
    return StepMetrics(
        mean_reward=float(rewards.mean()),
        reward_std=float(rewards.std(correction=0)),
        zero_variance_share=float(zero_variance_groups(rewards).double().mean()),
        groups_drawn=len(rewards),
        mean_length=float(lengths.double().mean()),
        truncated_share=float((~finished).double().mean()),
        staleness=max(behind, default=None),
    )


def _rows(groups: list[int], n: int, device: torch.device) -> Tensor:
    """Rows of some groups, group by group."""
    return (torch.tensor(groups, device=device)[:, None] * n + torch.arange(n, device=device)).flatten()


def _widened(tensor: Tensor, width: int) -> Tensor:
    """A tensor (R, T) padded with 0 on the right; one without columns as it is."""
    return tensor if tensor.dim() == 1 else torch.nn.functional.pad(tensor, (0, width - tensor.shape[1]))
