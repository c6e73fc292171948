"""Whom a teacher teaches: a simulated learner of known, moving skill, or an agent who really answers."""

from __future__ import annotations

import math
import random
from typing import Protocol

from ...core.errors import ConfigError
from ...core.records import TaskSpec
from .setup import GameSetup


class Learner(Protocol):
    """Answers questions of a level and may change by it."""

    def restart(self, root: int) -> None:
        """Begin an episode; everything after is a function of `root` and the levels asked."""
        ...

    def answer(self, level: float, attempts: int) -> int:
        """How many of `attempts` at one question of `level` in [0, 1] are right."""
        ...


class SimulatedLearner:
    """P(right) = σ((skill − level) / width), and skill grows most where success is uncertain.

    After each question skill moves by `gain * 4p(1 − p) − forgetting`, within [0, 1]: asked what it can or cannot do
    anyway, the learner learns nothing and forgets a little. Its first skill is drawn uniformly from `start`.

    Args:
        width: how gradually skill fades with level, > 0.
        gain: skill gained from one question at p = ½.
        forgetting: skill lost per question.
        start: range of the first skill, within [0, 1].
    """

    def __init__(
        self,
        *,
        width: float = 0.08,
        gain: float = 0.01,
        forgetting: float = 0.002,
        start: tuple[float, float] = (0.1, 0.7),
    ) -> None:
        low, high = start
        if width <= 0 or gain < 0 or forgetting < 0 or not 0.0 <= low <= high <= 1.0:
            raise ConfigError(
                "a simulated learner needs width > 0, gain >= 0, forgetting >= 0 and start within [0, 1], "
                f"got width={width!r}, gain={gain!r}, forgetting={forgetting!r}, start={start!r}"
            )
        self.width, self.gain, self.forgetting, self.start = width, gain, forgetting, (low, high)
        self.skill = low
        self._rng = random.Random(0)

    def restart(self, root: int) -> None:
        self._rng = random.Random(root)
        low, high = self.start
        self.skill = low + (high - low) * self._rng.random()

    def probability(self, level: float) -> float:
        """Chance of a right answer now."""
        return 1.0 / (1.0 + math.exp((level - self.skill) / self.width))

    def answer(self, level: float, attempts: int) -> int:
        p = self.probability(level)
        draw = self._rng.random
        correct = sum(draw() < p for _ in range(attempts))
        self.skill = min(1.0, max(0.0, self.skill + self.gain * 4.0 * p * (1.0 - p) - self.forgetting))
        return correct


class AgentLearner:
    """An agent as solver: it is asked questions of the level asked for, and the game's verifier judges.

    Args:
        setup: of the role "teacher"; its `attempts` is what the teacher asks for.
    """

    def __init__(self, setup: GameSetup) -> None:
        self.setup = setup

    def restart(self, root: int) -> None:
        self.setup.seed(root)

    def answer(self, level: float, attempts: int) -> int:
        setup = self.setup
        question = setup.asker.draw(TaskSpec(level), setup.rng)
        groups = setup.answer(setup.game.ask([question]))
        return setup.game.judge([question], groups)[0].correct_count
