"""Dynamic loss scaling: what lets float16, whose smallest numbers are large, carry gradients (arXiv 1710.03740, 3.2).

The loss is multiplied before the backward pass and the gradient divided after it, so that small gradients of
activations do not round to 0. A scale too large makes them infinite instead: then it is halved, and, unlike in
`torch.amp.GradScaler`, the backward pass is done again, because completions cost more than a backward pass and a step
of self-play should not be lost while the scale settles. After `PATIENCE` updates without that it is doubled.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from ...core.errors import RunError

START, LEAST, MOST = 2.0**16, 1.0, 2.0**24
PATIENCE = 200


class LossScale:
    """The scale of one trainer's losses.

    Args:
        dynamic: whether the precision needs one; otherwise it is 1 and stays so.

    Attributes:
        value: a power of two, so that scaling itself rounds nothing.
    """

    def __init__(self, dynamic: bool) -> None:
        self.dynamic = dynamic
        self.value = START if dynamic else 1.0
        self._good, self._again = 0, False

    def epochs(self, count: int) -> Iterator[int]:
        """0 … count − 1; an epoch whose gradient overflowed comes again, at the lower scale."""
        for epoch in range(count):
            yield epoch
            while self._again:
                self._again = False
                yield epoch

    def scaled(self, loss: Tensor) -> Tensor:
        """The loss as the backward pass should see it."""
        return loss if self.value == 1.0 else loss * self.value

    def unscale(self, parameters: Iterable[Tensor]) -> None:
        """Divide the gradients of `parameters` by the scale, in place."""
        if self.value != 1.0:
            for parameter in parameters:
                if parameter.grad is not None:
                    parameter.grad.mul_(1.0 / self.value)

    def lowered(self, loss: float, norm: float) -> bool:
        """Whether the gradient overflowed at a scale that could be lowered, and was: `epochs` repeats itself then.

        A loss that is not finite has nothing to do with the scale.
        """
        if not self.dynamic or not math.isfinite(loss):
            return False
        if not math.isfinite(norm) and self.value > LEAST:
            self.value, self._good, self._again = self.value / 2, 0, True
            return True
        self._good += 1
        if self._good == PATIENCE:
            self.value, self._good = min(2 * self.value, MOST), 0
        return False

    def tensors(self) -> dict[str, Tensor]:
        """The state, empty unless dynamic."""
        state = torch.tensor([self.value, self._good], dtype=torch.float64)
        return {"trainer.loss_scale": state} if self.dynamic else {}

    def load(self, state: Tensor | None) -> None:
        """Continue from `tensors()`; `None`, of a trainer without a scale, begins anew.

        Raises:
            RunError: the state is damaged.
        """
        if not self.dynamic or state is None:
            return
        value, good = (float(v) for v in state)
        if not LEAST <= value <= MOST:
            raise RunError(f"a loss scale lies in [{LEAST}, {MOST}], the saved one is {value}")
        self.value, self._good = value, int(good)
