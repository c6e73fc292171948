"""The game as a vector environment: one group per episode, which is what GRPO and a vote need.

    role        group=True (default)                              group=False
    solver      G attempts at one question, judged together       G questions, one attempt each
    challenger  G proposals, one batch: repetition is measured    the same proposals, each on its own

Episodes are one turn long and all G end together. Autoreset is Gymnasium's next-step mode: after a turn call `reset()`,
or `step` once with any actions, which resets and earns 0.

`info` has the keys of the single view. With one value per copy it is an array of shape (G,) with the usual `_key` mask;
what a group of solvers shares (`label`, `label_source`, `solve_rate`, `level`, `role`, and `vote`, the count of every
answer) stands there once, and once per copy in the list that Gymnasium's `DictInfoToList` makes of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import ItemsView, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from ...core.errors import ConfigError
from ...core.records import Judgement, Question, TaskSpec
from ..game.engine import Episode, solver_reward
from .infos import challenger_info, solver_info
from .rendering import HTML, MODES, TEXT, Drawing, check_mode, drawing_of
from .setup import GameSetup, check_copies, check_reset_options, check_role, given_question, make_settings, one_seed
from .spaces import MAX_COMPLETION, MAX_PROMPT, Text

Texts = tuple[str, ...]
Turn = tuple[Texts, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]


SHARED = frozenset(("role", "label", "label_source", "solve_rate", "level", "vote"))
"""What a group of solvers has in common."""


class GroupInfo(dict[str, Any]):
    """An info in which what the group shares stands once, by its name."""

    __slots__ = ("count",)
    count: int  # G

    def items(self) -> ItemsView[str, Any]:  # type: ignore[override]
        """With everything once per copy: what is shared, too, as arrays of shape (G,)."""
        return {key: self._per_copy(value) if key in SHARED else value for key, value in super().items()}.items()

    def _per_copy(self, value: Any) -> NDArray[Any]:
        found = np.empty(self.count, dtype=object)
        for index in range(self.count):  # one by one: numpy would take a dict or a text apart
            found[index] = value
        return found


def group_env(
    *,
    num_envs: int = 1,
    role: str = "solver",
    group: bool = True,
    render_mode: str | None = None,
    max_episode_steps: int | None = None,
    **settings: Any,
) -> SolverGroup | ChallengerGroup:
    """The vector view; what `gym.make_vec("SelfPlayMath-v0", num_envs=G)` calls.

    Args:
        num_envs: G, the copies, ≥ 1.
        role: the callers', "solver" or "challenger".
        group: whether the copies form one group; see the table above.
        render_mode: "ansi", "human" or `None`.
        max_episode_steps: what Gymnasium passes on, ≥ 1, or -1 for no limit. An episode has one turn: nothing to cut.
        settings: the fields of `envs.views.setup.GameSettings`.
    """
    check_copies(num_envs)
    steps = max_episode_steps
    if steps is not None and (isinstance(steps, bool) or not isinstance(steps, int) or (steps < 1 and steps != -1)):
        raise ConfigError(f"max_episode_steps must be an integer >= 1, or -1 for no limit; got {steps!r}")
    check_role(role)
    setup = GameSetup(make_settings(settings), role)
    view = SolverGroup if role == "solver" else ChallengerGroup
    return view(setup, num_envs, group, render_mode)


class RoleGroup(VectorEnv[Texts, Texts, NDArray[Any]]):
    """What both roles share: spaces, seeding, the turn, rendering."""

    metadata: dict[str, Any] = {  # noqa: RUF012 - an instance attribute to Gymnasium's types
        "autoreset_mode": AutoresetMode.NEXT_STEP,
        "render_modes": list(MODES),
    }
    role: str
    _last: Sequence[Any] = ()

    def __init__(self, setup: GameSetup, num_envs: int, group: bool, render_mode: str | None) -> None:
        check_mode(render_mode)
        self.setup, self.num_envs, self.group, self.render_mode = setup, num_envs, group, render_mode
        self.single_observation_space, self.single_action_space = Text(MAX_PROMPT), Text(MAX_COMPLETION)
        self.observation_space: gym.Space[Texts] = batch_space(self.single_observation_space, num_envs)
        self.action_space: gym.Space[Texts] = batch_space(self.single_action_space, num_envs)
        self._ended = ("",) * num_envs
        self._specs: list[TaskSpec | None] = []
        self._levels: list[float | None] = []
        self._open = self._seeded = False
        self._shown: Texts = ()
        self._episodes = 0

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Texts, dict[str, Any]]:
        """Begin the next episode; returns G prompts.

        Args:
            seed: starts everything anew; a list of G seeds, one per copy, makes one seed of all of them, as the copies
                play one game. `None` goes on.
            options: of solvers, `{"question": Question(...)}` asks that very question of every copy.

        Raises:
            ConfigError: another number of seeds, no question, or other options.
        """
        given = None
        if self.role == "solver":
            given = given_question(options)
        else:
            check_reset_options(options)
        seed = one_seed(seed, self.num_envs)
        if seed is not None or not self._seeded:
            super().reset(seed=seed)
            self.setup.seed(int(self.np_random.integers(2**62)))
            self._seeded, self._episodes = True, 0
        self._open, self._last = True, []
        self._shown = self._ask(given)
        return self._shown, self._asked_info()

    def step(self, actions: Sequence[str]) -> Turn:
        """Judge one text per copy. All copies terminate; the observations are then ""."""
        if not self._seeded:
            raise ResetNeeded("call reset() before step()")
        count = self.num_envs
        if not self._open:
            observations, info = self.reset()
            return observations, np.zeros(count), np.zeros(count, np.bool_), np.zeros(count, np.bool_), info
        if len(actions) != count or not all(isinstance(action, str) for action in actions):
            raise ConfigError(f"step takes {count} strings, got {len(actions)} actions: {str(actions)[:80]}")
        self._open = False
        self._episodes += 1
        rewards, info = self._judge(actions)
        if self.render_mode == "human":
            print("\n".join(self._drawn(TEXT)))
        return self._ended, np.array(rewards), np.ones(count, np.bool_), np.zeros(count, np.bool_), info

    def render(self) -> tuple[str, ...] | None:
        """The current episodes as texts ("ansi") or HTML ("html"), else `None`: "human" prints by itself."""
        drawing = drawing_of(self.render_mode)
        if drawing is None:
            return None
        if not self._seeded:
            raise ResetNeeded("there is nothing to render before reset()")
        return self._drawn(drawing)

    def _repr_html_(self) -> str | None:
        """What a notebook shows, whatever the render mode; `None` before the first `reset`."""
        return "".join(self._drawn(HTML)) if self._seeded else None

    def _drawn(self, drawing: Drawing) -> tuple[str, ...]:
        if self._last:
            return tuple(self._ended_drawn(drawing))
        return tuple(drawing.show_question(self._title(), text) for text in dict.fromkeys(self._shown))

    def _ended_drawn(self, drawing: Drawing) -> list[str]:
        raise TypeError(f"{type(self).__name__} must define _ended_drawn(drawing)")

    def _ask(self, given: Question | None) -> Texts:
        raise TypeError(f"{type(self).__name__} must define _ask(given)")

    def _judge(self, actions: Sequence[str]) -> tuple[list[float], dict[str, Any]]:
        raise TypeError(f"{type(self).__name__} must define _judge(actions)")

    def _asked_info(self) -> dict[str, Any]:
        if self.group and self.role == "solver":
            return self._shared({"role": self.role, "level": self._levels[0]})
        return self._gathered([{"role": self.role, "level": level} for level in self._levels])

    def _shared(self, info: dict[str, Any]) -> GroupInfo:
        found = GroupInfo(info)
        found.count = self.num_envs
        return found

    def _gathered(self, infos: list[dict[str, Any]]) -> dict[str, Any]:
        """One info per copy as arrays with masks, as Gymnasium's own vector environments have it."""
        gathered: dict[str, Any] = {}
        for index, info in enumerate(infos):
            gathered = self._add_info(gathered, info, index)
        return gathered

    def _title(self) -> str:
        return f"{self.role} · episode {self._episodes + self._open}"


