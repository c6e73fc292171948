"""One player of a turn game as a `gymnasium.Env`: prompts in, moves out; scripted or live opponents play the others.

`reset` begins a game, has whoever comes before the caller move, and gives the caller's prompt. `step` makes the
caller's move and lets the others answer it. Its reward is 0 until the game is over, then what the game gives this
player; the observation is then "". Should an opponent break a rule before the caller's first move, the first prompt is
"", and the next step, whatever its action, ends the episode. An opponent that raises cuts the episode off: a step
then wants a `reset` first. `info`: see `setup.turn_info`.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
from gymnasium.error import ResetNeeded

from ....core.errors import ConfigError
from ....core.protocols import Agent, TurnGame
from ...turns.play import Running
from ..rendering import HTML, MODES, TEXT, Drawing, check_mode, drawing_of
from ..setup import check_reset_options
from ..spaces import Text
from .setup import OPPONENT, OVER, Named, TurnSetup, turn_info


def turn_env(
    *,
    game: Named | TurnGame[Any] | None = None,
    role: str | None = None,
    opponent: Named | Agent = OPPONENT,
    render_mode: str | None = None,
    **options: Any,
) -> TurnEnv:
    """The view of one player; what `gym.make("SelfPlayKuhn-v0")` calls.

    Args:
        game: a turn game by name, dict or live; an id that belongs to no game needs one.
        role: the caller's player, such as "player_1"; `None` for the first.
        opponent: an agent by name, dict or live, which plays all others.
        render_mode: "ansi" or "html" (`render` returns the game as text or HTML), "human" (it is printed at every step)
            or `None`.
        options: of the game.
    """
    return TurnEnv(TurnSetup(game, role, opponent, options), render_mode)


class TurnEnv(gym.Env[str, str]):
    """One player of a turn game; see the module."""

    metadata: dict[str, Any] = {  # noqa: RUF012 - an instance attribute to Gymnasium's types
        "render_modes": list(MODES),
        "render_fps": 1,
    }

    def __init__(self, setup: TurnSetup, render_mode: str | None = None) -> None:
        check_mode(render_mode)
        self.setup, self.render_mode, self.role = setup, render_mode, setup.role
        self.observation_space, self.action_space = Text(), Text()
        self._running: Running[Any] | None = None
        self._open, self._episodes = False, 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Begin the next game; a seed starts everything anew. There are no options."""
        check_reset_options(options)
        if seed is not None or self._running is None:
            super().reset(seed=seed)
            self.setup.seed(int(self.np_random.integers(2**62)))
            self._episodes = 0
        self._open = False  # until the opponents have answered: one that raises leaves a game that is not the caller's
        self._running = self.setup.begin(self._episodes)
        self._episodes += 1
        self.setup.reply([self._running])
        self._open = True
        self._show()
        return self._prompt(self._running), turn_info(self.setup.game, self._running, self.role)

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Make a move, and have the others answer it.

        Raises:
            ResetNeeded: the game is over, or was cut off by an opponent that raised.
            ConfigError: the action is no text.
        """
        running, game = self._running, self.setup.game
        if running is None or not self._open:
            raise ResetNeeded(OVER)
        if not isinstance(action, str):
            raise ConfigError(f"an action is a str, got {type(action).__name__}")
        self._open = False
        if game.to_move(running.state) is not None:
            running.move(game, self.role, game.prompt(running.state), action)
            self.setup.reply([running])
        over = game.to_move(running.state) is None
        self._open = not over
        info = turn_info(game, running, self.role)
        self._show()
        return self._prompt(running), info["reward_terms"]["result"], over, False, info

    def render(self) -> str | None:
        """The game so far as text ("ansi") or HTML ("html"), else `None`: "human" prints by itself.

        Raises:
            ResetNeeded: there was no `reset` yet.
        """
        if self._running is None:
            raise ResetNeeded("there is nothing to render before reset()")
        drawing = drawing_of(self.render_mode)
        return None if drawing is None else self._drawn(self._running, drawing)

    def _repr_html_(self) -> str | None:
        """What a notebook shows, whatever the render mode; `None` before the first `reset`."""
        return None if self._running is None else self._drawn(self._running, HTML)

    def _prompt(self, running: Running[Any]) -> str:
        return self.setup.game.prompt(running.state) if self.setup.game.to_move(running.state) == self.role else ""

    def _drawn(self, running: Running[Any], drawing: Drawing) -> str:
        return drawing.show_turns(
            f"{self.role} · {self.setup.game.name} · game {self._episodes}", self.setup.game, running, self.role
        )

    def _show(self) -> None:
        if self.render_mode == "human" and self._running is not None:
            print(self._drawn(self._running, TEXT))
