"""A model in shards, FSDP2 (`torch.distributed.fsdp.fully_shard`): at rest every process holds its share of weights,
gradients and optimiser state.

A pass of the model puts one layer together at a time, and drops it when the next one needs room; the backward pass does
the same in reverse, and gives every process its share of the summed gradients. What belongs to no layer (embedding,
last norm, head) is whole during a pass. `PackedModel` reads weights instead of calling modules: it is told to do so
inside a call of the layer (`PackedModel.within`), so that FSDP's hooks see it.

Putting a layer together takes all processes, so all make the same passes. How many an update needs is agreed upon
beforehand; how many tokens others still draw is asked before each pass. Whoever has nothing left reads one token, and
lets its gradient be 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

from ...core.errors import ConfigError
from ..inference.packed_forward import PackedModel
from ..inference.packing import pack
from .placement import Placement
from .process_group import ProcessGroup, peer_errors

Key = TypeVar("Key")
Result = TypeVar("Result")

CONNECTION = ("gloo", "NCCL", "Connection")
"""What errors of the connection speak of, among those of a pass."""


class Sharded(Placement):
    """Parameters in shards.

    Args:
        group: with more than one process.
        model: sharded in place: its parameters become `DTensor`s. Build the optimiser afterwards.
        decoder: the packed forward pass of `model`, if it has one.
        name: differs between the models of a group.
        precision: of the weights that a pass puts together, such as "bfloat16", with gradients of the same kind that
            are summed in float32; `None` leaves all as it is.
        gather_to_sample: whether sampling puts the whole model together once, where it has room: that is faster.

    Raises:
        ConfigError: this torch is too old.
    """

    in_shards = True

    def __init__(
        self,
        group: ProcessGroup,
        model: nn.Module,
        decoder: PackedModel | None,
        name: str,
        *,
        precision: str | None = None,
        gather_to_sample: bool = False,
    ) -> None:
        super().__init__(group)
        self.model, self.decoder, self.by_layer = model, decoder, not gather_to_sample
        self._root, self._opened = cast(Any, _FSDPRoot(model)), 0
        self._layers = cast(list[Any], layers_of(model))
        self._shard(precision)
        group.register(f"{name}.parameters", self._parameters)
        group.register(f"{name}.distance", self._distance)

    def _shard(self, precision: str | None) -> None:
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard

        if not hasattr(FSDPModule, "set_reduce_scatter_unused_params"):
            raise ConfigError(f"compute.sharding='fsdp2' needs a newer torch than {torch.__version__}; 2.13 will do")
        low = None if precision is None else getattr(torch, precision)
        how: dict[str, Any] = {
            "mesh": init_device_mesh(str(self.group.device).partition(":")[0], (self.group.size,)),
            "mp_policy": MixedPrecisionPolicy(low, low and torch.float32, cast_forward_inputs=False),
        }
        for layer in self._layers:
            layer.forward = partial(_layer_forward, layer.forward)
            fully_shard(layer, **how)
        fully_shard(self._root, **how)
        self._root.set_reduce_scatter_unused_params(True)  # a mixture may use an expert here and not there
        for unit in (self._root, *self._layers):
            unit.set_gradient_divide_factor(1.0)  # losses are divided by the whole batch: gradients are summed
            unit.set_force_sum_reduction_for_comms(True)  # gloo knows no other
            unit.unshard()  # what is first made in inference mode can never be trained
            unit.reshard()
        with torch.no_grad():
            self.run(_nothing)  # the root is whoever is called first

    # --- passes ---

    def run(self, function: Callable[..., Result], *arguments: Any) -> Result:
        decoder = self.decoder
        if decoder is not None:
            decoder.within = _called
        try:
            with peer_errors(*CONNECTION):
                result: Result = self._root(function, *arguments)
        finally:
            if decoder is not None:
                del decoder.within
        if not torch.is_grad_enabled():
            self._root.reset_iter_state()  # drops what is whole, and notes for a backward pass that does not come
        return result

    def backward(self, loss: Tensor) -> None:
        with peer_errors(*CONNECTION):
            super().backward(loss)

    def idle_passes(self, here: int) -> int:
        return int(self.group.greatest(here)) - here

    def run_jointly(self, function: Callable[..., Result], *arguments: Any) -> Result:
        self._anybody_goes_on(True)
        return self.run(function, *arguments)

    def run_for_others(self) -> None:
        with torch.inference_mode():
            while self._anybody_goes_on(False):
                self.run(self._read_one_token)

    def _anybody_goes_on(self, here: bool) -> bool:
        return self.group.greatest(float(here)) > 0

    def _read_one_token(self) -> None:
        token = torch.zeros(1, 1, dtype=torch.int64, device=next(self.model.parameters()).device)
        if self.decoder is None:
            self.model(token, use_cache=False)
        else:
            self.decoder.hidden(pack([[0]], token[0, :0], token[:0, :0], token[0, :0]))

    @contextmanager
    def whole(self) -> Iterator[None]:
        units = (self._root, *self._layers)
        if not self._opened:
            for unit in units:
                unit.set_reshard_after_forward(False, recurse=False)  # a layer may be called as a module
                unit.unshard()
        self._opened += 1
        try:
            yield
        finally:
            self._opened -= 1
            if not self._opened:
                for unit in self._layers:
                    unit.set_reshard_after_forward(True, recurse=False)
                self._root.reset_iter_state()

    # --- tensors ---

    def share_gradients(self, trained: Mapping[str, Tensor]) -> None:
        """Backward passes have done it."""

    def length(self, tensors: Iterable[Tensor]) -> float:
        here = super().length(cast(Any, tensor).to_local() for tensor in tensors)
        return math.sqrt(self.group.totals([here**2])[0])

    def gather(self, tensor: Tensor) -> Tensor:
        whole: Tensor = cast(Any, tensor).full_tensor() if hasattr(tensor, "full_tensor") else tensor
        return whole

    def place(self, tensor: Tensor, like: Tensor) -> Tensor:
        from torch.distributed.tensor import DTensor, distribute_tensor

        if isinstance(tensor, DTensor) or tensor.shape != like.shape:  # placed already, or a count of steps
            return tensor.to(like.device)
        model: Any = like
        part = distribute_tensor(tensor.to(like.device), model.device_mesh, model.placements, src_data_rank=None)
        return part.clone()  # or the whole tensor would live as long as its part

    def parameters(self, trained: dict[str, Tensor]) -> dict[str, Tensor]:
        whole = self.group.run_on_all(self._parameters)
        return {name: whole[name] for name in trained}

    def _parameters(self) -> dict[str, Tensor]:
        return self._on_rank0(dict(self.model.named_parameters()))

    def distance(self, weights: Mapping[str, Tensor]) -> float:
        """Euclidean distance of the parameters from whole weights of these names; rank 0 has them and calls it."""
        self._origin = weights
        return self.group.run_on_all(self._distance)

    def _distance(self) -> float:
        squares = 0.0
        for name, parameter in self.model.named_parameters():
            whole = self.gather(parameter.detach())
            if self.group.is_rank0:
                origin = self._origin[name].detach().to(whole.device, whole.dtype)
                squares += float((whole - origin).float().square().sum())
        return math.sqrt(squares)

    def weights(self) -> dict[str, Tensor]:
        """All weights of the model as rank 0 saves them: whole, on the CPU, tied ones as one tensor; elsewhere nothing.
        All processes call it."""
        state = self.model.state_dict(keep_vars=True)
        whole = self._on_rank0({id(held): held for held in state.values()}, "cpu")
        return {name: whole[id(held)] for name, held in state.items() if whole}

    def _on_rank0(self, tensors: Mapping[Key, Tensor], device: str | None = None) -> dict[Key, Tensor]:
        whole: dict[Key, Tensor] = {}
        for key, held in tensors.items():
            found = self.gather(held.detach())
            if self.group.is_rank0:
                whole[key] = found.to(device)
        return whole


class _FSDPRoot(nn.Module):
    """Holds the model for `fully_shard`: a call of it is a pass of the model."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, function: Callable[..., Any], *arguments: Any) -> Any:
        result = function(*arguments)
        return result.clone() if isinstance(result, Tensor) else result  # a view would lose what FSDP hangs on it


def layers_of(model: nn.Module) -> list[nn.Module]:
    """The layers of a transformers model, in the order of its modules; empty where it does not tell them apart."""
    from transformers.modeling_layers import GradientCheckpointingLayer

    return [module for module in model.modules() if isinstance(module, GradientCheckpointingLayer)]


def _layer_forward(
    own: Callable[..., Any], *arguments: Any, instead: Callable[..., Any] | None = None, **options: Any
) -> Any:
    """What a layer does when it is called: its own, or what `PackedModel` does with its weights."""
    return own(*arguments, **options) if instead is None else instead(*arguments)


def _called(layer: Any, function: Callable[..., Any], *arguments: Any) -> Any:
    return layer(*arguments, instead=function)


def _nothing() -> None:
    """A pass that computes nothing."""
