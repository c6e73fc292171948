"""Where the weights of a trained model live when several processes train it: whole in each of them, or in shards.

    Placement    every process holds weights, gradients and optimiser state; gradients are added up
    Sharded      FSDP2 (`torch.distributed.fsdp.fully_shard`): at rest every process holds its share of the weights and
                 of the optimiser state; whole weights exist only while sampling and while gradients are computed

`PackedModel` reads weights directly instead of calling modules, so FSDP's hooks around `forward` have nothing to
hook into. Weights are put together for a phase (`whole`), and gradients shared when a batch is done. Forward passes do
not communicate, so processes may have different numbers of rows, or none. Gathering layer by layer would save more
memory, and is left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn

from ..inference.devices import read_together
from .process_group import ProcessGroup


class Placement:
    """Whole weights in every process; the default, with a single one."""

    in_shards = False

    def __init__(self, group: ProcessGroup | None = None) -> None:
        self.group = group or ProcessGroup()

    @contextmanager
    def whole(self) -> Iterator[None]:
        """While it is open, the model's parameters are whole tensors. All processes open it together."""
        yield

    def share_gradients(self, trained: Mapping[str, Tensor]) -> None:
        """Give each trained parameter the sum of all processes' gradients; inside `whole`."""
        if not self.group.alone:
            self._sum_gradients(list(trained.values()))

    def length(self, tensors: Iterable[Tensor]) -> float:
        """Euclidean length of all elements of tensors that are placed like the parameters."""
        return math.hypot(*read_together([tensor.norm() for tensor in tensors]))

    def gather(self, tensor: Tensor) -> Tensor:
        """A tensor of the optimiser, whole. All processes call it, and get it."""
        return tensor

    def place(self, tensor: Tensor, like: Tensor) -> Tensor:
        """A whole tensor, equal in all processes, placed as the parameter `like` is: what this process holds of it."""
        return tensor.to(like.device)

    def parameters(self, trained: dict[str, Tensor]) -> dict[str, Tensor]:
        """The trained parameters, whole; called by rank 0, outside of registered functions."""
        return trained

    def weights(self) -> dict[str, Tensor] | None:
        """All weights of the model, whole, if it does not hold them itself. All processes call it."""
        return None

    def _sum_gradients(self, parameters: list[Tensor]) -> None:
        """A parameter that no process used keeps having no gradient, so that the optimiser leaves it alone."""
        used = self.group.totals([float(p.grad is not None) for p in parameters])
        shared = [p for p, times in zip(parameters, used, strict=True) if times]
        for parameter in shared:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        for dtype in dict.fromkeys(p.dtype for p in shared):
            self.group.add_up([p.grad for p in shared if p.dtype == dtype and p.grad is not None])


class Sharded(Placement):
    """Parameters in shards.

    Args:
        group: with more than one process.
        model: sharded in place: its parameters become `DTensor`s. Build the optimiser afterwards.
        name: differs between the models of a group.
    """

    in_shards = True

    def __init__(self, group: ProcessGroup, model: nn.Module, name: str) -> None:
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard

        super().__init__(group)
        mesh = init_device_mesh(str(group.device).partition(":")[0], (group.size,))
        self.model, self._root, self._opened = model, cast(Any, _FSDPRoot(model)), 0
        fully_shard(self._root, mesh=mesh, reshard_after_forward=False)
        group.register(f"{name}.parameters", self._parameters)

    @contextmanager
    def whole(self) -> Iterator[None]:
        if not self._opened:
            self._root.unshard()
        self._opened += 1
        try:
            yield
        finally:
            self._opened -= 1
            if not self._opened:
                self._root.reshard()

    def share_gradients(self, trained: Mapping[str, Tensor]) -> None:
        here = dict(self.model.named_parameters())  # the whole ones; gradients have gone to them
        self._sum_gradients([here[name] for name in trained])
        for name, parameter in trained.items():
            gradient, here[name].grad = here[name].grad, None
            parameter.grad = None if gradient is None else self.place(gradient, parameter)

    def length(self, tensors: Iterable[Tensor]) -> float:
        here = super().length(cast(Any, tensor).to_local() for tensor in tensors)
        return math.sqrt(self.group.totals([here**2])[0])

    def gather(self, tensor: Tensor) -> Tensor:
        whole: Tensor = cast(Any, tensor).full_tensor() if hasattr(tensor, "full_tensor") else tensor
        return whole

    def place(self, tensor: Tensor, like: Tensor) -> Tensor:
        from torch.distributed.tensor import distribute_tensor

        if tensor.shape != like.shape:  # the optimiser's counts of steps
            return tensor.to(like.device)
        model: Any = like
        part = distribute_tensor(tensor.to(like.device), model.device_mesh, model.placements, src_data_rank=None)
        return part.clone()  # or the whole tensor would live as long as its part

    def parameters(self, trained: dict[str, Tensor]) -> dict[str, Tensor]:
        whole = self.group.run_on_all(self._parameters)
        return {name: whole[name] for name in trained}

    def weights(self) -> dict[str, Tensor]:
        state = self.model.state_dict(keep_vars=True)
        distinct = {id(held): held for held in state.values()}  # tied weights stay one tensor
        whole = {key: self.gather(held.detach()) for key, held in distinct.items()}
        return {name: whole[id(held)] for name, held in state.items()}

    def _parameters(self) -> dict[str, Tensor]:
        with self.whole():
            named = self.model.named_parameters() if self.group.is_rank0 else ()
            return {name: parameter.detach().clone() for name, parameter in named}


class _FSDPRoot(nn.Module):
    """Holds the model for `fully_shard`; as nobody calls it, FSDP's hooks around `forward` stay silent."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
