"""A bandit over kinds and levels of questions: what teaches most is asked most. A challenger has to beat it.

SEC (arXiv 2505.14970, section 3): each arm c has a value, Q(c) ← Q(c) + α·(r − Q(c)), and arms are drawn by a softmax,
P(c) ∝ exp(Q(c)/τ). The reward r of an arm is the mean absolute advantage |Â| of the attempts at its questions. With
rewards of 0 and 1, a solve rate p and Â = (r − p)/√(p(1 − p)), as GRPO has it, that is

    |Â| = p·(1 − p)/σ + (1 − p)·p/σ = 2·√(p(1 − p)),    in [0, 1], greatest at p = ½, 0 where all attempts are alike

SEC updates once a batch with α = ½, this once a question, so α is smaller. A question that was not valid counts as
never solved, as for every curriculum.

What it cannot see: with labels by vote a hopeless question still has a solve rate of some tenths, the share of the most
frequent wrong answer, and so some value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from ..core.errors import ConfigError
from ..core.options.counts import check_level
from ..core.protocols import Rng
from ..core.records import TaskSpec
from ..core.registries import register_curriculum

ARM = "arm"
"""Under which `TaskSpec.meta` keeps the arm that a task was drawn from."""

MOST_BINS = 1000
"""More bins than questions of a run have no values; every draw weighs all of them."""


@register_curriculum("bandit")
class BanditCurriculum:
    """Draws from the kinds and levels whose questions split the solver's attempts.

    Every pair of a kind and a bin of levels is an arm; without kinds, which not every generator has, every bin.

    Args:
        kinds: kinds of the generator, such as ["arithmetic", "equation", "composed"] of `mixed`.
        bins: equal bins of the levels, 1 … 1,000; a level is drawn uniformly from a bin.
        rate: α, the weight of one question in the value of its arm, in (0, 1].
        temperature: τ of the softmax, > 0: low asks the best arm alone, high asks all of them alike.
    """

    def __init__(
        self, *, kinds: Sequence[str] = (), bins: int = 8, rate: float = 0.2, temperature: float = 0.2
    ) -> None:
        if isinstance(kinds, str) or not all(isinstance(kind, str) for kind in kinds) or len(set(kinds)) < len(kinds):
            raise ConfigError(f"bandit needs different kinds in a list, got {kinds!r}")
        if not 1 <= bins <= MOST_BINS or not 0.0 < rate <= 1.0 or not temperature > 0.0:
            raise ConfigError(
                f"bandit needs bins in 1..{MOST_BINS}, rate in (0, 1] and temperature > 0, "
                f"got bins={bins!r}, rate={rate!r}, temperature={temperature!r}"
            )
        self.kinds = tuple(kinds)
        self.bins, self.rate, self.temperature = bins, rate, temperature
        self.arms = [(kind, place) for kind in kinds or (None,) for place in range(bins)]
        self.values = [0.0] * len(self.arms)

    def sample(self, rng: Rng) -> TaskSpec:
        edges = list(accumulate(self.probabilities()))
        drawn = rng.random() * edges[-1]
        arm = next((i for i, edge in enumerate(edges) if drawn < edge), len(edges) - 1)
        kind, place = self.arms[arm]
        return TaskSpec(min(1.0, (place + rng.random()) / self.bins), kind, {ARM: arm})

    def observe(self, spec: TaskSpec, solve_rate: float) -> None:
        check_level("solve_rate", solve_rate)
        arm = self._arm(spec)
        if arm is not None:
            self.values[arm] += self.rate * (absolute_advantage(solve_rate) - self.values[arm])

    def probabilities(self) -> list[float]:
        """How likely each arm is drawn next; they add up to 1."""
        best = max(self.values)
        weights = [math.exp((value - best) / self.temperature) for value in self.values]
        total = sum(weights)
        return [weight / total for weight in weights]

    def state_dict(self) -> dict[str, Any]:
        return {"values": list(self.values)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        values = [float(value) for value in state["values"]]
        if len(values) != len(self.arms):
            raise ConfigError(f"a bandit of {len(self.arms)} arms cannot go on from {len(values)} values")
        self.values = values

    def _arm(self, spec: TaskSpec) -> int | None:
        """The arm that a task was drawn from, or would be; `None` for a kind that is none of its own."""
        drawn = spec.meta.get(ARM)
        if isinstance(drawn, int) and 0 <= drawn < len(self.arms):
            return drawn
        pair = (spec.kind, min(self.bins - 1, int(spec.level * self.bins)))
        return self.arms.index(pair) if pair in self.arms else None


def absolute_advantage(solve_rate: float) -> float:
    """Mean |Â| of attempts of which a share was right: 2·√(p(1 − p)), in [0, 1]."""
    return 2.0 * math.sqrt(max(0.0, solve_rate * (1.0 - solve_rate)))
