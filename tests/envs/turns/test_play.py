"""Playing out: batches by player, order, notes, and what a broken player or game says."""

import random

import pytest

from selfplay_gym import make_agent, make_turn_game
from selfplay_gym.core.errors import PluginError
from selfplay_gym.envs.turns.kuhn import KuhnPoker
from selfplay_gym.envs.turns.play import ask_agents, play_out

NAMES = ["tic-tac-toe", "kuhn", "negotiation"]


class Endless:
    name, players = "endless", ("player_0",)

    def start(self, rng):
        return 0

    def to_move(self, state):
        return "player_0"

    def prompt(self, state):
        return str(state)

    def legal(self, state):
        return ("on",)

    def move(self, state, text):
        return state + 1

    def result(self, state):
        raise AssertionError("it never ends")


def starts(game, count, seed=0):
    rng = random.Random(seed)
    return [game.start(rng) for _ in range(count)]


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_is_what_its_games_are_alone(name):
    """Each text follows from its prompt alone, so games played together and one by one are the same."""
    game = make_turn_game(name)

    def answer(player, prompts):
        return [make_agent("random-legal").act([prompt], seed=len(prompt))[0][0] for prompt in prompts]

    together = play_out(game, starts(game, 12), answer)
    alone = [play_out(game, [state], answer)[0] for state in starts(game, 12)]
    assert together == alone


@pytest.mark.parametrize("name", NAMES)
def test_turns_are_a_replay_of_the_game(name):
    game = make_turn_game(name)
    agent = make_agent("random-legal")
    states = starts(game, 20)
    answer = ask_agents(dict.fromkeys(game.players, agent), random.Random(1))
    for state, played in zip(states, play_out(game, states, answer), strict=True):
        for turn in played.turns:
            assert (turn.player, turn.prompt, turn.note) == (game.to_move(state), game.prompt(state), "")
            state = game.move(state, turn.text)
        assert game.to_move(state) is None
        assert (played.rewards, played.reason) == game.result(state)


def test_all_games_of_a_player_are_asked_in_one_call():
    game, calls = KuhnPoker(), []

    def answer(player, prompts):
        calls.append((player, len(prompts)))
        return ["check"] * len(prompts)

    play_out(game, starts(game, 50), answer)
    assert calls == [("player_0", 50), ("player_1", 50)]


def test_the_note_stands_at_the_move_that_broke_the_rule():
    game = KuhnPoker()
    (played,) = play_out(game, starts(game, 1), lambda player, _: ["check" if player == "player_0" else "cheat"])
    assert [turn.note for turn in played.turns] == ["", played.reason]
    assert played.reason == "illegal: 'cheat' is neither check nor bet"
    assert played.rewards == {"player_0": 2.0, "player_1": -2.0}


def test_no_games_ask_nobody():
    assert play_out(KuhnPoker(), [], lambda *_: pytest.fail("asked")) == []


@pytest.mark.parametrize("texts", [[], ["check"], ["check"] * 3])
def test_a_lost_or_invented_text_is_noticed(texts):
    game = KuhnPoker()
    with pytest.raises(PluginError, match="2 prompts"):
        play_out(game, starts(game, 2), lambda *_: texts)


@pytest.mark.parametrize("reward", [None, float("nan"), float("inf"), 1e308, "1", [1.0]])
def test_a_result_without_a_number_for_each_player_is_broken(monkeypatch, reward):
    game = make_turn_game("tic-tac-toe")
    rewards = {"player_0": 1.0} | ({} if reward is None else {"player_1": reward})
    monkeypatch.setattr(type(game), "result", lambda self, state: (rewards, "over"))
    with pytest.raises(PluginError, match="result of the game 'tic-tac-toe' gives player_1"):
        play_out(game, starts(game, 1), lambda _, prompts: ["x"] * len(prompts))


def test_a_game_that_never_ends_is_broken():
    with pytest.raises(PluginError, match="endless"):
        play_out(Endless(), [0], lambda _, prompts: ["on"] * len(prompts))
