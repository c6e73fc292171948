"""The kits for opponents and baselines of turn games pass what ships, and notice what would not repeat."""

import itertools
import math
import random
from types import SimpleNamespace

import pytest

from selfplay_gym.core.errors import PluginError
from selfplay_gym.core.registries import baselines, make_agent, make_baseline, make_opponents, make_turn_game
from selfplay_gym.testing import check_baseline, check_opponents

GAMES = ("tic-tac-toe", "kuhn")


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("name", baselines.names())
def test_our_baselines_pass(name, game):
    passed = check_baseline(make_baseline(name), make_turn_game(game))
    assert passed == ["advantages", "one player's moves", "state", "randomness"]


class Mean:
    """Rewards against the mean of all so far."""

    def __init__(self):
        self.sum, self.count = 0.0, 0

    def advantages(self, game, played):
        rewards = [
            played.trajectories[at].rewards[played.trajectories[at].turns[turn].player] for at, turn in played.moves
        ]
        self.sum, self.count = self.sum + sum(rewards), self.count + len(rewards)
        return [reward - self.sum / self.count for reward in rewards]

    def state_dict(self):
        return {"sum": self.sum, "count": self.count}

    def load_state_dict(self, state):
        self.sum, self.count = state.get("sum", 0.0), state.get("count", 0)


def changed(of, **methods):
    return type("Changed", (of,), methods)()


def test_one_of_your_own_passes():
    assert len(check_baseline(Mean(), make_turn_game("kuhn"))) == 4


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (changed(Mean, advantages=lambda self, game, played: [0.0]), "1 advantages for"),
        (changed(Mean, advantages=lambda self, game, played: [math.nan] * len(played.moves)), "a finite number"),
        (changed(Mean, advantages=lambda self, game, played: [True] * len(played.moves)), "a finite number"),
        (changed(Mean, state_dict=lambda self: {}), "other advantages"),
        (changed(Mean, state_dict=lambda self: {"sum": {1, 2}}), "JSON"),
        (changed(Mean, state_dict=lambda self: {"sum": math.inf}), "JSON"),
        (
            changed(Mean, advantages=lambda self, game, played: [random.random() for _ in played.moves]),
            "global state of `random`",
        ),
    ],
)
def test_what_would_not_repeat_is_found(broken, message):
    with pytest.raises(PluginError, match=message):
        check_baseline(broken, make_turn_game("kuhn"))


def test_something_else_is_no_baseline():
    with pytest.raises(PluginError, match="advantages, state_dict and load_state_dict"):
        check_baseline(object(), make_turn_game("kuhn"))
    with pytest.raises(PluginError, match=r"draw\(run, step, episodes\)"):
        check_opponents(object(), None)


def test_our_self_play_passes_and_reads_nothing_of_a_run():
    assert check_opponents(make_opponents("self"), None) == ["draw", "repeatability", "randomness"]


class InTurn:
    """One agent after the other."""

    def __init__(self):
        self.agents = [make_agent("random-legal"), make_agent("kuhn-equilibrium")]

    def draw(self, run, step, episodes):
        return [self.agents[(run.round + step) % 2]] * episodes


def test_opponents_of_your_own_pass():
    assert len(check_opponents(InTurn(), SimpleNamespace(round=1))) == 3


COUNTER = itertools.count()


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (changed(InTurn, draw=lambda self, run, step, episodes: None), "expected 1 agents"),
        (changed(InTurn, draw=lambda self, run, step, episodes: self.agents), "expected 1 agents"),
        (changed(InTurn, draw=lambda self, run, step, episodes: ["random-legal"] * episodes), "which has act"),
        (
            changed(InTurn, draw=lambda self, run, step, episodes: [self.agents[next(COUNTER) % 2]] * episodes),
            "other agents the second time",
        ),
        (
            changed(InTurn, draw=lambda self, run, step, episodes: [random.choice(self.agents)] * episodes),
            "global state of `random`",
        ),
    ],
)
def test_opponents_that_would_not_repeat_are_found(broken, message):
    with pytest.raises(PluginError, match=message):
        check_opponents(broken, SimpleNamespace(round=1))
