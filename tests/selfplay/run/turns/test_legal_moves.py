"""Examples of legal moves: legal, of all positions, evenly drawn; with a habit, what the prompt decides."""

from collections import Counter

import numpy as np
import pytest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.registries import make_turn_game
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.core.turns.kuhn import information_sets, read_hand
from selfplay_gym.core.turns.moves import listed_moves
from selfplay_gym.selfplay.run.stages.warm_up import WarmUp
from selfplay_gym.selfplay.run.turns.legal_moves import random_moves, random_pairs


@pytest.mark.parametrize("name", ["kuhn", "tic-tac-toe"])
@pytest.mark.parametrize("habit", [0.0, 0.5, 1.0])
def test_every_example_is_legal(name, habit):
    pairs = random_pairs(make_turn_game(name), python_stream(1), 500, habit)
    assert len(pairs) == 500
    assert all(move in listed_moves(prompt) for prompt, move in pairs)


def test_moves_are_drawn_evenly_and_all_that_can_be_known_is_shown():
    counts = {}
    for prompt, move in random_pairs(make_turn_game("kuhn"), python_stream(2), 6000):
        counts.setdefault(read_hand(prompt), Counter())[move] += 1
    assert set(counts) == set(information_sets())
    for found in counts.values():
        assert max(found.values()) / found.total() < 0.6


def shares(seed, stream, count=6000):
    """How often each prompt of Kuhn poker is followed by the first of its moves, under a full habit."""
    counts = {}
    for prompt, move in random_pairs(make_turn_game("kuhn"), python_stream(stream), count, 1.0, seed):
        counts.setdefault(read_hand(prompt), Counter())[move] += 1
    return {name: found[information_sets()[name][0]] / found.total() for name, found in counts.items()}


def test_a_habit_is_chances_that_the_prompt_and_the_seed_decide():
    one, again = shares(1, 5), shares(1, 6)
    assert set(one) == set(again) == set(information_sets())
    assert max(abs(one[name] - again[name]) for name in one) < 0.12
    other = shares(2, 5)
    assert max(abs(one[name] - other[name]) for name in one) > 0.3


def test_habits_are_spread_evenly_between_both_moves():
    found = sorted(share for seed in range(8) for share in shares(seed, 5, 2000).values())
    assert np.abs(np.array(found) - (np.arange(len(found)) + 0.5) / len(found)).max() < 0.15


def test_a_game_without_a_list_of_moves_cannot_be_shown():
    game = make_turn_game("kuhn")
    game.legal = lambda state: ()
    with pytest.raises(ConfigError, match="lists no legal moves"):
        next(random_moves(game, python_stream(0)))


def test_a_habit_is_a_share():
    with pytest.raises(ConfigError, match=r"habit in \[0, 1\]"):
        WarmUp(habit=1.5)
