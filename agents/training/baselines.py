"""What a reward is compared with, beyond its group: a running mean per role, whitening per task and role."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ...core.errors import ConfigError


class RoleBaseline:
    """Role-conditioned advantage estimation of SPIRAL (2506.24119): A = r − b, b a running mean per key.

    Args:
        decay: b ← decay · b + (1 − decay) · r, starting at 0; 0.95 in the paper.

    A key is whatever should have its own baseline, there (game, role). The baseline moves before the advantage is
    taken, sample by sample, as in the paper.
    """

    def __init__(self, decay: float = 0.95) -> None:
        if not 0.0 <= decay < 1.0:
            raise ConfigError(f"decay must be in [0, 1), got {decay!r}")
        self.decay = decay
        self._means: dict[str, float] = {}

    def advantages(self, rewards: Tensor, keys: Sequence[str]) -> Tensor:
        """(B,) rewards with their keys → (B,) advantages; the baselines learn from them, in order."""
        if len(rewards) != len(keys):
            raise ConfigError(f"one key per reward: got {len(rewards)} rewards and {len(keys)} keys")
        found = []
        for reward, key in zip(rewards.tolist(), keys, strict=True):
            self._means[key] = self.decay * self._means.get(key, 0.0) + (1 - self.decay) * reward
            found.append(reward - self._means[key])
        return torch.tensor(found, dtype=rewards.dtype, device=rewards.device)

    def state_dict(self) -> dict[str, float]:
        return dict(self._means)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._means = {key: float(value) for key, value in state.items()}


def whiten_by(rewards: Tensor, keys: Sequence[Hashable], *, eps: float = 1e-6) -> Tensor:
    """Task-relative REINFORCE++ of Absolute Zero (2505.03335 eq. 8): (r − mean) / (std + eps) within every key.

    Args:
        rewards: (B,).
        keys: B keys, there (task type, role): six of them.

    Returns:
        (B,); exactly 0 for a key whose rewards are all equal.
    """
    if len(rewards) != len(keys):
        raise ConfigError(f"one key per reward: got {len(rewards)} rewards and {len(keys)} keys")
    out = torch.zeros_like(rewards)
    for key in dict.fromkeys(keys):
        where = torch.tensor([k == key for k in keys], device=rewards.device)
        out[where] = whiten(rewards[where], eps=eps)
    return out


def whiten(values: Tensor, mask: Tensor | None = None, *, eps: float = 1e-6) -> Tensor:
    """(x − mean) / (std + eps) over the whole batch, REINFORCE++ (2501.03262); exactly 0 if all are equal.

    Args:
        values: any shape.
        mask: same shape, 1 where a value counts; 0 comes out elsewhere.
    """
    counted = values if mask is None else values[mask > 0]
    if counted.numel() == 0 or counted.max() == counted.min():
        return torch.zeros_like(values)
    out = (values - counted.mean()) / (counted.std() + eps)
    return out if mask is None else out * (mask > 0)
