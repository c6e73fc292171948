"""The GRPO family as pure functions over per-token log-probabilities: advantages, losses, KL estimators.

B completions of up to T tokens. `logp` is under the model being trained, `old_logp` under the policy that wrote
them (equal at the first update), A the advantage, ρ = exp(logp − old_logp), m the mask.

    loss_type     one token or one sequence                            over a batch           source
    grpo          −min(ρA, clip(ρ)A)                                   mean of row means      2402.03300 eq. 3
    bnpo          same                                                 mean over all tokens   TRL
    dapo          same, usually clip_high 0.28                         mean over all tokens   2503.14476 eq. 8
    dr_grpo       same                                                 sum / (B·max_tokens)   2503.20783 §3.2
    reinforce++   same, with whitened advantages (`baselines.py`)      mean over all tokens   2501.03262
    gspo          same, with ρ = exp(mean log-ratio of the row)        mean of row means      2507.18071 eq. 5, 7
    cispo         −min(ρ, clip_high).detach() · A · logp               mean over all tokens   2506.13585 eq. 4
    sapo          −σ(τ(ρ − 1)) · 4/τ · A, τ = 1 if A > 0 else 1.05     mean of row means      2511.20347
    rloo          −min(ρA, clip(ρ)A), ρ = exp(sum of log-ratios)       mean over rows         2402.14740

Losses and gradients equal TRL 1.16's trainers where both have a type. Deviations are options, never defaults.
"""

from __future__ import annotations

from typing import get_args

import torch
from torch import Tensor

from ..core.errors import ConfigError
from .training.config import KLEstimator, LossType, Scale

ROW_MEAN = ("grpo", "gspo", "sapo")
TOKEN_MEAN = ("bnpo", "dapo", "reinforce++", "cispo")
SAPO_TEMPERATURES = 1.0, 1.05  # of positive and of other advantages


def group_advantages(rewards: Tensor, *, scale: Scale = "group", eps: float = 1e-4) -> Tensor:
    """Rewards against the mean of their group: A = (r − mean) / (std + eps), 2402.03300 §4.1.2.

    Args:
        rewards: (groups, G), finite.
        scale: divide by the sample standard deviation (G − 1) of the "group", of the whole "batch" (2508.08221), or by
            nothing ("none", 2503.20783).
        eps: added to the standard deviation.

    Returns:
        (groups, G). A group whose rewards are all equal is exactly 0: in floating point its r − mean need not be, and
        dividing by eps would blow that up.
    """
    rewards = _two_dimensional(rewards)
    if scale not in get_args(Scale):
        raise ConfigError(f"scale must be one of {get_args(Scale)}, got {scale!r}")
    advantages = rewards - rewards.mean(1, keepdim=True)
    if scale == "group" and rewards.shape[1] > 1:
        advantages = advantages / (rewards.std(1, keepdim=True) + eps)
    elif scale == "batch" and rewards.numel() > 1:
        advantages = advantages / (rewards.std() + eps)
    return advantages.masked_fill(zero_variance_groups(rewards)[:, None], 0.0)


def leave_one_out_advantages(rewards: Tensor) -> Tensor:
    """Rewards against the mean of the *other* rewards of their group, RLOO, 2402.14740; (groups, G) → (groups, G)."""
    rewards = _two_dimensional(rewards)
    size = rewards.shape[1]
    if size == 1:
        return torch.zeros_like(rewards)
    advantages = (rewards - rewards.mean(1, keepdim=True)) * (size / (size - 1))
    return advantages.masked_fill(zero_variance_groups(rewards)[:, None], 0.0)


def zero_variance_groups(rewards: Tensor) -> Tensor:
    """(groups,) whether all rewards of a group are equal, so that it teaches nothing."""
    return rewards.amax(1) == rewards.amin(1)


def kl_estimate(logp: Tensor, ref_logp: Tensor, kind: KLEstimator = "k3") -> Tensor:
    """Per-token estimate of KL(π ‖ ref) at samples of π (joschu.net/blog/kl-approx.html).

    As a *loss* they differ from what they estimate: E[∇k1] = 0, E[∇k2] = ∇KL(π ‖ ref), E[∇k3] = ∇KL(ref ‖ π).
    """
    difference = ref_logp - logp
    if kind == "k1":
        return -difference
    if kind == "k2":
        return difference.square() / 2
    if kind == "k3":
        return difference.exp() - difference - 1
    raise ConfigError(f"kl_estimator must be one of {get_args(KLEstimator)}, got {kind!r}")


