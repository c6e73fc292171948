"""What follows from the validation loss: a smaller step, a larger one again, or a return to the best checkpoint.

The validation loss is 1 − the share of right samples on held-out questions: the negative of the very objective GRPO
climbs, without bias for any number of samples. Evaluations are compared question by question, so their standard error
is that of the paired difference.

    new best                                                   rates go back up by one factor, to the ceiling at most
    above the evaluation before by more than 1 standard error  rates go down by one factor
    above the one before, 3 times in a row                     roll back
    0.10 and 4 standard errors above the best                  roll back at once
    the run ends, and the last is not the best                 roll back: a run ends at its best

An evaluation no better than the one before while 2 standard errors above the best counts as a rise: a collapsed solver
cannot fall any further. Rolling back lowers the ceiling for good: to a half, and twice as deep in powers (a quarter, a
sixteenth …) at each further return without a new best in between. Where rewards or gradients were not finite the step
was not too long: nothing of it was taken.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec

from .thresholds import GuardThresholds

Move = Literal["best", "steady", "lower", "patience", "fall"]
"""What an evaluation asks for; the last two are causes of a rollback."""


class ValidationRule:
    """Remembers the best and the last evaluation; decides on learning rates and rollbacks.

    Attributes:
        scale: what the learning rates of the settings are multiplied by, in (0, 1].
        ceiling: the most that `scale` may become again.
        rising: evaluations in a row whose loss rose.
    """

    def __init__(self, limits: GuardThresholds) -> None:
        self.limits = limits
        self.best: list[float] = []
        self.last: list[float] = []
        self.scale, self.ceiling, self.rising, self.returns = 1.0, 1.0, 0, 0

    def observe(self, shares: Sequence[float]) -> Move:
        """Take in one evaluation: the share of right samples of every question, always the same questions."""
        now, last = list(shares), self.last
        self.last = now
        if not self.best or loss(now) < loss(self.best):
            self.best, self.rising, self.returns = now, 0, 0
            self.scale = min(self.ceiling, self.scale / self.limits.factor)
            return "best"
        above = loss(now) - loss(self.best)
        stuck = above > 2 * standard_error(self.best, now) and loss(now) >= loss(last)
        self.rising = self.rising + 1 if stuck or loss(now) > loss(last) else 0
        if above >= self.limits.fall and above > 4 * standard_error(self.best, now):
            return "fall"
        if self.rising >= self.limits.patience:
            return "patience"
        if loss(now) - loss(last) > standard_error(last, now):
            self.scale = max(self.limits.least_scale, self.scale * self.limits.factor)
            return "lower"
        return "steady"

    def ends_below_best(self) -> bool:
        """Whether the last evaluation is another one than the best.

        No margin: which solver to leave behind is no question of significance, and going back now loses nothing.
        """
        return self.last != self.best

    def rolled_back(self, *, smaller: bool = True) -> None:
        """The best checkpoint is back; `smaller`: with a smaller step from here on."""
        self.last, self.rising = self.best, 0
        if not smaller:
            return
        self.returns += 1
        cut = self.limits.factor ** min(2 ** (self.returns - 1), 64)
        self.ceiling = self.scale = max(self.limits.least_scale, self.scale * cut)

    def state_dict(self) -> dict[str, Any]:
        names = ("best", "last", "scale", "ceiling", "rising", "returns")
        return {name: getattr(self, name) for name in names}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        known = msgspec.convert(state, RuleState)
        self.best, self.last, self.scale, self.ceiling = known.best, known.last, known.scale, known.ceiling
        self.rising, self.returns = known.rising, known.returns


class RuleState(msgspec.Struct):
    """What the rule remembers between two commits."""

    best: list[float]
    last: list[float]
    scale: Annotated[float, msgspec.Meta(gt=0, le=1)]
    ceiling: Annotated[float, msgspec.Meta(gt=0, le=1)]
    rising: Annotated[int, msgspec.Meta(ge=0)]
    returns: Annotated[int, msgspec.Meta(ge=0)]


def loss(shares: Sequence[float]) -> float:
    """1 − the mean share of right samples, in [0, 1]."""
    return 1.0 - sum(shares) / len(shares)


def standard_error(before: Sequence[float], after: Sequence[float]) -> float:
    """Of the difference of two evaluations over the same questions; 0 for fewer than two."""
    gaps = [a - b for a, b in zip(after, before, strict=True)]
    if len(gaps) < 2:
        return 0.0
    mean = sum(gaps) / len(gaps)
    return math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / (len(gaps) - 1) / len(gaps))
