"""What an update makes smaller: the loss of a policy gradient, or the cross-entropy of completions to be learnt.

A third one, for pairs of which one is preferred, is in `preferences/`.

An objective is a value that can be sent to other processes. Its loss is over one part of a batch; those of the parts
add up to that of the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor

from ..grpo import grpo_loss, sampler_correction
from .batch import Batch
from .config import GRPOConfig

Diagnostics = dict[str, Tensor]


class Objective(Protocol):
    """What an update makes smaller.

    Attributes:
        measures: names of the diagnostics that are means.
        greatest: names of those of which the greatest counts.
        together: so many rows in a row of a batch belong together, and are always in one part.
        refers: whether the loss needs the log-probabilities of the reference.
        epochs: passes over a batch. minibatches: updates per pass, each with its share of the rows.
        weight_decay: of matrices, per unit of learning rate.
        restarts: whether the optimiser's running means begin anew with this update.
    """

    @property
    def measures(self) -> tuple[str, ...]: ...

    greatest: ClassVar[tuple[str, ...]]
    together: ClassVar[int]

    @property
    def refers(self) -> bool: ...
    @property
    def epochs(self) -> int: ...
    @property
    def minibatches(self) -> int: ...
    @property
    def weight_decay(self) -> float: ...
    @property
    def restarts(self) -> bool: ...

    def weight(self, part: Batch) -> float:
        """What the means of a part count in those of the batch, such as its tokens."""
        ...

    def loss(self, logp: Tensor, old: Tensor, part: Batch, ref: Tensor | None) -> tuple[Tensor, Diagnostics]:
        """The loss of one part, and diagnostics.

        Args:
            logp: (R, T) under the model being trained.
            old: (R, T) the same before the first epoch.
            ref: (R, T) under the reference; `None` without one.
        """
        ...


@dataclass(frozen=True, slots=True)
class PolicyGradient:
    """The GRPO family, see `agents.grpo`.

    Attributes:
        config: which member, and how.
        max_tokens: longest completion allowed.
        on_policy: whether the trained model itself drew the completions.
    """

    greatest: ClassVar[tuple[str, ...]] = ("ratio_max",)
    together: ClassVar[int] = 1
    restarts: ClassVar[bool] = False
    config: GRPOConfig
    max_tokens: int
    on_policy: bool

    @property
    def measures(self) -> tuple[str, ...]:
        return ("kl", "entropy", "clip_share", *(() if self.on_policy else ("sampler_gap",)))

    @property
    def refers(self) -> bool:
        return self.config.kl_weight > 0

    @property
    def epochs(self) -> int:
        return self.config.epochs

    @property
    def minibatches(self) -> int:
        return self.config.minibatches

    @property
    def weight_decay(self) -> float:
        return self.config.weight_decay

    def weight(self, part: Batch) -> float:
        """See `Objective.weight`: tokens."""
        return float(part.mask.sum())

    def loss(self, logp: Tensor, old: Tensor, part: Batch, ref: Tensor | None) -> tuple[Tensor, Diagnostics]:
        """See `Objective.loss`."""
        config = self.config
        loss, diagnostics = grpo_loss(
            logp,
            old,
            part.advantages,
            part.mask,
            ref_logp=ref,
            loss_type=config.loss_type,
            clip_low=config.clip_low,
            clip_high=config.clip_high,
            beta=config.kl_weight,
            max_tokens=self.max_tokens,
            kl_estimator=config.kl_estimator,
            kl_corrected=config.kl_corrected,
            importance=None if self.on_policy else _off_policy_weights(old, part),
            rows_total=part.rows_total,
            tokens_total=part.tokens_total,
        )
        return loss, diagnostics if self.on_policy else {**diagnostics, "sampler_gap": sampler_gap(old, part)}


@dataclass(frozen=True, slots=True)
class CrossEntropy:
    """Mean cross-entropy per token of the completions, in nats: supervised learning. It has no KL term."""

    measures: ClassVar[tuple[str, ...]] = ()
    greatest: ClassVar[tuple[str, ...]] = ()
    together: ClassVar[int] = 1
    refers: ClassVar[bool] = False
    epochs: ClassVar[int] = 1
    minibatches: ClassVar[int] = 1
    weight_decay: float = 0.01
    restarts: bool = False

    def weight(self, part: Batch) -> float:
        """See `Objective.weight`: tokens."""
        return float(part.mask.sum())

    def loss(self, logp: Tensor, old: Tensor, part: Batch, ref: Tensor | None) -> tuple[Tensor, Diagnostics]:
        """See `Objective.loss`."""
        return cross_entropy(logp * part.mask, part.tokens_total), {}


def sums_of(objective: Objective, seen: Sequence[Diagnostics], parts: Sequence[Batch]) -> list[float]:
    """The weight of all parts, and each mean of the objective summed over them by it."""
    weights = [objective.weight(part) for part in parts]
    sums = (sum(w * float(d[name]) for w, d in zip(weights, seen, strict=True)) for name in objective.measures)
    return [sum(weights), *sums]


def cross_entropy(logp: Tensor, tokens: float | Tensor) -> Tensor:
    """Mean over `tokens` of −log p of the tokens to be learnt; `logp` (R, T), 0 at padding."""
    return -logp.sum() / tokens


def set_up(optimiser: torch.optim.Optimizer, objective: Objective) -> None:
    """Give an optimiser what an objective asks of it; vectors never decay."""
    for group in optimiser.param_groups:
        group["weight_decay"] = objective.weight_decay if group["params"][0].dim() > 1 else 0.0
    if objective.restarts:
        optimiser.state.clear()


def sampler_gap(logp: Tensor, part: Batch) -> Tensor:
    """Mean |log π_train − log π_sampler| over the tokens whose probability the sampler told; NaN if it told of none.

    Args:
        logp: (R, T) under the weights in training, before the update.
    """
    known = part.sampler_logp.isfinite() * part.mask
    apart = (logp - torch.where(part.sampler_logp.isfinite(), part.sampler_logp, logp)).abs()
    return (apart * known).sum() / known.sum()


def _off_policy_weights(logp: Tensor, part: Batch) -> Tensor:
    """Importance weights for completions of another policy; 1 where it did not say how likely its tokens were."""
    known = part.sampler_logp.isfinite()
    return sampler_correction(logp, torch.where(known, part.sampler_logp, logp), part.mask)
