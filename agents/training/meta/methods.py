"""Reptile (arXiv 1803.02999, algorithm 2) and first-order MAML (1703.03400), with multi-task training for comparison.

Each takes one outer step from the same batches of the same tasks, K of each, so that their compute is equal; they
differ in what they make of it. φᵢ are the weights after adapting θ to task i, ε is the outer learning rate:

    reptile      θ ← θ − ε·mean(θ − φᵢ), φᵢ after K batches
    fomaml       θ ← outer optimiser along mean(∇Lᵢ(φᵢ)), φᵢ after K − 1 batches, Lᵢ on the last one, the query
    multi-task   K outer steps along mean(∇Lᵢ(θ)): plain supervised training on mixed batches

MAML differentiates through the adaptation; its first-order form takes the gradient at φᵢ for that at θ. The optimiser
of the inner loop begins anew with every task, where Reptile's authors let Adam's means go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice

import torch

from ....core.errors import ConfigError, UnknownNameError
from .inner_loop import Gradient, InnerLoop, Parameters, Task, restored, take_step

Losses = tuple[float, float]
"""Mean loss over tasks on their first batch, and on their last one before anything was learnt of it."""
Method = Callable[[Parameters, Sequence[Task], InnerLoop, torch.optim.Optimizer], Losses]


def reptile(parameters: Parameters, tasks: Sequence[Task], inner: InnerLoop, outer: torch.optim.Optimizer) -> Losses:
    """An outer step towards the mean of the adapted weights; `outer` is SGD, its learning rate the share of the way."""
    mean, losses = _Mean(parameters, len(tasks)), []
    for task in tasks:
        with restored(parameters) as start:
            losses.append([*islice(inner.steps(parameters, task), inner.batches)])
            mean.add([before - after.detach() for before, after in zip(start, parameters, strict=True)])
    take_step(outer, parameters, mean.value)
    return _ends(losses)


def fomaml(parameters: Parameters, tasks: Sequence[Task], inner: InnerLoop, outer: torch.optim.Optimizer) -> Losses:
    """An outer step along the mean gradient of the query batches at the adapted weights.

    Raises:
        ConfigError: a single batch per task, so that none is left to adapt to.
    """
    if inner.batches < 2:
        raise ConfigError("fomaml needs two batches per task or more: some to adapt to and one to be asked")
    mean, losses = _Mean(parameters, len(tasks)), []
    for task in tasks:
        with restored(parameters):
            adapting = [*islice(inner.steps(parameters, task), inner.batches - 1)]
            loss, gradient = inner.gradient(parameters, task, inner.batches - 1)
            mean.add(gradient)
            losses.append([*adapting, loss])
    take_step(outer, parameters, mean.value)
    return _ends(losses)


def multi_task(parameters: Parameters, tasks: Sequence[Task], inner: InnerLoop, outer: torch.optim.Optimizer) -> Losses:
    """As many outer steps as there are batches, each along the mean gradient of all tasks."""
    losses: list[list[float]] = [[] for _ in tasks]
    for batch in range(inner.batches):
        mean = _Mean(parameters, len(tasks))
        for task, own in zip(tasks, losses, strict=True):
            loss, gradient = inner.gradient(parameters, task, batch)
            mean.add(gradient)
            own.append(loss)
        take_step(outer, parameters, mean.value)
    return _ends(losses)


METHODS: dict[str, Method] = {"reptile": reptile, "fomaml": fomaml, "multi-task": multi_task}


def method_of(name: str) -> Method:
    """The outer step of a name.

    Raises:
        UnknownNameError: there is none.
    """
    if name not in METHODS:
        raise UnknownNameError("method", str(name), METHODS)
    return METHODS[name]


def falling(peak: float, step: int, steps: int) -> float:
    """The outer learning rate at `step` of `steps`, from 0: it falls on a line that reaches 0 behind the last step."""
    return peak * (1.0 - step / steps)


class _Mean:
    """The mean of so many gradients."""

    def __init__(self, parameters: Parameters, count: int) -> None:
        if not count:
            raise ConfigError("an outer step needs at least one task")
        self.value: Gradient = [torch.zeros_like(p) for p in parameters]
        self.count = count

    def add(self, gradient: Gradient) -> None:
        for total, own in zip(self.value, gradient, strict=True):
            total += own / self.count


def _ends(losses: Sequence[Sequence[float]]) -> Losses:
    first, last = (sum(own[at] for own in losses) / len(losses) for at in (0, -1))
    return first, last
