"""One role of the game as a `gymnasium.Env`: one turn per episode, text in, text out.

    role        observation               action                                          reward
    solver      the question              an attempt                                      verdict score
    challenger  the instruction           <question>…</question> and a \\boxed{} answer    composite of `envs.rewards`

`reset` asks, `step` judges and terminates. `reset(seed=...)` starts everything anew, including a curriculum built from
a name; a live curriculum object belongs to the caller and keeps what it learnt.

`info` after a step: `role`; `verdict` (a `Verdict` on the action: on the attempt, or on whether the proposal could be
asked); `label`, `label_source`, `solve_rate` of the judgement (`None`, "", 0.0 if there is none); `level` the
curriculum asked for; `reward_terms`, a dict of floats. After a reset: `role`, `level`.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
from gymnasium.error import ResetNeeded

from ...core.errors import ConfigError
from ...core.records import Judgement, Question, TaskSpec
from ..game.engine import Episode
from .infos import challenger_info, solver_info
from .rendering import HTML, MODES, TEXT, Drawing, check_mode, drawing_of
from .setup import GameSetup, check_reset_options, check_role, given_question, make_settings
from .spaces import MAX_COMPLETION, MAX_PROMPT, Text


def self_play_env(
    *, role: str = "solver", render_mode: str | None = None, **settings: Any
) -> SolverEnv | ChallengerEnv:
    """The single-agent view of `role`; what `gym.make("SelfPlayMath-v0")` calls.

    Args:
        role: the caller's, "solver" or "challenger".
        render_mode: "ansi" or "html" (`render` returns the episode as text or HTML), "human" (each one is printed) or
            `None`.
        settings: the fields of `envs.views.setup.GameSettings`: opponent, source, verifier, curriculum, attempts, ...
    """
    check_role(role)
    setup = GameSetup(make_settings(settings), role)
    return SolverEnv(setup, render_mode) if role == "solver" else ChallengerEnv(setup, render_mode)


class RoleEnv(gym.Env[str, str]):
    """What both roles share: spaces, seeding, rendering."""

    metadata: dict[str, Any] = {  # noqa: RUF012 - an instance attribute to Gymnasium's types
        "render_modes": list(MODES),
        "render_fps": 1,
    }
    role: str

    def __init__(self, setup: GameSetup, render_mode: str | None = None) -> None:
        check_mode(render_mode)
        self.setup, self.render_mode = setup, render_mode
        self.observation_space, self.action_space = Text(MAX_PROMPT), Text(MAX_COMPLETION)
        self._game = setup.game
        self._spec: TaskSpec | None = None
        self._seeded = False
        self._shown = ""
        self._episodes = 0
        self._observe = setup.observe  # bound once: at 4 µs a step the look-ups would show

    def render(self) -> str | None:
        """The current episode as text ("ansi") or HTML ("html"), else `None`: "human" prints by itself.

        Raises:
            ResetNeeded: there was no `reset` yet.
        """
        if not self._seeded:
            raise ResetNeeded("there is nothing to render before reset()")
        drawing = drawing_of(self.render_mode)
        return None if drawing is None else self._drawn(drawing)

    def _repr_html_(self) -> str | None:
        """What a notebook shows, whatever the render mode; `None` before the first `reset`."""
        return self._drawn(HTML) if self._seeded else None

    def _drawn(self, drawing: Drawing) -> str:
        raise TypeError(f"{type(self).__name__} must define _drawn(drawing)")

    def _begin(self, seed: int | None) -> None:
        super().reset(seed=seed)
        self.setup.seed(int(self.np_random.integers(2**62)))
        self._seeded, self._episodes = True, 0

    def _title(self, ahead: int = 0) -> str:
        return f"{self.role} · episode {self._episodes + ahead}"

    def _ended(self) -> None:
        """One more episode is over."""
        self._episodes += 1
        if self.render_mode == "human":
            print(self._drawn(TEXT))


class SolverEnv(RoleEnv):
    """The solver: the procedural generator, an agent or a source asks.

    `reset(options={"question": Question(...)})` asks that very question, past challenger and curriculum.
    """

    role = "solver"

    def __init__(self, setup: GameSetup, render_mode: str | None = None) -> None:
        super().__init__(setup, render_mode)
        self._question: Question | None = None
        self._last: tuple[Question, Judgement, str] | None = None
        self._draw, self._ask, self._judge = setup.draw, self._game.template.ask, self._game.judging.judge

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Ask the next question."""
        given = None if options is None else given_question(options)
        if seed is not None or not self._seeded:
            self._begin(seed)
        self._last = None
        if given is not None:
            return self._ask_given(given)
        self._spec, question = spec, _ = self._draw()
        self._question = question
        self._shown = shown = self._ask(question)
        return shown, {"role": "solver", "level": question.level if spec is None else spec.level}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Judge the attempt. Always terminates; the observation is then ""."""
        question = self._question
        if question is None:
            raise ResetNeeded("the episode is over after one step; call reset() for the next question")
        if not isinstance(action, str):
            raise ConfigError(f"an action is a str, got {type(action).__name__}")
        self._question = None
        judgement = self._judge(question, (action,))
        verdict = judgement.verdicts[0]
        spec = self._spec
        if spec is None:
            level = question.level
        else:
            level = spec.level
            self._observe(spec, judgement.solve_rate)
        reward = verdict.score
        if reward is None:  # undecided: earns nothing, and `verdict` says so
            reward = 0.0
        self._last = question, judgement, action
        self._ended()
        return "", reward, True, False, solver_info(verdict, judgement, level, reward)

    def _ask_given(self, question: Question) -> tuple[str, dict[str, Any]]:
        self._question, self._spec = question, None
        self._shown = self._ask(question)
        return self._shown, {"role": "solver", "level": question.level}

    def _drawn(self, drawing: Drawing) -> str:
        if self._last is None:
            return drawing.show_question(self._title(1), self._shown)
        question, judgement, attempt = self._last
        return drawing.show_attempts(self._title(), question, judgement, (attempt,))


class ChallengerEnv(RoleEnv):
    """The challenger: a solver inside answers each proposal m times.

    The batch is this one proposal, so its reward has no repetition term; `make_vec` makes batches.
    """

    role = "challenger"
    _last: Episode | None = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Give the instruction."""
        check_reset_options(options)
        if seed is not None or not self._seeded:
            self._begin(seed)
        self._last = None
        self._spec = spec = self.setup.curriculum.sample(self.setup.rng)
        self._shown = self._game.instruct()
        return self._shown, {"role": "challenger", "level": spec.level}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Read the proposal, have it answered and judged. Always terminates; the observation is then ""."""
        spec = self._spec
        if spec is None:
            raise ResetNeeded("the episode is over after one step; call reset() for the next one")
        if not isinstance(action, str):
            raise ConfigError(f"an action is a str, got {type(action).__name__}")
        self._spec = None
        (played,) = self._game.play([action], self.setup.answer, self.setup.unreadable)
        if played.judgement is not None:
            self._observe(spec, played.judgement.solve_rate)
        self._last = played
        self._ended()
        return "", played.reward.value, True, False, challenger_info(played, spec.level)

    def _drawn(self, drawing: Drawing) -> str:
        if self._last is None:
            return drawing.show_question(self._title(1), self._shown)
        return drawing.show_episode(self._title(), self._last)
