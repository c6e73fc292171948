"""Strategies in Kuhn poker: exact ones equal sampled ones in the limit, and a mean is one over plays."""

import pytest

from selfplay_gym.agents import LLMAgent
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.core.turns.kuhn import equilibrium, information_sets
from selfplay_gym.envs.turns.exploitability import exploitability, value
from selfplay_gym.envs.turns.kuhn import prompts
from selfplay_gym.selfplay.run.turns.strategies import exact_strategy, mean_strategy, sampled_strategy


def drawn(seed):
    rng = python_stream(seed, "strategy")
    found = {}
    for name, (one, other) in information_sets().items():
        share = rng.choice([0.0, 1.0, rng.random()])
        found[name] = {one: share, other: 1 - share}
    return found


@pytest.mark.parametrize("seed", range(20))
def test_a_mean_earns_the_mean_against_anybody_where_later_ones_count_more(seed):
    strategies = [drawn((seed * 10) + i) for i in range(4)]
    other = drawn(1000 + seed)
    mean = mean_strategy(strategies)
    assert value(mean, other) == pytest.approx(sum(at * value(one, other) for at, one in enumerate(strategies, 1)) / 10)
    assert value(other, mean) == pytest.approx(sum(at * value(other, one) for at, one in enumerate(strategies, 1)) / 10)


def test_a_mean_of_behaviours_would_not():
    """Weights by reach matter: two players that never or always bet a J first."""
    strategies = [drawn(seed) for seed in range(4)]
    naive = {
        name: {move: sum(one[name][move] for one in strategies) / 4 for move in moves}
        for name, moves in information_sets().items()
    }
    assert naive != mean_strategy(strategies)


def test_a_mean_of_equilibria_is_an_equilibrium():
    assert exploitability(mean_strategy([equilibrium(0.0), equilibrium(1 / 3)])) == pytest.approx(0.0, abs=1e-9)


class Plays:
    """Answers by a strategy, a share of the time with nonsense."""

    def __init__(self, strategy, nonsense):
        self.strategy, self.nonsense = strategy, nonsense
        self.names = {prompt: name for name, prompt in prompts().items()}

    def act(self, asked, *, n, seed):
        rng = python_stream(seed, "plays")
        return [[self._one(self.strategy[self.names[prompt]], rng) for _ in range(n)] for prompt in asked]

    def _one(self, chances, rng):
        if rng.random() < self.nonsense:
            return "raise"
        (one, share), (other, _) = chances.items()
        return f"\\boxed{{{one}}}" if rng.random() < share else other.upper()


def test_a_sampled_strategy_is_that_of_the_player():
    strategy = equilibrium(0.2)
    found, illegal = sampled_strategy(Plays(strategy, 0.25), 2000, seed=0)
    assert illegal == pytest.approx(0.25, abs=0.02)
    for name, moves in strategy.items():
        assert found[name] == pytest.approx(moves, abs=0.05)


def test_who_never_makes_a_legal_move_plays_all_alike():
    found, illegal = sampled_strategy(Plays(equilibrium(), 1.0), 10, seed=0)
    assert illegal == 1.0
    assert all(set(moves.values()) == {0.5} for moves in found.values())


def test_exact_probabilities_are_shares_of_what_is_legal():
    agent = LLMAgent.from_pretrained("tiny", max_new_tokens=8)
    found, left = exact_strategy(agent)
    assert set(found) == set(information_sets())
    assert all(sum(moves.values()) == pytest.approx(1.0) for moves in found.values())
    assert left == pytest.approx(1.0, abs=1e-3)  # it has not been shown the game