class SolverGroup(RoleGroup):
    """G solvers."""

    role = "solver"
    _last: Sequence[tuple[Question, Judgement, Sequence[str]]] = ()

    def _ask(self, given: Question | None) -> Texts:
        count = 1 if self.group else self.num_envs
        drawn = [self.setup.draw() if given is None else (None, given) for _ in range(count)]
        self._specs = [spec for spec, _ in drawn]
        self._questions: list[Question] = [question for _, question in drawn]
        self._levels = [question.level if spec is None else spec.level for spec, question in drawn]
        prompts = tuple(self.setup.game.ask(self._questions))
        return prompts * self.num_envs if self.group else prompts

    def _judge(self, actions: Sequence[str]) -> tuple[list[float], dict[str, Any]]:
        groups = [actions] if self.group else [[action] for action in actions]
        judgements = self.setup.game.judge(self._questions, groups)
        for spec, judgement in zip(self._specs, judgements, strict=True):
            self.setup.observe(spec, judgement.solve_rate)
        self._last = list(zip(self._questions, judgements, groups, strict=True))
        if self.group:
            rewards = [solver_reward(verdict) for verdict in judgements[0].verdicts]
            return rewards, self._group_info(judgements[0], rewards)
        verdicts = [judgement.verdicts[0] for judgement in judgements]
        rewards = [solver_reward(verdict) for verdict in verdicts]
        per_copy = zip(verdicts, judgements, self._levels, rewards, strict=True)
        return rewards, self._gathered([solver_info(*one) for one in per_copy])

    def _ended_drawn(self, drawing: Drawing) -> list[str]:
        return [drawing.show_attempts(self._title(), *one) for one in self._last]

    def _group_info(self, judgement: Judgement, rewards: list[float]) -> dict[str, Any]:
        verdicts = np.empty(self.num_envs, dtype=object)
        verdicts[:] = judgement.verdicts
        everybody = np.ones(self.num_envs, dtype=np.bool_)
        return self._shared(
            {
                "role": "solver",
                "verdict": verdicts,
                "_verdict": everybody,
                "label": judgement.label,
                "label_source": judgement.label_source,
                "solve_rate": judgement.solve_rate,
                "level": self._levels[0],
                "vote": dict(Counter([verdict.answer for verdict in judgement.verdicts])),
                "reward_terms": {"score": np.array(rewards), "_score": everybody.copy()},
            }
        )


