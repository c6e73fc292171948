"""The curriculum that does not adapt: always the same level, or uniform over a range. The baseline of the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.errors import ConfigError
from ..core.options.counts import check_level
from ..core.protocols import Rng
from ..core.records import TaskSpec
from ..core.registries import register_curriculum


@register_curriculum("fixed")
class FixedCurriculum:
    """Draws levels uniformly from [low, high].

    Args:
        level: the one level to ask; shorthand for `low = high = level`.
        low, high: the range, within [0, 1]; `None` is all of it.

    Raises:
        ConfigError: both a level and a range, or one outside of [0, 1].
    """

    def __init__(self, level: float | None = None, *, low: float | None = None, high: float | None = None) -> None:
        if level is None:
            low, high = 0.0 if low is None else low, 1.0 if high is None else high
        elif low is None and high is None:
            low = high = level
        else:
            raise ConfigError(f"fixed takes one level, or low and high; got {level=}, {low=}, {high=}")
        if not 0.0 <= low <= high <= 1.0:
            raise ConfigError(f"fixed needs 0 <= low <= high <= 1, got low={low!r}, high={high!r}")
        self.low, self.high = low, high

    def sample(self, rng: Rng) -> TaskSpec:
        return TaskSpec(self.low + (self.high - self.low) * rng.random())

    def observe(self, spec: TaskSpec, solve_rate: float) -> None:
        """Nothing is learnt."""
        check_level("solve_rate", solve_rate)

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        if state:
            raise ConfigError(f"a fixed curriculum has no state, got {sorted(state)}")
