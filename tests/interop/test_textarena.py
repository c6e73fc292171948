"""Games of TextArena as turn games: with a small stand-in of its habits, and with itself where it is installed."""

import random
import re
import sys
import types

import gymnasium as gym
import numpy as np
import pytest

import selfplay_gym  # noqa: F401 - registers the ids
from selfplay_gym import make_turn_game
from selfplay_gym.core.errors import ConfigError, MissingExtraError
from selfplay_gym.envs.turns.play import play_out
from selfplay_gym.testing import check_turn_game


class Guessing:
    """Two players guess a digit that is drawn anew each turn from the global generators; the first who hits it wins.

    As in TextArena: it changes in place, observations are handed out once, one invalid move is forgiven.
    """

    def __init__(self, turns=6):
        self.turns = turns

    def reset(self, num_players, seed=None):
        assert num_players == 2, f"The number of players has to be 2, received {num_players}"
        random.seed(seed)
        self.mover, self.turn, self.errors, self.rewards = 0, 0, 0, None
        self.info = {0: {"invalid_move": False}, 1: {"invalid_move": False}}
        self.news = {0: ["Guess a digit."], 1: ["Guess a digit."]}

    def get_observation(self):
        shown, self.news[self.mover] = "\n".join(self.news[self.mover]), []
        return self.mover, shown or "Nothing new."

    def step(self, action):
        if "crash" in action:
            raise ValueError("cannot read this")
        found = re.search(r"\[([0-9])\]", action)
        if found is None:
            self.errors += 1
            if self.errors > 1:
                self._end(1 - self.mover, "no digit in brackets")
                self.info[self.mover]["invalid_move"] = True
            return self.rewards is not None, {}
        self.errors, self.turn = 0, self.turn + 1
        drawn = (random.randrange(10) + int(np.random.randint(10))) % 10
        self.news[1 - self.mover].append(f"It was {drawn}, they guessed {found[1]}.")
        if int(found[1]) == drawn:
            self._end(self.mover, f"Player {self.mover} guessed right")
        elif self.turn == self.turns:
            self.rewards = {0: 0, 1: 0}
        self.mover = 1 - self.mover
        return self.rewards is not None, {}

    def close(self):
        return self.rewards, self.info

    def _end(self, winner, reason):
        self.rewards = {winner: 1, 1 - winner: -1}
        for info in self.info.values():
            info["reason"] = reason


@pytest.fixture
def stand_in(monkeypatch):
    registry = {"Guessing-v0": Guessing, "Guessing-v0-raw": Guessing}
    module = types.ModuleType("textarena")
    module.envs = types.SimpleNamespace(registration=types.SimpleNamespace(ENV_REGISTRY=registry))
    module.make = lambda identifier, **options: registry[identifier](**options)
    monkeypatch.setitem(sys.modules, "textarena", module)


GUESSES = [f"[{digit}]" for digit in range(10)]


def end(game, state, *texts):
    for text in texts:
        state = game.move(state, text)
    return game.to_move(state), *game.result(state)


