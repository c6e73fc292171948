"""Members of a coalition that labels, over the rounds: one that is no better than chance, and one that changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .thresholds import Alarm, GuardThresholds

FEWEST = 10
"""Labelled questions from which a measured reliability says something."""


class MemberHistory:
    """How reliable each member was in the last labelling in which it answered.

    Attributes:
        last: by name, in [0, 1].
    """

    def __init__(self) -> None:
        self.last: dict[str, float] = {}

    def observe(self, limits: GuardThresholds, measures: Mapping[str, Any]) -> Iterator[tuple[Alarm, bool]]:
        """Take in one labelling, as `metrics.jsonl` has it; each alarm with whether it is raised."""
        coalition = measures.get("coalition")
        if coalition is None or measures["asked"] < FEWEST:
            return
        now = {name: row["reliability"] for name, row in coalition["members"].items() if row["reliability"] is not None}
        jumps = {name: abs(value - self.last[name]) for name, value in now.items() if name in self.last}
        self.last = {**self.last, **now}
        if now:
            worst, chance = min(now, key=lambda name: now[name]), coalition["chance"]
            why = f"{worst} is right more rarely than two wrong answers are the same"
            yield Alarm("unreliable_member", now[worst], chance, why), now[worst] < chance
        if jumps:
            name, limit = max(jumps, key=lambda one: jumps[one]), limits.reliability_jump
            why = f"the reliability of {name} changed: either it answers otherwise, or the questions are others"
            yield Alarm("reliability_jump", jumps[name], limit, why), jumps[name] > limit
