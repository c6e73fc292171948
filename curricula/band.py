"""Difficulty that holds the solver's measured solve rate at a target, ½ by default: the edge of its ability.

At solve rate ½ the uncertainty reward 1 − 2|p̂ − ½| of R-Zero (arXiv 2508.05004, section 3) is largest, and a group's
rewards vary most, so GRPO learns most from it.

The rule is a proportional controller with hysteresis. Solve rates are averaged over a window; the level starts to move
when the mean leaves the *outer* band around the target and stops when it is back inside the *inner* one, so that
sampling noise alone does not make it wander.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..core.errors import ConfigError
from ..core.options.counts import check_level
from ..core.protocols import Rng
from ..core.records import TaskSpec
from ..core.registries import register_curriculum


@register_curriculum("band")
class BandCurriculum:
    """Keeps the solve rate at `target`.

    Args:
        target: the solve rate to hold, in (0, 1).
        level: where to start, in [0, 1].
        window: questions averaged before each decision.
        gain: level change per unit of solve-rate error, > 0.
        inner, outer: half-widths of the two bands, 0 ≤ inner ≤ outer.
        spread: levels are drawn uniformly from level ± spread, clipped to [0, 1].
    """

    def __init__(
        self,
        *,
        target: float = 0.5,
        level: float = 0.25,
        window: int = 32,
        gain: float = 0.4,
        inner: float = 0.05,
        outer: float = 0.15,
        spread: float = 0.1,
    ) -> None:
        if not 0.0 < target < 1.0 or not 0.0 <= level <= 1.0:
            raise ConfigError(f"band needs target in (0, 1) and level in [0, 1], got {target!r} and {level!r}")
        if window < 1 or not 0.0 < gain < math.inf or not 0.0 <= spread < math.inf or not 0.0 <= inner <= outer:
            raise ConfigError(
                "band needs window >= 1, finite gain > 0, finite spread >= 0 and 0 <= inner <= outer, "
                f"got window={window!r}, gain={gain!r}, spread={spread!r}, inner={inner!r}, outer={outer!r}"
            )
        self.target, self.window, self.gain = target, window, gain
        self.inner, self.outer, self.spread = inner, outer, spread
        self.level = level
        self._moving = False
        self._rates: list[float] = []

    def sample(self, rng: Rng) -> TaskSpec:
        drawn = self.level + self.spread * (2.0 * rng.random() - 1.0)
        return TaskSpec(min(1.0, max(0.0, drawn)))

    def observe(self, spec: TaskSpec, solve_rate: float) -> None:
        check_level("solve_rate", solve_rate)
        self._rates.append(solve_rate)
        if len(self._rates) < self.window:
            return
        error = sum(self._rates) / len(self._rates) - self.target
        self._rates.clear()
        self._moving = abs(error) > (self.inner if self._moving else self.outer)
        if self._moving:
            self.level = min(1.0, max(0.0, self.level + self.gain * error))

    def state_dict(self) -> dict[str, Any]:
        return {"level": self.level, "moving": self._moving, "rates": list(self._rates)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.level, self._moving = float(state["level"]), bool(state["moving"])
        self._rates = [float(rate) for rate in state["rates"]]
