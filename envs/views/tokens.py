"""Math questions and answers as numbers: the solver's role for stable-baselines3 and other libraries of vectors.

    observation   (length,) token ids: one per character of the question, then padding (0)
    action        an integer answer: its index in the range `answers`; or with `digits=d` a sign (1 = minus), d digits
    reward        the verdict's score against the question's reference, 1 or 0

Episodes are one turn, as in `envs.views.single`: `reset` asks, `step` judges and terminates (the observation is then
all padding). Only questions whose answer can be expressed are asked: an integer in the range, a text that fits.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from ...core.errors import ConfigError
from ...core.options.counts import check_whole
from ...core.records import Judgement, Question, TaskSpec
from .infos import solver_info
from .rendering import HTML, TEXT, Drawing, check_mode, drawing_of
from .rendering import MODES as TEXT_MODES
from .setup import GameSetup, given_question, make_settings

Ids = NDArray[np.int64]

PAD, UNKNOWN = 0, 1
CHARACTERS = " " + string.digits + "+-*/()=?.,:" + string.ascii_lowercase
"""Token 2 is the first of these; capitals are folded, anything else is `UNKNOWN`."""
VOCABULARY = 2 + len(CHARACTERS)

_IDS = {character: at for at, character in enumerate(CHARACTERS, start=2)}
_TRIES = 2_000

MODES = (*TEXT_MODES, "rgb_array")
_SQUARE = 8


def tokenise(text: str, length: int) -> Ids:
    """Token ids of a text, padded to `length`.

    Raises:
        ConfigError: the text is longer.
    """
    if len(text) > length:
        raise ConfigError(f"{text!r} has {len(text)} characters, an observation has room for {length}")
    ids = np.full(length, PAD, dtype=np.int64)
    ids[: len(text)] = [_IDS.get(character, UNKNOWN) for character in text.lower()]
    return ids


def read_tokens(ids: Sequence[int] | Ids) -> str:
    """The text of token ids, in lower case; "\N{REPLACEMENT CHARACTER}" stands for unknown characters."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if number == UNKNOWN else CHARACTERS[number - 2] for number in ids if number != PAD
    )


def tokens_env(
    *,
    length: int = 48,
    answers: Sequence[int] = (-20, 20),
    digits: int | None = None,
    render_mode: str | None = None,
    **settings: Any,
) -> TokensEnv:
    """What `gym.make("SelfPlayTokens-v0")` calls.

    Args:
        length: characters an observation has room for, ≥ 1; longer questions are not asked.
        answers: the smallest and the largest integer that can be answered; each is one action.
        digits: answer with a sign and d digits instead, which gives the range −(10^d − 1) … 10^d − 1.
        render_mode: "ansi", "html", "human", "rgb_array" (which stable-baselines3's `make_vec_env` asks for) or `None`.
        settings: verifier, curriculum, generator, split, opponent, source, ...: see `envs.views.setup.GameSettings`.
    """
    return TokensEnv(GameSetup(make_settings(settings), "solver"), length, answers, digits, render_mode)


