"""The optimiser of a trainer, and its running means as flat named tensors and back."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ...core.errors import ConfigError, RunError
from ..distributed.placement import Placement
from .config import GRPOConfig

PREFIX = "optimizer."


def make_optimiser(trained: Mapping[str, Tensor], config: GRPOConfig) -> torch.optim.AdamW:
    """AdamW, of which only matrices decay.

    Raises:
        ConfigError: weights that cannot be trained where they lie, or as what they are.
    """
    elsewhere = [name for name, p in trained.items() if p.device.type == "meta"]
    if elsewhere:
        raise ConfigError(
            f"{elsewhere[0]} lies outside the devices' memory, where a device map puts what has no room: such a "
            "model can play, but to train it every layer must lie on a device"
        )
    if any(p.dtype is torch.float16 for p in trained.values()):
        raise ConfigError(
            "float16 weights cannot be trained, AdamW's steps are too small for them: load the model in float32 "
            "and set autocast='float16'"
        )
    matrices = [p for p in trained.values() if p.dim() > 1]
    vectors = [p for p in trained.values() if p.dim() <= 1]
    groups = [{"params": matrices, "weight_decay": config.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(
        [g for g in groups if g["params"]], lr=config.learning_rate, betas=config.betas, fused=True
    )


def state_tensors(
    optimiser: torch.optim.Optimizer, trained: Mapping[str, Tensor], placement: Placement
) -> dict[str, Tensor]:
    """`optimizer.NAME.KEY` → copies of what is kept for each trained parameter; in shards, what this process keeps."""
    return {
        f"{PREFIX}{name}.{key}": value.detach() if placement.in_shards else value.detach().clone()
        for name, parameter in trained.items()
        for key, value in optimiser.state.get(parameter, {}).items()
    }


def parameter_of(key: str, trained: Mapping[str, Tensor]) -> Tensor | None:
    """The parameter that a tensor of `state_tensors` belongs to."""
    return trained.get(key.removeprefix(PREFIX).rpartition(".")[0])


def load_state(
    tensors: Mapping[str, Tensor],
    optimiser: torch.optim.Optimizer,
    trained: Mapping[str, Tensor],
    placement: Placement,
) -> None:
    """Replace an optimiser's state by what `state_tensors` gave; other tensors are ignored.

    Raises:
        RunError: it belongs to another model. The optimiser is as it was then.
    """
    state: dict[str, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith(PREFIX):
            name, _, field = key.removeprefix(PREFIX).rpartition(".")
            state.setdefault(name, {})[field] = value
    for name, fields in state.items():
        expected = trained[name].shape if name in trained else None
        if expected is None or fields["exp_avg"].shape != expected:
            raise RunError(f"optimiser state for {name!r} does not fit this model; expected shape {expected}")
    optimiser.state.clear()
    for name, fields in state.items():
        parameter = trained[name]
        optimiser.state[parameter] = {key: placement.place(value, parameter).clone() for key, value in fields.items()}
