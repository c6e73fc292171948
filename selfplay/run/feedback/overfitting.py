"""When learning from few reviews has gone on for too long: what was set aside is answered worse than before."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

LEAST = 8
"""Fewer things set aside cannot tell chance from harm: then nothing stops a part but its end."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was set aside, measured.

    Attributes:
        losses: one per question or pair: the share of wrong answers, or the loss of the pair.
        accuracy: share of right answers, or of pairs whose preferred completion is the likelier one, against the
            reference.
    """

    losses: Sequence[float]
    accuracy: float

    def row(self) -> dict[str, Any]:
        """What a run logs of it."""
        return {
            "held_out": len(self.losses),
            "held_out_loss": fmean(self.losses) if self.losses else None,
            "held_out_accuracy": self.accuracy if self.losses else None,
            "held_out_losses": [float(value) for value in self.losses],
        }


def has_worsened(best: Sequence[float], now: Sequence[float]) -> bool:
    """Whether the mean loss rose by more than one standard error of the paired difference.

    Where nothing changed, that happens in one look of six; it costs the steps since the look before.

    Args:
        best: losses when they were lowest, in the same order.
    """
    rises = [after - before for before, after in zip(best, now, strict=True)]
    if len(rises) < LEAST:
        return False
    return bool(fmean(rises) > stdev(rises) / math.sqrt(len(rises)))


class OverfittingGuard:
    """Remembers the lowest losses of each part, and which parts are over.

    What it knows follows from what the stage logged, so it is the same after a kill.
    """

    def __init__(self, rows: Sequence[Mapping[str, Any]] = ()) -> None:
        self.best: dict[str, Sequence[float]] = {}
        self.over: set[str] = set()
        for row in rows:
            self.look(row["part"], row["held_out_losses"])

    def look(self, part: str, losses: Sequence[float]) -> bool:
        """Whether a part has gone on for too long."""
        before = self.best.get(part)
        if before is not None and has_worsened(before, losses):
            self.over.add(part)
            return True
        if before is None or not losses or fmean(losses) < fmean(before):
            self.best[part] = losses
        return False
