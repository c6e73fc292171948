"""The running means of an optimiser as flat named tensors, and back."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ...core.errors import RunError
from ..distributed.placement import Placement

PREFIX = "optimizer."


def state_tensors(
    optimiser: torch.optim.Optimizer, trained: Mapping[str, Tensor], placement: Placement
) -> dict[str, Tensor]:
    """`optimizer.NAME.KEY` → whole copies of what is kept for each trained parameter."""
    return {
        f"{PREFIX}{name}.{key}": placement.gather(value.detach().clone())
        for name, parameter in trained.items()
        for key, value in optimiser.state.get(parameter, {}).items()
    }


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
