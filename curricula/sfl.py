"""Replay of tasks by p(1 − p): what the solver solves half the time is asked again, at levels nearby.

SFL, "No Regrets" (arXiv 2408.15099): tasks are drawn at random, those with the highest learnability p·(1 − p) fill a
buffer, and training takes a share of its tasks from the buffer, evenly, and the others from the base distribution. What
differs here: there are no rollouts that only measure, p is the solve rate of the one question that a task asked; a task
that is asked again has a level near the old one, so that the buffer follows a skill that moves; and old tasks fade, for
the same reason. With t the number of questions observed so far, a new task has the priority

    log2(p·(1 − p)) + t/half_life

which orders tasks as p·(1 − p) does when it is halved every `half_life` questions. What was always or never solved is
not kept.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from ..core.errors import ConfigError
from ..core.options.counts import check_level
from ..core.protocols import Rng
from ..core.records import TaskSpec
from ..core.registries import register_curriculum

_Entry: TypeAlias = tuple[float, int, float, str | None]
"""Priority, the number of the observation (so that no two entries are equal), level and kind of a task."""


@register_curriculum("sfl")
class SFLCurriculum:
    """Draws a share of the tasks near those that were most learnable, and the others evenly over kinds and levels.

    Args:
        kinds: kinds of the generator, drawn evenly, such as ["arithmetic", "equation"] of `mixed`; none leaves the kind
            to the generator.
        replay: the share of tasks that the buffer gives, in [0, 1).
        size: tasks in the buffer, ≥ 1.
        half_life: questions after which the learnability of a task counts half, > 0: low follows a fast solver.
        spread: a level is drawn uniformly from that of a task in the buffer ± spread, clipped to [0, 1]; in [0, 1].
    """

    def __init__(
        self,
        *,
        kinds: Sequence[str] = (),
        replay: float = 0.75,
        size: int = 64,
        half_life: float = 256.0,
        spread: float = 0.05,
    ) -> None:
        if isinstance(kinds, str) or not all(isinstance(kind, str) for kind in kinds) or len(set(kinds)) < len(kinds):
            raise ConfigError(f"sfl needs different kinds in a list, got {kinds!r}")
        if not 0.0 <= replay < 1.0 or size < 1 or not half_life > 0.0 or not 0.0 <= spread <= 1.0:
            raise ConfigError(
                "sfl needs replay in [0, 1), size >= 1, half_life > 0 and spread in [0, 1], "
                f"got replay={replay!r}, size={size!r}, half_life={half_life!r}, spread={spread!r}"
            )
        self.kinds = tuple(kinds)
        self.replay, self.size, self.half_life, self.spread = replay, size, half_life, spread
        self._buffer: list[_Entry] = []  # a heap: the least of them first
        self._observed = 0

    def sample(self, rng: Rng) -> TaskSpec:
        if rng.random() < self.replay and self._buffer:
            _, _, level, kind = self._buffer[int(rng.random() * len(self._buffer))]
            return TaskSpec(min(1.0, max(0.0, level + self.spread * (2.0 * rng.random() - 1.0))), kind)
        return TaskSpec(rng.random(), self.kinds[int(rng.random() * len(self.kinds))] if self.kinds else None)

    def observe(self, spec: TaskSpec, solve_rate: float) -> None:
        check_level("solve_rate", solve_rate)
        self._observed += 1
        learnability = solve_rate * (1.0 - solve_rate)
        if learnability <= 0.0:
            return
        priority = math.log2(learnability) + self._observed / self.half_life
        entry = (priority, self._observed, spec.level, spec.kind)
        if len(self._buffer) < self.size:
            heapq.heappush(self._buffer, entry)
        else:
            heapq.heappushpop(self._buffer, entry)

    def state_dict(self) -> dict[str, Any]:
        return {"observed": self._observed, "buffer": [list(entry) for entry in self._buffer]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Raises a `ConfigError` for a buffer that is larger than `size`."""
        if len(state["buffer"]) > self.size:
            raise ConfigError(f"an sfl of size={self.size} cannot go on from {len(state['buffer'])} tasks")
        self._observed = int(state["observed"])
        self._buffer = [(float(p), int(t), float(level), kind) for p, t, level, kind in state["buffer"]]
