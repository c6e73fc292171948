"""The curriculum that does not adapt: always the same level, or uniform over a range. The baseline of the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.errors import ConfigError
from ..core.protocols import Rng
from ..core.records import TaskSpec
from ..core.registries import register_curriculum


@register_curriculum("fixed")
class FixedCurriculum:
    """Draws levels uniformly from [low, high].

    Args:
        level: the one level to ask; shorthand for `low = high = level`.
        low, high: the range, within [0, 1].
    """

    def __init__(self, level: float | None = None, *, low: float = 0.0, high: float = 1.0) -> None:
        if level is not None:
            low = high = level
        if not 0.0 <= low <= high <= 1.0:
            raise ConfigError(f"fixed needs 0 <= low <= high <= 1, got low={low!r}, high={high!r}")
        self.low, self.high = low, high

    def sample(self, rng: Rng) -> TaskSpec:
        return TaskSpec(self.low + (self.high - self.low) * rng.random())

    def observe(self, spec: TaskSpec, solve_rate: float) -> None:
        """Nothing is learnt."""

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        if state:
            raise ConfigError(f"a fixed curriculum has no state, got {sorted(state)}")
