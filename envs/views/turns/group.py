"""One player of a turn game as a vector environment of G copies, whose opponents are asked together.

    group=True (default)   the k-th game of every copy begins alike: the same cards, the same values, as GRPO wants it
    group=False            every game of every copy is drawn by itself

Copies end at different times. Autoreset is Gymnasium's next-step mode: the step after a copy has ended begins its next
game, ignores its action and earns 0; `episode` in `info` says how many games a copy had before this one. The other keys
are those of the single view, as arrays of shape (G,) with the usual `_key` masks. An opponent that raises cuts all
copies off: a step then wants a `reset` first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from ....core.errors import ConfigError
from ....core.protocols import Agent, TurnGame
from ...turns.play import Running
from ..rendering import HTML, MODES, TEXT, Drawing, check_mode, drawing_of
from ..setup import check_copies, check_reset_options, one_seed
from ..spaces import Text
from .setup import OPPONENT, OVER, Named, TurnSetup, turn_info

Texts = tuple[str, ...]


def turn_group_env(
    *,
    game: Named | TurnGame[Any] | None = None,
    num_envs: int = 1,
    role: str | None = None,
    opponent: Named | Agent = OPPONENT,
    group: bool = True,
    render_mode: str | None = None,
    **options: Any,
) -> TurnGroup:
    """The vector view; what `gym.make_vec("SelfPlayKuhn-v0", num_envs=G)` calls.

    Args:
        num_envs: G, the copies, ≥ 1.
        group: whether the copies' games begin alike; see the module.
        game, role, opponent, render_mode, options: see `single.turn_env`.
    """
    check_copies(num_envs)
    if "max_episode_steps" in options:
        raise ConfigError("a turn game ends by its own rules; leave max_episode_steps out")
    return TurnGroup(TurnSetup(game, role, opponent, options), num_envs, group, render_mode)


class TurnGroup(VectorEnv[Texts, Texts, NDArray[Any]]):
    """G copies of a turn game with the same caller; see the module."""

    metadata: dict[str, Any] = {  # noqa: RUF012 - an instance attribute to Gymnasium's types
        "autoreset_mode": AutoresetMode.NEXT_STEP,
        "render_modes": list(MODES),
    }

    def __init__(self, setup: TurnSetup, num_envs: int, group: bool, render_mode: str | None) -> None:
        check_mode(render_mode)
        self.setup, self.num_envs, self.group, self.render_mode = setup, num_envs, group, render_mode
        self.role = setup.role
        self.single_observation_space, self.single_action_space = Text(), Text()
        self.observation_space: gym.Space[Texts] = batch_space(self.single_observation_space, num_envs)
        self.action_space: gym.Space[Texts] = batch_space(self.single_action_space, num_envs)
        self._games: list[Running[Any]] = []
        self._over = [False] * num_envs
        self._episodes = [0] * num_envs
        self._open = False

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Texts, dict[str, Any]]:
        """Begin the next game of every copy; returns G prompts.

        Args:
            seed: starts everything anew; a list of G seeds, one per copy, makes one seed of all. `None` goes on.
            options: there are none.

        Raises:
            ConfigError: another number of seeds, or options.
        """
        check_reset_options(options)
        seed = one_seed(seed, self.num_envs)
        if seed is not None or not self._games:
            super().reset(seed=seed)
            self.setup.seed(int(self.np_random.integers(2**62)))
            self._episodes = [0] * self.num_envs
        else:
            self._episodes = [max(self._episodes) + 1] * self.num_envs  # alike again
        self._open = False  # until the opponents have answered: one that raises leaves games that are not the caller's
        self._games = [self._begin(copy) for copy in range(self.num_envs)]
        self._over = [False] * self.num_envs
        self.setup.reply(self._games)
        self._open = True
        self._show()
        return self._prompts(), self._infos()

    def step(self, actions: Sequence[str]) -> tuple[Texts, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """One move per copy, answered by the others; copies that have ended begin their next game instead.

        Raises:
            ResetNeeded: there was no `reset` yet, or an opponent raised since.
            ConfigError: not one text per copy.
        """
        if not self._games:
            raise ResetNeeded("call reset() before step()")
        if not self._open:
            raise ResetNeeded(OVER)
        if len(actions) != self.num_envs or not all(isinstance(action, str) for action in actions):
            raise ConfigError(f"step needs {self.num_envs} texts, one per copy, got {actions!r:.80}")
        game, began, self._open = self.setup.game, list(self._over), False
        for copy, action in enumerate(actions):
            running = self._games[copy]
            if began[copy]:
                self._episodes[copy] += 1
                self._games[copy] = self._begin(copy)
            elif game.to_move(running.state) is not None:
                running.move(game, self.role, game.prompt(running.state), action)
        self.setup.reply(self._games)
        self._open = True
        self._over = [
            not fresh and game.to_move(running.state) is None for fresh, running in zip(began, self._games, strict=True)
        ]
        infos = self._infos()
        rewards = np.where(self._over, infos["reward_terms"]["result"], 0.0)
        self._show()
        return self._prompts(), rewards, np.array(self._over), np.zeros(self.num_envs, dtype=np.bool_), infos

    def render(self) -> tuple[str, ...] | None:
        """Every copy's game as text ("ansi") or HTML ("html"), else `None`: "human" prints by itself.

        Raises:
            ResetNeeded: there was no `reset` yet.
        """
        if not self._games:
            raise ResetNeeded("there is nothing to render before reset()")
        drawing = drawing_of(self.render_mode)
        return None if drawing is None else self._drawn(drawing)

    def _repr_html_(self) -> str | None:
        """What a notebook shows, whatever the render mode; `None` before the first `reset`."""
        return "".join(self._drawn(HTML)) if self._games else None

    def _begin(self, copy: int) -> Running[Any]:
        return self.setup.begin(self._episodes[copy], 0 if self.group else copy)

    def _prompts(self) -> Texts:
        game = self.setup.game
        return tuple(game.prompt(one.state) if game.to_move(one.state) == self.role else "" for one in self._games)

    def _infos(self) -> dict[str, Any]:
        gathered: dict[str, Any] = {}
        for copy, running in enumerate(self._games):
            info = {**turn_info(self.setup.game, running, self.role), "episode": self._episodes[copy]}
            gathered = self._add_info(gathered, info, copy)
        return gathered

    def _drawn(self, drawing: Drawing) -> tuple[str, ...]:
        game, role = self.setup.game, self.role
        title = f"{role} · {game.name}"
        return tuple(
            drawing.show_turns(f"{title} · copy {copy} · game {self._episodes[copy] + 1}", game, running, role)
            for copy, running in enumerate(self._games)
        )

    def _show(self) -> None:
        if self.render_mode == "human":
            print("\n".join(self._drawn(TEXT)))
