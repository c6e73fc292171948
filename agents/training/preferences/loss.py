"""The loss of direct preference optimisation, as a pure function of the log-ratios of pairs.

    Δ = log π(y_w|x)/ref(y_w|x) − log π(y_l|x)/ref(y_l|x)                 y_w preferred to y_l

    loss      one pair                                    source
    sigmoid   −(1 − ε) log σ(βΔ) − ε log σ(−βΔ)           2305.18290 eq. 7 with ε = 0; cDPO (Mitchell 2023) with ε > 0
    ipo       (Δ − 1/(2β))²                               2310.12036 eq. 17, β there τ

ε is how often a preference is thought to be the wrong way round: with ε > 0 the loss is least at σ(βΔ) = 1 − ε, and no
longer at Δ = ∞. For "ipo" the log-ratios are means over tokens, as in TRL, so that long completions do not dominate.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from ....core.errors import ConfigError, UnknownNameError

PreferenceLoss = Literal["sigmoid", "ipo"]
LOSSES: tuple[PreferenceLoss, ...] = ("sigmoid", "ipo")


def check_preference_loss(loss: str, beta: float, label_smoothing: float) -> None:
    """Refuse a loss that nobody knows, and numbers that it cannot have.

    Raises:
        ConfigError: names the value.
    """
    if loss not in LOSSES:
        raise UnknownNameError("loss", str(loss), LOSSES)
    for name, value, low, high in (("beta", beta, 0.0, 1e6), ("label_smoothing", label_smoothing, -1e-300, 0.5)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not low < value < high:
            raise ConfigError(f"{name} must be {'above 0' if name == 'beta' else 'in [0, 0.5)'}, got {value!r}")
    if loss == "ipo" and label_smoothing:
        raise ConfigError(f"label_smoothing={label_smoothing!r} is for the loss 'sigmoid'; 'ipo' is bounded without it")


def preference_losses(
    gaps: Tensor, *, beta: float, loss: PreferenceLoss = "sigmoid", label_smoothing: float = 0.0
) -> Tensor:
    """The loss of each pair, (P,).

    Args:
        gaps: (P,) the Δ of each pair.
        beta: how strongly the policy is held to the reference; > 0.
        label_smoothing: ε in [0, ½).
    """
    if loss == "ipo":
        return (gaps - 1.0 / (2.0 * beta)).square()
    return -(1.0 - label_smoothing) * logsigmoid(beta * gaps) - label_smoothing * logsigmoid(-beta * gaps)


def gaps_of_rows(ratios: Tensor, pair: Tensor, preferred: Tensor) -> Tensor:
    """Δ of each pair in the order of `pair`, (P,).

    Args:
        ratios: (2P,) log π/ref of each completion.
        pair: (2P,) its pair; each pair stands there twice.
        preferred: (2P,) whether it is the preferred one of the two.
    """
    signed = torch.where(preferred, ratios, -ratios)
    _, place = torch.unique(pair, return_inverse=True)
    return signed.new_zeros(len(ratios) // 2).index_add(0, place, signed)
