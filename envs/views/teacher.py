"""The challenger's choice of difficulty as a numeric environment, for stable-baselines3 and other libraries of vectors.

    observation   (2L,) floats in [0, 1]: for each of L levels the last measured solve rate (½ before the first), then
                  how recently it was measured (1 now, fading, 0 never)
    action        which level to ask next, 0 … L−1
    reward        1 − 2|p̂ − ½| over the attempts at that question: R-Zero's uncertainty (arXiv 2508.05004, section 3.1)

An episode is `horizon` questions and is then truncated. With 8 attempts nobody can earn more than 0.73 a step: at p = ½
the measured p̂ scatters. A uniformly random teacher earns about 0.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from ...core.errors import ConfigError
from ...core.options.counts import check_whole
from ...core.protocols import Agent
from ..rewards.challenger import uncertainty
from .learners import AgentLearner, Learner, SimulatedLearner
from .rendering import HTML, TEXT, Drawing, check_mode, drawing_of
from .rendering import MODES as TEXT_MODES
from .setup import GameSetup, check_reset_options, make_settings

Floats = NDArray[np.float32]
FADING = 0.9
MODES = (*TEXT_MODES, "rgb_array")
_BAR, _HEIGHT = 24, 120  # pixels of the picture


def teacher_env(
    *,
    opponent: str | Mapping[str, Any] | Agent | None = None,
    learner: Mapping[str, Any] | Learner | None = None,
    levels: int = 10,
    attempts: int = 8,
    horizon: int = 64,
    render_mode: str | None = None,
    **settings: Any,
) -> TeacherEnv:
    """What `gym.make("SelfPlayTeacher-v0")` calls.

    Args:
        opponent: an agent to teach, by name, dict or live; `None` for the simulated learner.
        learner: options of the simulated learner, or a live `Learner`; not together with `opponent`.
        levels: L, how many levels there are, ≥ 2.
        attempts: m at each question, ≥ 1.
        horizon: questions per episode, ≥ 2.
        render_mode: "ansi", "html", "human", "rgb_array" or `None`.
        settings: with an `opponent`: verifier, generator, source, split, reuse, see
            `envs.views.setup.GameSettings`.
    """
    if opponent is not None:
        if learner is not None:
            raise ConfigError("give opponent (an agent) or learner (a simulated one), not both")
        options = make_settings({"opponent": opponent, "attempts": attempts, **settings})
        return TeacherEnv(AgentLearner(GameSetup(options, "teacher")), levels, attempts, horizon, render_mode)
    if settings:
        raise ConfigError(f"{', '.join(sorted(settings))}: only an opponent is asked questions; give one")
    if learner is None or isinstance(learner, Mapping):
        learner = SimulatedLearner(**(learner or {}))
    return TeacherEnv(learner, levels, attempts, horizon, render_mode)


class TeacherEnv(gym.Env[Floats, np.int64]):
    """The teacher's view of one learner; see the module for spaces and reward.

    `info`: `role`, `level` asked in [0, 1], `solve_rate`, `reward_terms`.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 - an instance attribute to Gymnasium's types
        "render_modes": list(MODES),
        "render_fps": 4,
    }

    def __init__(
        self, learner: Learner, levels: int = 10, attempts: int = 8, horizon: int = 64, render_mode: str | None = None
    ) -> None:
        check_mode(render_mode, MODES)
        for name, given, least in (("levels", levels, 2), ("attempts", attempts, 1), ("horizon", horizon, 2)):
            check_whole(name, given, least)
        self.learner, self.levels, self.attempts, self.horizon = learner, levels, attempts, horizon
        self.render_mode = render_mode
        self.observation_space = gym.spaces.Box(0.0, 1.0, (2 * levels,), np.float32)
        self.action_space = gym.spaces.Discrete(levels)
        self._seen = np.zeros(2 * levels, dtype=np.float32)
        self._left = 0
        self._asked: int | None = None

    def level(self, action: int) -> float:
        """The level in [0, 1] an action asks for: the middle of its share of the range."""
        return (action + 0.5) / self.levels

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Floats, dict[str, Any]]:
        """A new learner, nothing known of it. There are no options."""
        check_reset_options(options)
        super().reset(seed=seed)
        self.learner.restart(int(self.np_random.integers(2**62)))
        self._seen[: self.levels], self._seen[self.levels :] = 0.5, 0.0
        self._left, self._asked = self.horizon, None
        return self._seen.copy(), {"role": "teacher"}

    def step(self, action: np.int64 | int) -> tuple[Floats, float, bool, bool, dict[str, Any]]:
        """Ask one question."""
        if self._left <= 0:
            raise ResetNeeded("the episode is over; call reset()")
        asked = int(action)
        if not 0 <= asked < self.levels:
            raise ConfigError(f"an action is a level number in 0..{self.levels - 1}, got {action!r}")
        level = self.level(asked)
        solve_rate = self.learner.answer(level, self.attempts) / self.attempts
        reward = uncertainty(solve_rate)
        seen = self._seen
        seen[self.levels :] *= FADING
        seen[asked], seen[self.levels + asked] = solve_rate, 1.0
        self._left -= 1
        self._asked = asked
        if self.render_mode == "human":
            print(self._drawn(TEXT))
        info = {"role": "teacher", "level": level, "solve_rate": solve_rate, "reward_terms": {"uncertainty": reward}}
        return seen.copy(), reward, False, self._left == 0, info

    def render(self) -> str | NDArray[np.uint8] | None:
        """What the teacher knows, as text ("ansi"), HTML ("html") or a picture ("rgb_array"); "human" prints it at
        every step."""
        if self.render_mode == "rgb_array":
            return self._painted()
        drawing = drawing_of(self.render_mode)
        return None if drawing is None else self._drawn(drawing)

    def _repr_html_(self) -> str:
        """What a notebook shows, whatever the render mode."""
        return self._drawn(HTML)

    def _painted(self) -> NDArray[np.uint8]:
        """A bar per level: its height the solve rate, its brightness how fresh that is; the level asked in orange."""
        picture = np.zeros((_HEIGHT, self.levels * _BAR, 3), dtype=np.uint8)
        for at in range(self.levels):
            rate, fresh = float(self._seen[at]), float(self._seen[self.levels + at])
            colour = np.array([230, 140, 40] if at == self._asked else [60, 150, 220])
            top = _HEIGHT - round(rate * (_HEIGHT - 4)) - 4  # a bar of rate 0 still shows
            picture[top:, at * _BAR + 2 : (at + 1) * _BAR - 2] = (colour * (0.25 + 0.75 * fresh)).astype(np.uint8)
        return picture

    def _drawn(self, drawing: Drawing) -> str:
        known = self._seen[self.levels :] > 0
        rates = [(self.level(at), float(self._seen[at]) if known[at] else None) for at in range(self.levels)]
        return drawing.show_levels(
            f"teacher · question {self.horizon - self._left} of {self.horizon}", rates, self._asked
        )
