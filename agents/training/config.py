"""Settings of the GRPO trainer, and what it reports of a step."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ...core.errors import ConfigError, UnknownNameError

LossType = Literal["grpo", "bnpo", "dapo", "dr_grpo", "reinforce++", "gspo", "cispo", "sapo", "rloo"]
Scale = Literal["group", "batch", "none"]
KLEstimator = Literal["k1", "k2", "k3"]
AUTOCAST = ("bfloat16", "float16")
CHOICES = {"loss_type": get_args(LossType), "scale": get_args(Scale), "kl_estimator": get_args(KLEstimator)}
FLAGS = ("kl_corrected", "allow_top_p", "mask_truncated", "keep_zero_variance_groups", "gradient_checkpointing")


@dataclass(frozen=True, slots=True)
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
    """Which member of the family, see docs/grpo.md; Dr. GRPO as published also wants `scale = "none"`."""
    clip_low: float = 0.2
    """The ratio to the sampling policy is clipped below at 1 minus this number."""
    clip_high: float | None = None
    """The ratio is clipped above at 1 plus this number; `None` means `clip_low`. For "cispo" it is the greatest
    ratio itself, 5 if `None`."""
    scale: Scale = "group"
    """Advantages are divided by the standard deviation of their group, of the batch, or by nothing."""
    eps: float = 1e-4
    """Added to that standard deviation."""
    kl_weight: float = 0.0
    """Weight β of the KL divergence to the reference; above 0 the trainer needs one."""
    kl_estimator: KLEstimator = "k3"
    """Estimator of that divergence, see `kl_estimate`."""
    kl_corrected: bool = True
    """Whether the estimator is weighted by the ratio, which makes its gradient that of KL(π ‖ ref)."""
    temperature: float = 1.0
    """Temperature of sampling, and of the log-probabilities in the loss."""
    top_p: float = 1.0
    """Nucleus of sampling; below 1 only with `allow_top_p`."""
    allow_top_p: bool = False
    """Train on nucleus samples although the loss cannot correct for the tokens they never contain."""
    max_new_tokens: int | None = None
    """Completions are cut off at this number of tokens; `None` means the agent's own setting."""
    mask_truncated: bool = False
    """Leave completions that were cut off out of the loss (they still count in the baseline)."""
    epochs: int = 1
    """Passes over a batch of samples; after the first update the ratio differs from 1 and the clip matters."""
    minibatches: int = 1
    """Updates per pass: rows are dealt at random into so many parts, as in PPO (arXiv 1707.06347)."""
    keep_zero_variance_groups: bool = False
    """Run groups whose rewards are all equal through the update; only matters for their KL term."""
    micro_batch_tokens: int = 4096
    """Tokens (prompts and completions) per forward and backward pass; gradients do not depend on it."""
    gradient_checkpointing: bool = False
    """Keep only layer inputs in the forward pass and compute the rest again: less memory, a third more time."""
    autocast: str | None = None
    """Precision of matrix products in the update: "bfloat16", "float16" (with a loss scale, see `loss_scale.py`), or
    `None` for that of the weights."""

    @property
    def reuses_activations(self) -> bool:
        """Whether an update may reuse what sampling computed: same precision, and memory is not the concern."""
        return self.autocast is None and not self.gradient_checkpointing

    def __post_init__(self) -> None:
        for name in ("learning_rate", "max_grad_norm", "eps", "temperature"):
            _check(_is_number(getattr(self, name)) and getattr(self, name) > 0, name, "positive", getattr(self, name))
        for name in ("weight_decay", "clip_low", "kl_weight"):
            _check(_is_number(getattr(self, name)) and getattr(self, name) >= 0, name, ">= 0", getattr(self, name))
        high = self.clip_high
        _check(high is None or (_is_number(high) and high >= 0), "clip_high", ">= 0, or None", high)
        for name in ("epochs", "minibatches", "micro_batch_tokens"):
            _check(_is_count(getattr(self, name)), name, "positive and a whole number", getattr(self, name))
        length = self.max_new_tokens
        _check(length is None or _is_count(length), "max_new_tokens", "positive and a whole number, or None", length)
        for name in FLAGS:
            _check(isinstance(getattr(self, name), bool), name, "true or false", getattr(self, name))
        two = isinstance(self.betas, tuple | list) and len(self.betas) == 2
        _check(
            two and all(_is_number(b) and 0 <= b < 1 for b in self.betas), "betas", "two numbers in [0, 1)", self.betas
        )
        object.__setattr__(self, "betas", tuple(self.betas))  # a list, if read from a file
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                raise UnknownNameError(name, str(getattr(self, name)), known)
        if self.autocast is not None and self.autocast not in AUTOCAST:
            raise UnknownNameError(
                "autocast", str(self.autocast), AUTOCAST, "Or None for the precision of the weights."
            )
        _check(_is_number(self.top_p) and 0 < self.top_p <= 1, "top_p", "in (0, 1]", self.top_p)
        if self.top_p < 1.0 and not self.allow_top_p:
            raise ConfigError(
                f"top_p = {self.top_p} in training: the loss cannot correct for truncated sampling. "
                "Use top_p=1.0, or set allow_top_p=True to accept the bias"
            )


@dataclass(frozen=True, slots=True)
class StepMetrics:
    """What one step did; `docs/metrics.md` has units and ranges.

    Attributes:
        loss, kl, entropy, clip_share, ratio_max: of the last update, over its rows (see `grpo_loss`).
        grad_norm: before clipping, last update. update_norm: Euclidean norm of the change of all weights.
        mean_reward, reward_std: over all samples. zero_variance_share: share of groups with equal rewards.
        groups_drawn: groups sampled; more than the batch has with dynamic sampling (`dynamic_sampling.py`).
        mean_length: tokens per completion. truncated_share: share of completions cut off.
        rows_trained, tokens_trained: completions and their tokens that entered the loss, per epoch.
        loss_scale: factor on the loss in the backward pass; 1 but for float16.
        updates: optimiser steps taken. skipped: updates refused because loss or gradient was not finite.
        learning_rate: the one used.
        sampler_gap: mean |log π_train − log π_sampler| over tokens, in nats; staleness: versions that the oldest answer
            was behind. `None` where the model itself drew the completions, in this process.
        margin, preferred_share: of pairs of which one is preferred: mean βΔ, and the share with Δ > 0, before the step
            (`preferences/`); `None` where nothing of the kind is learnt.
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
    sampler_gap: float | None = None
    staleness: int | None = None
    margin: float | None = None
    preferred_share: float | None = None

    def as_dict(self) -> dict[str, float]:
        """What was measured, by name."""
        return {name: value for name, value in dataclasses.asdict(self).items() if value is not None}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _check(fine: bool, name: str, expected: str, value: Any) -> None:
    if not fine:
        raise ConfigError(f"{name} must be {expected}, got {value!r}")
