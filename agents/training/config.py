"""Settings of the GRPO trainer, and what it reports of a step."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from ...core.errors import ConfigError
from ..grpo import KL, LossType, Scale

AUTOCAST = (None, "bfloat16", "float16")


@dataclass(frozen=True)
class GRPOConfig:
    """Settings of the update; the defaults are those of the preset `tiny`."""

    learning_rate: float = 1e-4
    """Step size of AdamW."""
    betas: tuple[float, float] = (0.9, 0.95)
    """Decay of AdamW's running means of the gradient and of its square."""
    weight_decay: float = 0.0
    """Decoupled decay of matrices, per unit of learning rate; vectors (norms, biases) never decay."""
    max_grad_norm: float = 1.0
    """The gradient is scaled down to this Euclidean norm if it is longer."""
    loss_type: LossType = "grpo"
    """Which member of the family, see `grpo.py`."""
    clip_low: float = 0.2
    """The ratio to the sampling policy is clipped below at 1 minus this."""
    clip_high: float | None = None
    """And above at 1 plus this; `None` means `clip_low` ("cispo": the greatest ratio itself, 5 if `None`)."""
    scale: Scale = "group"
    """Advantages are divided by the standard deviation of their group, of the batch, or by nothing."""
    eps: float = 1e-4
    """Added to that standard deviation."""
    beta: float = 0.0
    """Weight of the KL divergence to the reference; above 0 the trainer needs one."""
    kl: KL = "k3"
    """Estimator of that divergence."""
    kl_corrected: bool = True
    """Whether the estimator is weighted by the ratio, which makes its gradient that of KL(π ‖ ref)."""
    temperature: float = 1.0
    """Temperature of sampling, and of the log-probabilities in the loss."""
    top_p: float = 1.0
    """Nucleus of sampling; below 1 only with `allow_top_p`."""
    allow_top_p: bool = False
    """Train on nucleus samples although the loss cannot correct for the tokens they never contain."""
    max_new_tokens: int = 128
    """Completions are cut off here."""
    mask_truncated: bool = False
    """Leave completions that were cut off out of the loss (they still count in the baseline)."""
    epochs: int = 1
    """Updates per batch of samples; from the second on the ratio differs from 1 and the clip matters."""
    keep_dead_groups: bool = False
    """Run groups whose rewards are all equal through the update; only matters for their KL term."""
    micro_batch_tokens: int = 4096
    """Tokens (prompts and completions) per forward and backward pass; gradients do not depend on it."""
    gradient_checkpointing: bool = False
    """Keep only layer inputs in the forward pass and compute the rest again: less memory, a third more time."""
    autocast: str | None = None
    """Precision of matrix products in the update: "bfloat16", "float16" (with a loss scale, see `loss_scale.py`), or
    `None` for that of the weights."""

    def __post_init__(self) -> None:
        if self.top_p < 1.0 and not self.allow_top_p:
            raise ConfigError(
                f"top_p = {self.top_p} in training: the loss cannot correct for truncated sampling. "
                "Use top_p=1.0, or set allow_top_p=True to accept the bias"
            )
        positive = ("learning_rate", "max_grad_norm", "temperature", "max_new_tokens", "epochs", "micro_batch_tokens")
        for name in positive:
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} must be positive, got {getattr(self, name)!r}")
        if self.autocast not in AUTOCAST:
            raise ConfigError(f"autocast must be one of {', '.join(map(repr, AUTOCAST))}, got {self.autocast!r}")


@dataclass(frozen=True)
class StepMetrics:
    """What one step did; `docs/metrics.md` has units and ranges.

    Attributes:
        loss, kl, entropy, clip_share, ratio_max: of the last epoch, over the rows trained on (see `grpo_loss`).
        grad_norm: before clipping, last epoch. update_norm: Euclidean norm of the change of all weights.
        mean_reward, reward_std: over all samples. zero_variance_share: share of groups with equal rewards.
        groups_drawn: groups sampled and paid; more than the batch has where it was refilled (`refill.py`).
        mean_length: tokens per completion. truncated_share: share of completions cut off.
        rows_trained, tokens_trained: completions and their tokens that entered the loss, per epoch.
        loss_scale: factor on the loss in the backward pass; 1 but for float16.
        updates: optimiser steps taken. skipped: updates refused because loss or gradient was not finite.
        learning_rate: the one used.
    """

    loss: float = 0.0
    kl: float = 0.0
    entropy: float = 0.0
    clip_share: float = 0.0
    ratio_max: float = 1.0
    grad_norm: float = 0.0
    update_norm: float = 0.0
    mean_reward: float = 0.0
    reward_std: float = 0.0
    zero_variance_share: float = 0.0
    groups_drawn: int = 0
    mean_length: float = 0.0
    truncated_share: float = 0.0
    rows_trained: int = 0
    tokens_trained: int = 0
    loss_scale: float = 1.0
    updates: int = 0
    skipped: int = 0
    learning_rate: float = 0.0

    def as_dict(self) -> dict[str, float]:
        return dataclasses.asdict(self)
