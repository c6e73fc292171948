"""The kit of turn games passes ours, and finds each fault."""

import random

import pytest

from selfplay_gym import make_turn_game
from selfplay_gym.core.errors import PluginError
from selfplay_gym.testing import check_turn_game

ALL = ["players", "repeatability", "randomness", "purity", "legal moves", "results", "hostile texts"]


class Nim:
    """Take one to three of a heap; whoever takes the last one wins."""

    name = "nim"
    players = ("player_0", "player_1")

    def start(self, rng):
        return (5 + int(rng.random() * 6), 0, "")

    def to_move(self, state):
        heap, mover, broken = state
        return None if broken or heap == 0 else self.players[mover]

    def prompt(self, state):
        return f"{state[0]} are left. Take 1, 2 or 3." if self.to_move(state) else ""

    def legal(self, state):
        return [str(taken) for taken in range(1, min(3, state[0]) + 1)] if self.to_move(state) else []

    def move(self, state, text):
        heap, mover, _ = state
        if text.strip() not in self.legal(state):
            return (heap, mover, "illegal: take 1, 2 or 3")
        return (heap - int(text), 1 - mover, "")

    def result(self, state):
        loser = state[1]  # who broke a rule, or found nothing left
        return {name: -1.0 if at == loser else 1.0 for at, name in enumerate(self.players)}, state[2] or "none is left"


class OneName(Nim):
    players = ("player_0", "player_0")


class NoNames(Nim):
    players = ["player_0", "player_1"]  # noqa: RUF012


class Drawing(Nim):
    def start(self, rng):
        return (5 + int(random.SystemRandom().random() * 6), 0, "")


class GlobalDraws(Nim):
    def start(self, rng):
        random.random()
        return super().start(rng)


class Seeding(Nim):
    def start(self, rng):
        random.seed(0)
        return super().start(rng)


class Mutable(Nim):
    def start(self, rng):
        return list(super().start(rng))

    def move(self, state, text):
        state[:] = super().move(state, text)
        return state


class Lying(Nim):
    def legal(self, state):
        return [*super().legal(state), "4"] if self.to_move(state) else []

    def move(self, state, text):
        return Nim().move(state, text)


class Late(Nim):
    """Lists moves when it is over."""

    def legal(self, state):
        return super().legal(state) or ["1"]


class Strange(Nim):
    def to_move(self, state):
        return "nobody" if super().to_move(state) else None


class Mute(Nim):
    def prompt(self, state):
        return ""


class Raising(Nim):
    def move(self, state, text):
        return (state[0] - min(state[0], int(text)), 1 - state[1], "")


class Kind(Nim):
    """Breaking a rule costs nothing."""

    def result(self, state):
        return (dict.fromkeys(self.players, 0.0), state[2]) if state[2] else super().result(state)


class Lenient(Nim):
    """Takes anything for a 1."""

    def move(self, state, text):
        return super().move(state, text if text.strip() in self.legal(state) else "1")


class Partial(Nim):
    def result(self, state):
        rewards, reason = super().result(state)
        return {"player_0": rewards["player_0"]}, reason


class NotANumber(Nim):
    def result(self, state):
        return dict.fromkeys(self.players, float("nan")), "over"


class Silent(Nim):
    def result(self, state):
        return super().result(state)[0], ""


class Listing(Nim):
    def show(self, state):
        return [state[0]]


class Endless(Nim):
    def move(self, state, text):
        return state


class Unlisted(Nim):
    def legal(self, state):
        return []

    def move(self, state, text):
        if text.strip() not in ("1", "2", "3"):
            return (state[0], state[1], "illegal: take 1, 2 or 3")
        return (max(0, state[0] - int(text)), 1 - state[1], "")


@pytest.mark.parametrize("game", ["tic-tac-toe", "kuhn", "negotiation", "negotiation(turns=2)", Nim()])
def test_what_is_sound_passes_every_check(game):
    assert check_turn_game(make_turn_game(game)) == ALL


def test_a_game_that_cannot_list_its_moves_is_checked_with_some():
    assert check_turn_game(Unlisted(), moves=["1", "2"]) == ALL
    with pytest.raises(PluginError, match="give some `moves`"):
        check_turn_game(Unlisted())


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (OneName, "share a name"),
        (NoNames, "a tuple of names"),
        (Drawing, "equal streams"),
        (GlobalDraws, "global state"),
        (Seeding, "global state"),
        (Mutable, "changed the state"),
        (Lying, "'4' is listed as legal"),
        (Late, "in a game that is over"),
        (Strange, "'nobody' is to move"),
        (Mute, "reads nothing"),
        (Raising, "raised ValueError"),
        (Kind, "did not lose"),
        (Lenient, "was refused"),
        (Partial, "expected \\['player_0', 'player_1'\\]"),
        (NotANumber, "finite numbers"),
        (Silent, "expected a text"),
        (Listing, "show gave \\[0\\]"),
        (Endless, "not over after"),
    ],
)
def test_every_fault_is_found(broken, says):
    with pytest.raises(PluginError, match=says):
        check_turn_game(broken(), games=12)


def test_what_is_no_game_is_refused():
    with pytest.raises(PluginError, match="start, to_move"):
        check_turn_game(object())