@pytest.mark.usefixtures("stand_in")
class TestStandIn:
    def test_it_keeps_the_contract_of_turn_games(self):
        game = make_turn_game("textarena:Guessing-v0")
        assert "purity" in check_turn_game(game, moves=[*GUESSES, "what?"])
        assert (game.name, game.players) == ("textarena:Guessing-v0", ("player_0", "player_1"))

    def test_draws_of_later_turns_follow_from_the_start(self):
        game = make_turn_game("textarena:Guessing-v0(turns=40)")
        ends = []
        for _ in range(2):
            np.random.random(3), random.random()  # somebody else draws in between
            states = [game.start(random.Random(seed)) for seed in range(5)]
            ends.append(play_out(game, states, lambda _, prompts: ["[7]"] * len(prompts)))
        assert ends[0] == ends[1]
        assert len({len(one.turns) for one in ends[0]}) > 2

    def test_a_state_can_go_on_in_several_ways(self):
        game = make_turn_game("textarena:Guessing-v0")
        state = game.start(random.Random(1))
        shown = {text: game.prompt(game.move(state, text)) for text in GUESSES}
        drawn = {re.search(r"It was (\d)", prompt)[1] for prompt in shown.values() if prompt}
        assert len(drawn) == 1  # the same draw follows the same state
        assert sum(not prompt for prompt in shown.values()) == 1  # and one guess hits it

    def test_their_second_invalid_move_is_an_illegal_one(self):
        game = make_turn_game("textarena:Guessing-v0")
        state = game.start(random.Random(1))
        assert game.to_move(game.move(state, "what?")) == "player_0"
        mover, rewards, reason = end(game, state, "what?", "what?")
        assert (mover, reason) == (None, "illegal: no digit in brackets")
        assert rewards == {"player_0": -1.0, "player_1": 1.0}

    def test_a_text_that_breaks_their_reader_loses(self):
        game = make_turn_game("textarena:Guessing-v0")
        mover, rewards, reason = end(game, game.start(random.Random(1)), "crash")
        assert (mover, reason) == (None, "illegal: TextArena cannot read it (ValueError)")
        assert rewards == {"player_0": -1.0, "player_1": 0.0}

    def test_they_read_the_end_of_a_long_text(self):
        game = make_turn_game("textarena:Guessing-v0")
        state = game.start(random.Random(1))
        long, short = (game.move(state, text) for text in ("[1]" + "x" * 9_000 + "[4]", "[4]"))
        assert (game.prompt(long), game.result(long)) == (game.prompt(short), game.result(short))

    def test_it_is_an_environment(self):
        env = gym.make("SelfPlayTurnGame-v0", game="textarena:Guessing-v0", role="player_1", opponent="random-legal")
        env.reset(seed=0)
        _, _, over, _, info = env.step("[3]")
        assert over  # the opponent cannot read this game
        assert info["reason"].startswith("illegal: ")

    @pytest.mark.parametrize(
        ("name", "says"),
        [
            ("Gessing-v0", "Did you mean 'Guessing-v0'"),
            ("Guessing-v0(num_players=3)", "has to be 2"),
            ("Guessing-v0(num_players=0)", "num_players"),
            ("Guessing-v0(colour=3)", "colour"),
        ],
    )
    def test_what_cannot_be_played_is_refused(self, name, says):
        with pytest.raises(ConfigError, match=says):
            make_turn_game(f"textarena:{name}")


def test_without_it_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "textarena", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'selfplay-gym\[textarena\]'"):
        make_turn_game("textarena:TicTacToe-v0")


@pytest.mark.parametrize(
    ("name", "moves", "skip"),
    [
        ("TicTacToe-v0", [f"[{cell}]" for cell in range(9)], ["legal moves"]),  # chance hardly ends one legally
        ("KuhnPoker-v0", ["[check]", "[bet]", "[call]", "[fold]"], []),
        ("ConnectFour-v0", [f"[col {column}]" for column in range(7)], []),
    ],
)
def test_their_own_games_keep_the_contract(name, moves, skip):
    pytest.importorskip("textarena")
    assert "purity" in check_turn_game(make_turn_game(f"textarena:{name}"), moves=moves, games=3, skip=skip)


def test_their_tic_tac_toe_ends_in_wins_and_draws():
    pytest.importorskip("textarena")
    game, rng = make_turn_game("textarena:TicTacToe-v0"), random.Random(0)

    def answer(_, prompts):
        free = [re.findall(r"'(\[\d\])'", prompt.rpartition("Available Moves")[2]) for prompt in prompts]
        return [rng.choice(moves) for moves in free]

    ends = play_out(game, [game.start(rng) for _ in range(40)], answer)
    assert {one.rewards["player_0"] for one in ends} == {-1.0, 0.0, 1.0}
    assert not any(one.reason.startswith("illegal: ") for one in ends)
