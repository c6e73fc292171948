"""Scripted players of turn games have the strength that they claim."""

import random

import pytest

from selfplay_gym import make_agent, make_turn_game
from selfplay_gym.agents.scripted.turn_players import outcome
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.turns.kuhn import equilibrium
from selfplay_gym.core.turns.negotiation import read_offer
from selfplay_gym.envs.turns.kuhn import prompts
from selfplay_gym.envs.turns.play import ask_agents, play_out
from selfplay_gym.testing import check_agent

NAMES = ["random-legal", "tic-tac-toe-perfect", "kuhn-equilibrium", "negotiator"]


def played(game, first, second, count, seed=0):
    game, rng = make_turn_game(game), random.Random(seed)
    agents = {"player_0": make_agent(first), "player_1": make_agent(second)}
    return play_out(game, [game.start(rng) for _ in range(count)], ask_agents(agents, rng))


def rewards(player, episodes):
    return [one.rewards[player] for one in episodes]


@pytest.mark.parametrize("name", NAMES)
def test_they_are_agents(name):
    check_agent(make_agent(name))
    check_agent(
        make_agent(name), prompts=("Legal moves: ", "Your card: A\nMoves so far: none", "Tic-tac-toe: you are X.\n")
    )


@pytest.mark.parametrize("game", ["tic-tac-toe", "kuhn", "negotiation"])
def test_random_players_make_every_legal_move_and_no_other(game):
    episodes = played(game, "random-legal", "random-legal", 1500)
    assert not any(one.reason.startswith("illegal") for one in episodes)
    opening = {one.turns[0].text for one in episodes}
    rules = make_turn_game(game)
    if game != "negotiation":
        assert opening == set(rules.legal(rules.start(random.Random(0))))


def test_perfect_players_draw_with_each_other_in_many_ways():
    episodes = played("tic-tac-toe", "tic-tac-toe-perfect", "tic-tac-toe-perfect", 200)
    assert set(rewards("player_0", episodes)) == {0.0}
    assert len({tuple(turn.text for turn in one.turns) for one in episodes}) > 100


def test_a_perfect_player_loses_to_nobody_and_takes_what_is_given():
    assert min(rewards("player_0", played("tic-tac-toe", "tic-tac-toe-perfect", "random-legal", 400))) == 0.0
    assert min(rewards("player_1", played("tic-tac-toe", "random-legal", "tic-tac-toe-perfect", 400))) == 0.0


@pytest.mark.parametrize(
    ("board", "worth"), [("." * 9, 0), ("XX.OO....", 1), ("X...O...X", 0), ("XX.O.....", -1), ("XXXOO....", -1)]
)
def test_outcomes_are_those_of_best_play(board, worth):
    assert outcome(board) == worth


@pytest.mark.parametrize("bluff", [0.0, 0.2, 1 / 3])
def test_the_equilibrium_is_played_as_often_as_it_says(bluff):
    agent = make_agent("kuhn-equilibrium", bluff=bluff)
    for name, prompt in prompts().items():
        (texts,) = agent.act([prompt], n=4000, seed=3)
        for move, share in equilibrium(bluff)[name].items():
            assert texts.count(move) / 4000 == pytest.approx(share, abs=0.03)


def test_negotiators_agree_and_do_better_than_chance():
    both = played("negotiation", "negotiator", "negotiator", 300)
    assert sum(one.reason.startswith("a deal") for one in both) > 290
    mine = sum(rewards("player_1", played("negotiation", "random-legal", "negotiator", 300)))
    chance = sum(rewards("player_1", played("negotiation", "random-legal", "random-legal", 300)))
    assert mine > 3 * chance


def test_a_negotiator_takes_anything_in_the_last_turn():
    game = make_turn_game("negotiation", turns=2)
    state = game.start(random.Random(0))
    state = game.move(state, game.legal(state)[-1])  # asks for everything
    assert read_offer(make_agent("negotiator").act([game.prompt(state)], seed=0)[0][0]) == "<accept>"


def test_options_out_of_range_are_refused():
    with pytest.raises(ConfigError, match="least"):
        make_agent("negotiator", least=1.5)
    with pytest.raises(ConfigError, match="1/3"):
        make_agent("kuhn-equilibrium(bluff=0.5)")