class ChallengerGroup(RoleGroup):
    """G challengers; the solver inside answers all their questions in one call."""

    role = "challenger"
    _last: Sequence[Episode] = ()

    def _ask(self, given: Question | None) -> Texts:
        setup = self.setup
        specs = [setup.curriculum.sample(setup.rng) for _ in range(self.num_envs)]
        self._specs, self._levels = [*specs], [spec.level for spec in specs]
        return (setup.game.instruct(),) * self.num_envs

    def _judge(self, actions: Sequence[str]) -> tuple[list[float], dict[str, Any]]:
        episodes = self._play(actions)
        for spec, played in zip(self._specs, episodes, strict=True):
            if played.judgement is not None:
                self.setup.observe(spec, played.judgement.solve_rate)
        self._last = episodes
        infos = [challenger_info(played, level) for played, level in zip(episodes, self._levels, strict=True)]
        return [played.reward.value for played in episodes], self._gathered(infos)

    def _ended_drawn(self, drawing: Drawing) -> list[str]:
        return [drawing.show_episode(self._title(), played) for played in self._last]

    def _play(self, actions: Sequence[str]) -> list[Episode]:
        setup = self.setup
        batches = [actions] if self.group else [[action] for action in actions]
        return [played for texts in batches for played in setup.game.play(texts, setup.answer, setup.unreadable)]
