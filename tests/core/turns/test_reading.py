"""Moves are read as the games read them: equal ones are equal values, and illegal ones are none."""

import random

import pytest

from selfplay_gym.core.turns.reading import legal_move
from selfplay_gym.envs.turns.kuhn import KuhnPoker
from selfplay_gym.envs.turns.negotiation import Negotiation
from selfplay_gym.envs.turns.tic_tac_toe import TicTacToe

TEXTS = [
    *(
        "2",
        "3 ",
        "5",
        "7",
        "8",
        "check",
        "BET",
        r"I \boxed{bet} now",
        r"\boxed{bet}\boxed{check}",
        "fold ",
        "call",
        "1",
        r"\boxed{9}",
        "0",
        "",
        "³",
        "\ud800",
    ),
    *("<accept>", "so <accept>", "<offer>1 book</offer>", "<offer>1 BOOK </offer>!", "<offer>9 hats</offer>"),
    *("<offer>nothing</offer>", "<offer>", "<accept><accept>", "nothing", "K", "bet\x00", r"\boxed{"),
]


@pytest.mark.parametrize("game", [KuhnPoker(), TicTacToe(), Negotiation()])
def test_a_text_makes_a_move_where_the_game_goes_on_with_it_and_equal_moves_lead_to_equal_states(game):
    rng = random.Random(3)
    for _ in range(40):
        state = game.start(rng)
        while game.to_move(state) is not None:
            prompt, by_move = game.prompt(state), {}
            for text in TEXTS:
                after, move = game.move(state, text), legal_move(prompt, text)
                broken = game.to_move(after) is None and "illegal" in game.result(after)[1]
                assert (move is None) is broken, (prompt, text)
                if move is not None:
                    assert by_move.setdefault(move, after) == after
            assert len(set(map(repr, by_move.values()))) == len(by_move)
            if not by_move:
                break
            state = rng.choice([*by_move.values()])


@pytest.mark.parametrize("prompt", ["", "What is 3+4?", "Negotiation: you share", "Legal moves:"])
def test_where_no_turn_is_shown_no_text_is_a_move(prompt):
    assert [legal_move(prompt, text) for text in TEXTS] == [None] * len(TEXTS)
