"""Games of TextArena as turn games: `make_turn_game("textarena:KuhnPoker-v0")`; needs `textarena` (0.7) installed.

TextArena's environments change in place and draw from the global generators. Here every state holds a copy of the
environment and the state of the generator that it draws from, so that a move is a function of state and text, and the
program's own random numbers stay as they were. Rules, prompts and rewards are theirs: as a rule they let a first
invalid move be repeated, and a second one loses; legal moves are not listed. Some of their patterns take time in the
square of a text's length, so they are given the last 2,000 characters of one, which is where a move stands.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import ConfigError, MissingExtraError, UnknownNameError
from ..core.options.counts import check_whole
from ..core.protocols import Rng
from ..core.turns import ILLEGAL

__all__ = ["Played", "TextArenaGame"]

LONGEST = 2_000
"""Characters of a text that TextArena reads, from the end."""
_INVALID = "Invalid Move: "


@dataclass(frozen=True, slots=True)
class Played:
    """A game of TextArena at some point; nothing changes it.

    Attributes:
        env: their environment; copied before each step.
        generator: the state of Python's generator, for what it draws next.
        mover: whose turn it is, as TextArena counts; `None` when the game is over.
        prompt: what that player reads.
        rewards: by player as TextArena counts; none while the game runs.
        reason: how it ended, "" while it runs.
    """

    env: Any
    generator: Any
    mover: int | None
    prompt: str
    rewards: Mapping[int, float]
    reason: str


class TextArenaGame:
    """A game of TextArena by its id.

    Args:
        identifier: such as "TicTacToe-v0"; theirs with "-raw" show no prompts.
        num_players: how many play, ≥ 1; the game says how many it takes.
        options: of their environment, in place of those of the id.

    Raises:
        MissingExtraError: `textarena` is not installed.
        ConfigError: no such id, or the game does not take so many players or such options.
    """

    def __init__(self, identifier: str, num_players: int = 2, **options: Any) -> None:
        textarena = _textarena()
        known = list(textarena.envs.registration.ENV_REGISTRY)
        if identifier not in known:
            plain_ids = [one for one in known if one.count("-") == 1]  # without the hundreds of their variants
            raise UnknownNameError("game of TextArena", identifier, plain_ids)
        check_whole("num_players", num_players)
        self.name = f"textarena:{identifier}"
        self.players = tuple(f"player_{place}" for place in range(num_players))
        try:
            self._env = textarena.make(identifier, **options)
            self.start(random.Random(0))
        except (AssertionError, ImportError, LookupError, TypeError, ValueError) as error:
            raise ConfigError(
                f"TextArena cannot begin {identifier} with num_players={num_players} and {options or 'no options'}: "
                f"{error or type(error).__name__}"
            ) from error

    def start(self, rng: Rng) -> Played:
        """Reset a copy of the environment, with a seed that is drawn from `rng`."""
        env, seed = copy.deepcopy(self._env), int(rng.random() * 2**31)
        with _generators(random.Random(seed).getstate()):
            env.reset(num_players=len(self.players), seed=seed)
            return self._seen(env)

    def to_move(self, state: Played) -> str | None:
        """Whose turn it is; `None` once the game is over."""
        return None if state.mover is None else self.players[state.mover]

    def prompt(self, state: Played) -> str:
        """All that the player to move has been told so far, as TextArena words it."""
        return state.prompt

    def legal(self, state: Played) -> tuple[str, ...]:
        """None: TextArena does not list them."""
        return ()

    def move(self, state: Played, text: str) -> Played:
        """The game after a move in `state`, on a copy; a `text` that its reader cannot take loses for its author."""
        assert state.mover is not None
        env = copy.deepcopy(state.env)
        with _generators(state.generator):
            try:
                over, _ = env.step(action=text[-LONGEST:])
            except Exception as error:  # noqa: BLE001 - whatever their reader raises, a text must not end the run
                return self._unread(env, state.mover, error)
            return self._ended(env, state.mover) if over else self._seen(env)

    def result(self, state: Played) -> tuple[Mapping[str, float], str]:
        """What each player earned, by TextArena's own count, and why the game ended."""
        rewards = {player: float(state.rewards.get(place, 0.0)) for place, player in enumerate(self.players)}
        return rewards, state.reason

    def _seen(self, env: Any) -> Played:
        mover, prompt = env.get_observation()
        shown = prompt if isinstance(prompt, str) else "\n".join(str(one[1]) for one in prompt)
        return Played(env, random.getstate(), mover, shown, {}, "")

    def _ended(self, env: Any, mover: int) -> Played:
        rewards, about = env.close()
        reasons = [str(one["reason"]) for one in (about.get(mover, {}), *about.values()) if one.get("reason")]
        reason = reasons[0].removeprefix(_INVALID) if reasons else "the game is over"
        if about.get(mover, {}).get("invalid_move"):  # others may have been put out of the game before
            reason = ILLEGAL + reason
        return Played(env, random.getstate(), None, "", dict(rewards or {}), reason)

    def _unread(self, env: Any, mover: int, error: Exception) -> Played:
        rewards = {place: -1.0 if place == mover else 0.0 for place in range(len(self.players))}
        reason = f"{ILLEGAL}TextArena cannot read it ({type(error).__name__})"
        return Played(env, random.getstate(), None, "", rewards, reason)


@contextmanager
def _generators(state: Any) -> Iterator[None]:
    """Let code draw from the global generators as if `state` were theirs, and put them back as they were."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - what TextArena draws from
    random.setstate(state)
    try:
        np.random.seed(random.getrandbits(32))  # noqa: NPY002
        random.setstate(state)
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002


def _textarena() -> Any:
    try:
        import textarena
    except ImportError as error:
        if error.name != "textarena":
            raise
        raise MissingExtraError("textarena", "textarena", "a game of TextArena") from None
    return textarena