def kl_penalised(rewards: Tensor, logp: Tensor, ref_logp: Tensor, mask: Tensor, beta: float) -> Tensor:
    """KL in the reward: r − β · Σ k1 over the tokens of a completion, as RLOO has it; (B,) → (B,)."""
    return rewards - beta * (kl_estimate(logp.detach(), ref_logp, "k1") * mask).sum(1)


def without_truncated(mask: Tensor, finished: Tensor) -> Tensor:
    """The mask (B, T) with completions that were cut off (`finished` (B,) False) taken out, 2503.14476 §3.4."""
    return mask * finished[:, None].to(mask.dtype)


def sampler_correction(old_logp: Tensor, sampler_logp: Tensor, mask: Tensor, *, cap: float = 2.0) -> Tensor:
    """Truncated importance weights min(exp(old − sampler), cap), (B, T), for a sampler that is not quite the trainer.

    Give them to `grpo_loss(importance=…)`. Sampling in process needs none: both agree to 1e-6.
    """
    return ((old_logp - sampler_logp).detach() * mask).exp().clamp(max=cap)


def grpo_loss(
    logp: Tensor,
    old_logp: Tensor | None,
    advantages: Tensor,
    mask: Tensor,
    *,
    ref_logp: Tensor | None = None,
    loss_type: LossType = "grpo",
    clip_low: float = 0.2,
    clip_high: float | None = None,
    beta: float = 0.0,
    max_tokens: int | None = None,
    kl_estimator: KLEstimator = "k3",
    kl_corrected: bool = True,
    importance: Tensor | None = None,
    rows_total: float | None = None,
    tokens_total: float | None = None,
) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of one batch, or of one part of it, and diagnostics.

    Args:
        logp: (B, T) log-probabilities under the model being trained; gradients flow through it.
        old_logp: (B, T) under the policy that sampled; `None` means `logp` itself, without gradient.
        advantages: (B,), or (B, T) for one per token.
        mask: (B, T), 1 where a completion token counts. What `logp` holds elsewhere does not matter. A loss that sums
            over tokens also takes a whole number above 1, for a token that stands for so many equal ones.
        ref_logp: (B, T) under the reference model; needed if `beta` is not 0.
        clip_low, clip_high: ρ is clipped to [1 − clip_low, 1 + clip_high]; `None` means clip_high = clip_low. For
            "cispo", clip_high is the greatest ρ itself, 5 if `None`, and there is no lower clip.
        beta: weight of the KL term, estimated by `kl_estimator` (see `kl_estimate`).
        kl_corrected: multiply it by ρ, which makes its gradient that of KL(π ‖ ref) (2512.02556 §3.1), as TRL does.
        max_tokens: longest completion allowed, for "dr_grpo"; `None` means T.
        importance: (B, T) or (B, 1) weights of the policy term, see `sampler_correction`.
        rows_total, tokens_total: size of the whole batch (rows, sum of mask) of which this is a part. The losses of
            the parts then add up to the loss of the whole, however it was cut.

    Returns:
        The scalar loss, and detached scalars, see `_diagnostics`.
    """
    _check_loss_arguments(logp, mask, loss_type, clip_low, beta, ref_logp)
    mask = mask.to(logp.dtype)
    logp = torch.where(mask > 0, logp, 0.0)
    old = logp.detach() if old_logp is None else torch.where(mask > 0, old_logp, 0.0)
    weight = advantages[:, None] if advantages.dim() == 1 else advantages
    high = clip_high if clip_high is not None else (5.0 if loss_type == "cispo" else clip_low)
    ratio = _ratio(logp, old, mask, loss_type)
    loss = _policy_term(ratio, weight, logp, loss_type, clip_low, high)
    if importance is not None:
        loss = loss * importance
    divergence = torch.zeros_like(logp)
    if beta and ref_logp is not None:
        divergence = kl_estimate(logp, torch.where(mask > 0, ref_logp, 0.0), kl_estimator)
        divergence = divergence * ratio if kl_corrected else divergence
        loss = loss + beta * ((divergence * mask).sum(1, keepdim=True) if loss_type == "rloo" else divergence)
    rows = len(logp) if rows_total is None else rows_total
    total = _total(loss, mask, loss_type, rows, tokens_total, max_tokens or logp.shape[1])
    return total, _diagnostics(logp, ratio, weight, mask, divergence, loss_type, clip_low, high)


def _ratio(logp: Tensor, old: Tensor, mask: Tensor, loss_type: LossType) -> Tensor:
    """ρ: (B, T), or (B, 1) for the sequence-level types."""
    present = (mask > 0).to(logp.dtype)  # not the mask: one of merged rows holds how often they stand for one token
    log_ratio = (logp - old) * present
    if loss_type == "gspo":
        log_ratio = log_ratio.sum(1, keepdim=True) / present.sum(1).clamp(min=1.0)[:, None]
    elif loss_type == "rloo":
        log_ratio = log_ratio.sum(1, keepdim=True)
    return log_ratio.exp()


def _total(
    loss: Tensor, mask: Tensor, loss_type: LossType, rows: float, tokens: float | None, max_tokens: int
) -> Tensor:
    """The loss of a batch from that of its tokens (B, T), or rows (B, 1) for "rloo"."""
    if loss_type == "rloo":
        return loss.sum() / rows
    if loss_type in ROW_MEAN:
        return ((loss * mask).sum(1) / mask.sum(1).clamp(min=1.0)).sum() / rows
    if loss_type in TOKEN_MEAN:
        return (loss * mask).sum() / (mask.sum().clamp(min=1.0) if tokens is None else tokens)
    return (loss * mask).sum() / (rows * max_tokens)


def _policy_term(ratio: Tensor, weight: Tensor, logp: Tensor, loss_type: LossType, low: float, high: float) -> Tensor:
    if loss_type == "cispo":
        return -ratio.clamp(max=high).detach() * weight * logp
    if loss_type == "sapo":
        positive, other = SAPO_TEMPERATURES
        temperature = torch.where(weight > 0, positive, other)
        return -torch.sigmoid(temperature * (ratio - 1)) * 4 / temperature * weight
    return -torch.minimum(ratio * weight, ratio.clamp(1 - low, 1 + high) * weight)


@torch.no_grad()
def _diagnostics(
    logp: Tensor,
    ratio: Tensor,
    weight: Tensor,
    mask: Tensor,
    divergence: Tensor,
    loss_type: LossType,
    low: float,
    high: float,
) -> dict[str, Tensor]:
    """Detached scalars: `clip_low`, `clip_high`, `clip_share` (share of tokens, or rows for the sequence-level types,
    where the clip stops the gradient), `kl` (mean per token, 0 without reference), `entropy` (mean −logp, an estimate
    of the sampling entropy in nats), `ratio_mean`, `ratio_min`, `ratio_max`."""
    over_rows = ratio.shape[1] == 1 and logp.shape[1] != 1
    where = (mask.sum(1, keepdim=True) > 0).to(mask.dtype) if over_rows else mask
    count, tokens = where.sum().clamp(min=1.0), mask.sum().clamp(min=1.0)
    if loss_type == "sapo":
        below = above = torch.zeros_like(ratio, dtype=torch.bool)
    elif loss_type == "cispo":
        below, above = torch.zeros_like(ratio, dtype=torch.bool), (ratio > high) & (weight > 0)
    else:
        below, above = (ratio < 1 - low) & (weight < 0), (ratio > 1 + high) & (weight > 0)
    clip_low, clip_high = (below * where).sum() / count, (above * where).sum() / count
    outside = where == 0
    return {
        "clip_low": clip_low,
        "clip_high": clip_high,
        "clip_share": clip_low + clip_high,
        "kl": (divergence * mask).sum() / tokens,
        "entropy": -(logp * mask).sum() / tokens,
        "ratio_mean": (ratio * where).sum() / count,
        "ratio_min": ratio.masked_fill(outside, 1.0).amin(),
        "ratio_max": ratio.masked_fill(outside, 1.0).amax(),
    }


def _check_loss_arguments(
    logp: Tensor, mask: Tensor, loss_type: str, clip_low: float, beta: float, ref_logp: Tensor | None
) -> None:
    if loss_type not in get_args(LossType):
        raise ConfigError(f"loss_type must be one of {', '.join(get_args(LossType))}, got {loss_type!r}")
    if logp.shape != mask.shape or logp.dim() != 2:
        raise ConfigError(f"logp and mask must both be (B, T), got {tuple(logp.shape)} and {tuple(mask.shape)}")
    if clip_low < 0:
        raise ConfigError(f"clip_low must be >= 0, got {clip_low!r}")
    if beta and ref_logp is None:
        raise ConfigError(f"beta = {beta!r} needs ref_logp, the log-probabilities of the reference model")


def _two_dimensional(rewards: Tensor) -> Tensor:
    rewards = torch.as_tensor(rewards)
    if rewards.dim() != 2 or rewards.numel() == 0:
        raise ConfigError(f"rewards must be (groups, G) and not empty, got shape {tuple(rewards.shape)}")
    return rewards if rewards.is_floating_point() else rewards.float()
