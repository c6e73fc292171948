import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.seeding import stream
from selfplay_gym.selfplay.stats import bootstrap, mean_rate, paired, reliability, sign_flip_p_value, wilson

DRAWS = 2000


def test_wilson_equals_scipy():
    for successes, trials in [(0, 10), (3, 10), (10, 10), (250, 500), (1, 1)]:
        theirs = binomtest(successes, trials).proportion_ci(method="wilson")
        ours = wilson(successes, trials)
        assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_wilson_refuses_more_successes_than_trials():
    with pytest.raises(ConfigError):
        wilson(11, 10)


@pytest.mark.parametrize(("skill", "spread"), [(0.5, 0.3), (0.9, 0.1), (0.1, 0.1), (0.98, 0.02)])
def test_mean_rate_interval_covers_at_the_nominal_rate(skill, spread):
    """2,000 simulated exams of 500 questions × 8 samples with varying difficulty: 95 % must hold the true skill."""
    rng = stream(1, "coverage", skill)
    covered = 0
    concentration = skill * (1 - skill) / spread**2 - 1
    for _ in range(DRAWS):
        p = rng.beta(skill * concentration, (1 - skill) * concentration, 500)
        interval = mean_rate(rng.binomial(8, p) / 8)
        covered += interval.low <= skill <= interval.high
    assert 0.935 <= covered / DRAWS <= 0.97


def test_mean_rate_is_wider_than_counting_samples_as_independent():
    rng = stream(2, "cluster")
    counts = rng.binomial(8, rng.beta(0.5, 0.5, 300))
    clustered, naive = mean_rate(counts / 8), wilson(int(counts.sum()), 8 * 300)
    assert clustered.high - clustered.low > 2 * (naive.high - naive.low)


def test_mean_rate_does_not_collapse_at_the_ends():
    assert mean_rate(np.ones(100)).low < 0.97
    assert mean_rate(np.zeros(100)).high > 0.03
    assert mean_rate([]).value != mean_rate([]).value  # nan


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=10))
@settings(max_examples=60, deadline=None)
def test_sign_flip_p_value_equals_enumeration(differences):
    sums = [0]
    for d in differences:
        sums = [s + sign * abs(d) for s in sums for sign in (-1, 1)]
    expected = sum(abs(s) >= abs(sum(differences)) for s in sums) / len(sums)
    assert sign_flip_p_value(differences) == pytest.approx(expected, abs=1e-12)


def test_sign_flip_is_the_exact_mcnemar_test_for_one_sample():
    differences = [1] * 17 + [-1] * 6 + [0] * 100
    assert sign_flip_p_value(differences) == pytest.approx(binomtest(17, 23).pvalue, rel=1e-9)


def _two_exams(rng, gain, items=500, samples=8):
    """Counts of two agents whose per-question skills differ by `gain` on average."""
    skill = rng.uniform(0.1, 0.8, items)
    return rng.binomial(samples, skill), rng.binomial(samples, np.clip(skill + rng.uniform(0, 2 * gain, items), 0, 1))


def test_paired_interval_covers_and_the_test_keeps_its_size():
    rng = stream(3, "size")
    covered = rejected = 0
    for _ in range(DRAWS):
        result = paired(*_two_exams(rng, 0.0), samples=8)
        covered += result.low <= 0 <= result.high
        rejected += result.p_value <= 0.05
    assert 0.935 <= covered / DRAWS <= 0.97
    assert 0.03 <= rejected / DRAWS <= 0.06


def test_paired_interval_covers_a_real_difference():
    rng = stream(3, "covers")
    covered = 0
    for _ in range(DRAWS):
        result = paired(*_two_exams(rng, 0.05), samples=8)
        covered += result.low <= 5.0 <= result.high
    assert 0.935 <= covered / DRAWS <= 0.97


def test_paired_finds_a_planted_five_point_gain_in_500_items():
    rng = stream(4, "power")
    found = sum(paired(*_two_exams(rng, 0.05), samples=8).p_value <= 0.05 for _ in range(500))
    assert found / 500 >= 0.8


def test_paired_greedy_finds_a_planted_five_point_gain_in_500_items():
    """One answer per question: agents that mostly agree (the usual case before/after training) are told apart."""
    rng = stream(4, "greedy power")
    found = 0
    for _ in range(500):
        before = rng.random(500) < 0.6
        draw = rng.random(500)
        after = np.where(before, draw >= 0.02 / 0.6, draw < 0.07 / 0.4)  # loses 2 %, wins 7 %
        found += paired(before, after).p_value <= 0.05
    assert found / 500 >= 0.8


def test_paired_is_antisymmetric_and_refuses_unequal_rows():
    rng = stream(5)
    before, after = _two_exams(rng, 0.05, items=50)
    forth, back = paired(before, after, 8), paired(after, before, 8)
    assert forth.points == pytest.approx(-back.points)
    assert forth.low == pytest.approx(-back.high)
    assert forth.p_value == pytest.approx(back.p_value)
    assert (forth.better, forth.worse) == (back.worse, back.better)
    with pytest.raises(ConfigError):
        paired([1, 2], [1], 8)
    with pytest.raises(ConfigError, match="same samples"):
        paired([1, 2], [1, 9], 8)


def test_paired_interval_does_not_collapse_when_agents_agree_everywhere():
    result = paired([1] * 50, [1] * 50)
    assert result.low < 0 < result.high
    assert result.p_value == 1.0


def test_bootstrap_is_replayed_by_its_seed_path_and_covers_a_ratio():
    rng = stream(6)
    covered = 0
    for draw in range(300):
        cost, gain = rng.exponential(3.0, 200), rng.binomial(8, 0.5, 200)
        ratio = bootstrap([cost, gain], lambda c, g: c.sum() / g.sum(), seed=draw, path=("ratio",), draws=300)
        covered += ratio.low <= 0.75 <= ratio.high
    assert 0.91 <= covered / 300 <= 0.98
    again = bootstrap([cost, gain], lambda c, g: c.sum() / g.sum(), seed=299, path=("ratio",), draws=300)
    other = bootstrap([cost, gain], lambda c, g: c.sum() / g.sum(), seed=299, path=("else",), draws=300)
    assert again == ratio
    assert other != ratio


def test_reliability_of_a_calibrated_and_an_overconfident_vote():
    rng = stream(7)
    share = rng.random(20_000)
    right = rng.random(20_000) < share
    assert reliability(share, right).error < 0.02
    overconfident = reliability(np.ones(1000), np.arange(1000) % 2)
    assert overconfident.error == pytest.approx(0.5)
    assert overconfident.rows == ((1.0, 0.5, 1000),)
    assert math.isnan(reliability([], []).error)
