"""Difficulty that climbs in whole steps: a hard question with probability 0.2 × step, else an easy one.

This is the adaptive task generator of the general self-play architecture. Its probability reaches 1 at step 5: from
there on every question is hard and the curriculum can adapt no further, which is why `band` exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.errors import ConfigError
from ..core.options.counts import check_level
from ..core.protocols import Rng
from ..core.records import TaskSpec
from ..core.registries import register_curriculum

HARD_PER_STEP = 0.2
LAST_STEP = 5


@register_curriculum("linear")
class LinearCurriculum:
    """Climbs one step when the mean solve rate of a window is high, falls one when it is low.

    Args:
        easy, hard: the two levels asked, in [0, 1].
        window: questions observed between two decisions.
        climb_at, fall_at: mean solve rates that move the step up and down.
        easy_kind, hard_kind: generator kinds of the easy and the hard questions, such as "easy" and "hard" of
            `families`; `None` leaves the kind to the generator.
        step: where to start, 0 … 5.
    """

    def __init__(
        self,
        *,
        easy: float = 0.2,
        hard: float = 0.9,
        window: int = 64,
        climb_at: float = 0.7,
        fall_at: float = 0.3,
        easy_kind: str | None = None,
        hard_kind: str | None = None,
        step: int = 1,
    ) -> None:
        if not 0.0 <= easy <= hard <= 1.0:
            raise ConfigError(f"linear needs 0 <= easy <= hard <= 1, got easy={easy!r}, hard={hard!r}")
        if not 0.0 <= fall_at < climb_at <= 1.0:
            raise ConfigError(f"linear needs 0 <= fall_at < climb_at <= 1, got {fall_at!r} and {climb_at!r}")
        if window < 1 or not 0 <= step <= LAST_STEP:
            raise ConfigError(f"linear needs window >= 1 and step in 0..{LAST_STEP}, got {window!r} and {step!r}")
        self.easy, self.hard = easy, hard
        self.easy_kind, self.hard_kind = easy_kind, hard_kind
        self.window, self.climb_at, self.fall_at = window, climb_at, fall_at
        self.step = step
        self._rates: list[float] = []

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that it asks a generator for."""
        return tuple(kind for kind in (self.easy_kind, self.hard_kind) if kind is not None)

    @property
    def hard_probability(self) -> float:
        """Chance that the next question is hard: 0.2 × step, 1 from step 5 on."""
        return min(1.0, HARD_PER_STEP * self.step)

    def sample(self, rng: Rng) -> TaskSpec:
        if rng.random() < self.hard_probability:
            return TaskSpec(self.hard, self.hard_kind)
        return TaskSpec(self.easy, self.easy_kind)

    def observe(self, spec: TaskSpec, solve_rate: float) -> None:
        check_level("solve_rate", solve_rate)
        self._rates.append(solve_rate)
        if len(self._rates) < self.window:
            return
        mean = sum(self._rates) / len(self._rates)
        self._rates.clear()
        if mean >= self.climb_at:
            self.step = min(LAST_STEP, self.step + 1)
        elif mean <= self.fall_at:
            self.step = max(0, self.step - 1)

    def state_dict(self) -> dict[str, Any]:
        return {"step": self.step, "rates": list(self._rates)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.step, self._rates = int(state["step"]), [float(rate) for rate in state["rates"]]
