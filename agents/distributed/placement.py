"""Where the weights of a trained model live when several processes train it: whole in each of them, or in shards.

Placement    every process holds weights, gradients and optimiser state; gradients are added up
Sharded      every process holds its share of all of them; layers are put together as they are needed (`sharded.py`)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor

from ..inference.devices import read_together
from .process_group import ProcessGroup

Result = TypeVar("Result")


class Placement:
    """Whole weights in every process; the default, with a single one.

    Attributes:
        in_shards: whether a process holds only its share at rest.
        by_layer: whether sampling, too, puts one layer together at a time; see `run_jointly`.
    """

    in_shards = False
    by_layer = False

    def __init__(self, group: ProcessGroup | None = None) -> None:
        self.group = group or ProcessGroup()

    def run(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Call a function that passes once through the model; shards take all processes for it."""
        return function(*arguments)

    def backward(self, loss: Tensor) -> None:
        """The backward pass of a loss that a `run` gave."""
        loss.backward()  # type: ignore[no-untyped-call]

    def idle_passes(self, here: int) -> int:
        """How many passes others make beyond the number `here`, in which this process must take part."""
        return 0

    def run_jointly(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """`run`, while sampling `by_layer`: nobody knows how many passes there will be. Then all `run_for_others`."""
        return self.run(function, *arguments)

    def run_for_others(self) -> None:
        """Nothing is left to sample here: take part in the passes of the others until nobody has any."""

    @contextmanager
    def whole(self) -> Iterator[None]:
        """While it is open, the model's parameters are whole tensors. All processes open it together."""
        yield

    def share_gradients(self, trained: Mapping[str, Tensor]) -> None:
        """Give each trained parameter the sum of all processes' gradients, after the backward passes."""
        if not self.group.alone:
            self._sum_gradients(list(trained.values()))

    def length(self, tensors: Iterable[Tensor]) -> float:
        """Euclidean length of all elements of tensors that are placed like the parameters."""
        return math.hypot(*read_together([tensor.norm() for tensor in tensors]))

    def gather(self, tensor: Tensor) -> Tensor:
        """A tensor that is placed like a parameter, whole. All processes call it, and get it."""
        return tensor

    def place(self, tensor: Tensor, like: Tensor) -> Tensor:
        """A whole tensor, equal in all processes, placed as the parameter `like` is; one that is so already stays."""
        return tensor.to(like.device)

    def parameters(self, trained: dict[str, Tensor]) -> dict[str, Tensor]:
        """The trained parameters, whole; called by rank 0, outside of registered functions."""
        return trained

    def _sum_gradients(self, parameters: list[Tensor]) -> None:
        """A parameter that no process used keeps having no gradient, so that the optimiser leaves it alone."""
        used = self.group.totals([float(p.grad is not None) for p in parameters])
        shared = [p for p, times in zip(parameters, used, strict=True) if times]
        for parameter in shared:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        for dtype in dict.fromkeys(p.dtype for p in shared):
            self.group.add_up([p.grad for p in shared if p.dtype == dtype and p.grad is not None])
