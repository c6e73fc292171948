"""Ratings from counts: known strengths are found again, intervals cover, order and names change nothing."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.seeding import stream
from selfplay_gym.selfplay.league.ratings.bradley_terry import (
    POINTS,
    PRIOR,
    Record,
    groups,
    ratings,
    scores_of,
    strengths,
)

NAMES = ["", "a", "a ", "ä", "日本", "x/y", "\u202eevil", "<b>", "p" * 500, "\n"]
"""Hostile names: all of them are different."""


def simulated(thetas, games, seed, draws=0.0, pools=1):
    """Records of players of known strength, `games` each; an expected score is σ of the difference."""
    rng = stream(seed, "simulated")
    names = [f"player {i:02d}" for i in range(len(thetas))]
    pairs = [(i, j) for j in range(len(names)) for i in range(j) if pools == 1 or i % 2 != j % 2]
    each = games * len(names) / 2 / len(pairs)
    found = {}
    for i, j in pairs:
        count = int(each) + (rng.random() < each % 1)
        chance = 1 / (1 + math.exp(thetas[j] - thetas[i]))
        drawn = 2 * draws * min(chance, 1 - chance)
        won, tied, lost = rng.multinomial(count, [chance - drawn / 2, drawn, 1 - chance - drawn / 2]).tolist()
        found[names[i], names[j]] = Record(won, tied, lost)
    return names, found


@pytest.mark.parametrize(("draws", "pools"), [(0.0, 1), (0.4, 1), (0.0, 2)])
def test_known_strengths_are_ranked_and_covered_after_200_games_each(draws, pools):
    thetas = np.arange(10) * 0.3
    truth = (thetas - thetas.mean()) * POINTS
    ranked, covered = [], []
    for seed in range(12):
        names, records = simulated(thetas, 200, seed, draws, pools)
        found = ratings(names, records, seed=seed, draws=200)
        values = [found[name].value for name in names]
        ranked += [values[i] < values[j] for j in range(10) for i in range(j)]
        covered += [found[name].low <= truth[i] <= found[name].high for i, name in enumerate(names)]
    assert np.mean(ranked) >= 0.95
    assert np.mean(covered) >= 0.9  # 120 intervals; benchmarks/league_ratings.py measures the rate itself


def naive(won, prior, steps=20_000):
    """θ by plain minorise-maximise (Hunter 2004), equation 3, with the anchor as one more player."""
    n = len(won)
    table = np.zeros((n + 1, n + 1))
    table[:n, :n], table[:n, n], table[n, :n] = won, prior, prior
    strength = np.ones(n + 1)
    for _ in range(steps):
        expected = ((table + table.T) / (strength[:, None] + strength[None, :])).sum(1)
        strength = table.sum(1) / expected
        strength /= strength[n]
    theta = np.log(strength[:n])
    return theta - theta.mean()


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(st.integers(0, 9), min_size=4, max_size=4), min_size=4, max_size=4))
def test_the_fit_is_the_one_of_greatest_likelihood(rows):
    won = np.array(rows, dtype=float)
    np.fill_diagonal(won, 0)
    fitted = strengths(won[None], np.full((1, 2, 4), PRIOR))[0]
    assert np.allclose(fitted, naive(won, PRIOR), atol=1e-5)


counts = st.builds(Record, st.integers(0, 40), st.integers(0, 10), st.integers(0, 40))
tables = st.dictionaries(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).filter(lambda pair: pair[0] != pair[1]),
    counts,
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(tables, st.randoms(use_true_random=False))
def test_no_order_of_games_or_of_a_pair_changes_anything(records, shuffler):
    first = ratings(NAMES, records, draws=20)
    games = []
    for (one, other), record in records.items():
        games += [(one, other, Record(won=1))] * record.won
        games += [(one, other, Record(drawn=1))] * record.drawn
        games += [(one, other, Record(lost=1))] * record.lost
    shuffler.shuffle(games)
    again = {}
    for one, other, record in games:
        if shuffler.random() < 0.5:
            one, other, record = other, one, record.turned
        again[one, other] = again.get((one, other), Record()) + record
    players = list(NAMES)
    shuffler.shuffle(players)
    assert ratings(players, again, draws=20) == first
    assert all(math.isfinite(one.value) and one.low <= one.value <= one.high for one in first.values())


def test_a_player_that_always_wins_is_first_and_its_interval_is_open_above():
    found = ratings("abc", {("a", "b"): Record(won=30), ("b", "c"): Record(15, 0, 15)})
    assert found["a"].value > found["b"].value
    assert found["a"].high - found["a"].value > 1.5 * (found["a"].value - found["a"].low) > 0


def test_a_million_games_without_a_loss_are_finite():
    found = ratings("abc", {("a", "b"): Record(won=10**6), ("b", "c"): Record(won=10**6)})
    assert [*sorted(found, key=lambda name: found[name].value)] == ["c", "b", "a"]
    assert all(math.isfinite(end) for one in found.values() for end in (one.value, one.low, one.high))


def test_draws_alone_leave_players_equal():
    found = ratings("ab", {("a", "b"): Record(drawn=50)})
    assert found["a"].value == pytest.approx(0, abs=1e-6)
    assert found["a"].high < ratings("ab", {})["a"].high


def test_players_without_games_are_rated_by_the_prior():
    found = ratings("ab", {})
    assert {one.value for one in found.values()} == {0.0}
    assert all(one.low < -100 and one.high > 100 for one in found.values())
    assert ratings([], {}) == {}


def test_scores_turn_round():
    found = scores_of({("a", "b"): Record(3, 1, 0), ("b", "a"): Record(2, 0, 0)})
    assert found["a"]["b"] == Record(3, 1, 2)
    assert found["b"]["a"].score == pytest.approx(2.5 / 6)
    assert Record().score is None


def test_players_that_met_by_way_of_others_are_one_group():
    records = {("a", "b"): Record(won=1), ("b", "c"): Record(lost=1), ("d", "e"): Record(drawn=1), ("e", "a"): Record()}
    assert groups("abcdef", records) == [["a", "b", "c"], ["d", "e"], ["f"]]


@pytest.mark.parametrize("pair", [("a", "a"), ("a", "z")])
def test_games_of_nobody_are_refused(pair):
    with pytest.raises(ConfigError, match="two different players"):
        ratings("ab", {pair: Record(won=1)})


def test_equal_seeds_give_equal_intervals_and_others_differ():
    names, records = simulated(np.zeros(4), 20, 0)
    assert ratings(names, records, seed=1, draws=30) == ratings(names, records, seed=1, draws=30)
    assert ratings(names, records, seed=1, draws=30) != ratings(names, records, seed=2, draws=30)
