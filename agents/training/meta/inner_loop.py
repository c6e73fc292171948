"""Adapting weights to one task: a few steps of a fresh optimiser, and the way back.

A task is a function: the number of a batch → the mean loss of that batch at the present weights. That is all that is
known here of models and data.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TypeAlias

import torch
from torch import Tensor

from ....core.errors import ConfigError, RunError, UnknownNameError

Parameters: TypeAlias = Sequence[Tensor]
Gradient: TypeAlias = list[Tensor]
Task: TypeAlias = Callable[[int], Tensor]
"""Number of a batch, from 0 → its mean loss at the present weights, a scalar that can be differentiated."""

OPTIMISERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": partial(torch.optim.Adam, betas=(0.9, 0.99)),
    "sgd": torch.optim.SGD,
}


@dataclass(frozen=True, slots=True)
class InnerLoop:
    """How weights are adapted to a task. Its optimiser begins anew with every task.

    Attributes:
        batches: of a task that a method may use, ≥ 1.
        learning_rate: of each step, > 0.
        optimiser: "adam" or "sgd".
        max_grad_norm: a gradient is scaled down to this Euclidean norm if it is longer.
    """

    batches: int = 8
    learning_rate: float = 1e-3
    optimiser: str = "adam"
    max_grad_norm: float = math.inf

    def __post_init__(self) -> None:
        if isinstance(self.batches, bool) or not isinstance(self.batches, int) or self.batches < 1:
            raise ConfigError(f"an inner loop needs batches >= 1, a whole number, got {self.batches!r}")
        if not (0 < self.learning_rate < math.inf and self.max_grad_norm > 0):
            raise ConfigError(
                "an inner loop needs a finite learning_rate > 0 and max_grad_norm > 0, got "
                f"{self.learning_rate!r} and {self.max_grad_norm!r}"
            )
        if self.optimiser not in OPTIMISERS:
            raise UnknownNameError("optimiser", str(self.optimiser), OPTIMISERS)

    def steps(self, parameters: Parameters, task: Task) -> Iterator[float]:
        """Adapt `parameters` in place, without end: one step per iteration, on the next batch; yields its loss before
        the step.

        Raises:
            RunError: a loss is not finite.
        """
        optimiser = OPTIMISERS[self.optimiser](parameters, lr=self.learning_rate)
        for number in count():
            loss, gradient = self.gradient(parameters, task, number)
            take_step(optimiser, parameters, gradient)
            yield loss

    def gradient(self, parameters: Parameters, task: Task, batch: int) -> tuple[float, Gradient]:
        """Loss and clipped gradient of a batch.

        Raises:
            RunError: the loss is not finite.
        """
        loss = task(batch)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise RunError(f"a task has the loss {value}: the weights have diverged, lower the learning rates")
        found = torch.autograd.grad(loss, list(parameters), allow_unused=True)
        gradient = [torch.zeros_like(p) if g is None else g for p, g in zip(parameters, found, strict=True)]
        norm = float(torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(g) for g in gradient])))
        if norm > self.max_grad_norm:
            gradient = [g * (self.max_grad_norm / norm) for g in gradient]
        return value, gradient


def take_step(optimiser: torch.optim.Optimizer, parameters: Parameters, gradient: Gradient) -> None:
    """One step of an optimiser of `parameters` along a gradient that is given."""
    for parameter, g in zip(parameters, gradient, strict=True):
        parameter.grad = g
    optimiser.step()
    for parameter in parameters:
        parameter.grad = None


@contextmanager
def restored(parameters: Parameters) -> Iterator[Gradient]:
    """Whatever happens inside, the parameters are as before at the end; gives copies of them."""
    before = [p.detach().clone() for p in parameters]
    try:
        yield before
    finally:
        with torch.no_grad():
            for parameter, value in zip(parameters, before, strict=True):
                parameter.copy_(value)