class TokensEnv(gym.Env[Ids, Any]):
    """The solver's role in numbers; see the module for spaces and reward.

    `info` after a reset: `role`, `level`, `question`. After a step: that of `envs.views.single`.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 - an instance attribute to Gymnasium's types
        "render_modes": list(MODES),
        "render_fps": 1,
    }

    def __init__(
        self,
        setup: GameSetup,
        length: int = 48,
        answers: Sequence[int] = (-20, 20),
        digits: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        check_mode(render_mode, MODES)
        for name, given in (("length", length), ("digits", 1 if digits is None else digits)):
            check_whole(name, given)
        self.setup, self.length, self.digits, self.render_mode = setup, length, digits, render_mode
        self.low, self.high = _range(answers if digits is None else (1 - 10**digits, 10**digits - 1))
        self.observation_space = gym.spaces.MultiDiscrete([VOCABULARY] * length)
        self.action_space: gym.spaces.Space[Any] = gym.spaces.Discrete(self.high - self.low + 1)
        if digits is not None:
            self.action_space = gym.spaces.MultiDiscrete([2] + [10] * digits)
        self._question: Question | None = None
        self._spec: TaskSpec | None = None
        self._last: tuple[Question, Judgement, str] | None = None
        self._seeded, self._episodes = False, 0

    def answer(self, action: Any) -> int:
        """The integer an action stands for.

        Raises:
            ConfigError: the action is not in the action space.
        """
        if self.digits is None:
            index = int(action)
            if not 0 <= index <= self.high - self.low:
                raise ConfigError(f"an action is an integer in 0..{self.high - self.low}, got {action!r}")
            return self.low + index
        parts = np.asarray(action)
        if not self.action_space.contains(parts.astype(np.int64)):
            raise ConfigError(f"an action is a sign (0 or 1) and {self.digits} digits, got {action!r}")
        sign, *shown = parts.tolist()
        return (-1 if sign else 1) * int("".join(map(str, shown)))

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Ids, dict[str, Any]]:
        """Ask the next question, or that of `options={"question": Question(...)}`.

        Raises:
            ConfigError: none of many questions drawn has an answer in the range and a text that fits, or the given one
                does not.
        """
        given = given_question(options)
        if seed is not None or not self._seeded:
            super().reset(seed=seed)
            self.setup.seed(int(self.np_random.integers(2**62)))
            self._seeded, self._episodes = True, 0
        self._last = None
        self._spec, self._question = self._draw() if given is None else (None, self._fitting(given))
        observation = tokenise(self._question.text, self.length)
        return observation, {"role": "solver", "level": self._level(self._question), "question": self._question.text}

    def step(self, action: Any) -> tuple[Ids, float, bool, bool, dict[str, Any]]:
        """Judge the answer. Always terminates."""
        question = self._question
        if question is None:
            raise ResetNeeded("the episode is over after one step; call reset() for the next question")
        attempt = rf"\boxed{{{self.answer(action)}}}"
        self._question = None
        judgement = self.setup.game.judging.judge(question, (attempt,))
        self.setup.observe(self._spec, judgement.solve_rate)
        verdict = judgement.verdicts[0]
        reward = verdict.score or 0.0  # undecided earns nothing, and `verdict` says so
        self._last = question, judgement, attempt
        self._episodes += 1
        if self.render_mode == "human":
            print(self._drawn(TEXT))
        nothing = np.full(self.length, PAD, dtype=np.int64)
        return nothing, reward, True, False, solver_info(verdict, judgement, self._level(question), reward)

    def render(self) -> str | NDArray[np.uint8] | None:
        """The current episode as text ("ansi") or HTML ("html"), or its tokens as a picture ("rgb_array"); "human"
        prints by itself."""
        if not self._seeded:
            raise ResetNeeded("there is nothing to render before reset()")
        if self.render_mode == "rgb_array":
            return self._painted()
        drawing = drawing_of(self.render_mode)
        return None if drawing is None else self._drawn(drawing)

    def _repr_html_(self) -> str | None:
        """What a notebook shows, whatever the render mode; `None` before the first `reset`."""
        return self._drawn(HTML) if self._seeded else None

    def _drawn(self, drawing: Drawing) -> str:
        if self._last is None:
            text = "" if self._question is None else self._question.text
            return drawing.show_question(f"solver · episode {self._episodes + 1}", text)
        question, judgement, attempt = self._last
        return drawing.show_attempts(f"solver · episode {self._episodes}", question, judgement, (attempt,))

    def _painted(self) -> NDArray[np.uint8]:
        """A grey square per token, the brighter the greater its number; padding is black."""
        text = "" if self._question is None else self._question.text
        grey = (tokenise(text, self.length) * (255 // VOCABULARY)).astype(np.uint8)
        return np.tile(grey.repeat(_SQUARE)[None, :, None], (_SQUARE, 1, 3))

    def _level(self, question: Question) -> float | None:
        return question.level if self._spec is None else self._spec.level

    def _draw(self) -> tuple[TaskSpec | None, Question]:
        for _ in range(_TRIES):
            spec, question = self.setup.draw()
            if len(question.text) <= self.length and self._expressible(question.reference):
                return spec, question
        raise ConfigError(
            f"none of {_TRIES} questions fits {self.length} characters and has an integer answer in "
            f"{self.low}..{self.high}; choose another length, range, generator or curriculum"
        )

    def _fitting(self, question: Question) -> Question:
        if len(question.text) <= self.length and self._expressible(question.reference):
            return question
        raise ConfigError(
            f"the question {question.text[:80]!r} with the answer {question.reference!r:.40} does not fit "
            f"{self.length} characters and an integer in {self.low}..{self.high}"
        )

    def _expressible(self, reference: str | None) -> bool:
        try:
            return reference is not None and self.low <= int(reference) <= self.high
        except ValueError:
            return False


def _range(answers: Sequence[int]) -> tuple[int, int]:
    whole = [value for value in answers if isinstance(value, int) and not isinstance(value, bool)]
    if len(answers) != 2 or len(whole) != 2 or whole[0] >= whole[1]:
        raise ConfigError(f"answers is the smallest and the largest integer, such as (-20, 20); got {answers!r}")
    return whole[0], whole[1]
