"""What follows from a series of validation losses, on numbers one can check by hand."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfplay_gym.selfplay.guard.thresholds import GuardThresholds
from selfplay_gym.selfplay.guard.validation_rule import ValidationRule, loss, standard_error

QUESTIONS = 100


def shares(accuracy):
    """An evaluation in which that many of 100 questions are always right, the same ones first."""
    return [float(i < accuracy) for i in range(QUESTIONS)]


def moves(*accuracies, limits=GuardThresholds()):  # noqa: B008 - frozen
    rule = ValidationRule(limits)
    return rule, [rule.observe(shares(accuracy)) for accuracy in accuracies]


def test_improvement_changes_nothing():
    rule, answers = moves(40, 45, 50, 60)
    assert answers == ["best"] * 4
    assert rule.scale == 1.0


def test_three_rises_in_a_row_roll_back_and_two_do_not():
    assert moves(60, 59, 58, 57)[1][-1] == "patience"
    assert "patience" not in moves(60, 59, 58, 58, 57, 56)[1]
    assert "patience" not in moves(60, 59, 58, 61, 60, 59)[1]


def test_a_collapse_rolls_back_at_once():
    assert moves(60, 40)[1] == ["best", "fall"]


def test_a_collapsed_solver_that_cannot_fall_further_counts_as_rising():
    lenient = GuardThresholds(fall=2.0)
    assert moves(60, 0, 0, 0, limits=lenient)[1][-1] == "patience"


def test_rates_go_down_beyond_chance_and_up_after_an_improvement_to_the_start_at_most():
    rule, answers = moves(60, 55)
    assert answers[-1] == "lower"
    assert rule.scale == 0.5
    rule.observe(shares(61))
    assert rule.scale == 1.0
    rule.observe(shares(62))
    assert rule.scale == 1.0
    assert moves(60, 60, 60)[1][1:] == ["steady", "steady"]


def test_after_a_rollback_the_step_is_smaller_for_good_and_ever_smaller_without_a_new_best():
    rule, _ = moves(60, 40)
    rule.rolled_back()
    assert (rule.scale, rule.ceiling, rule.last) == (0.5, 0.5, rule.best)
    rule.observe(shares(40))
    rule.rolled_back()
    assert rule.scale == 0.5 * 0.25
    rule.observe(shares(61))
    assert rule.scale == rule.ceiling == 0.125
    for _ in range(100):
        rule.rolled_back()
    assert rule.scale == GuardThresholds().least_scale


def test_a_way_back_may_leave_the_step_as_it_is():
    rule = ValidationRule(GuardThresholds())
    rule.observe(shares(60))
    rule.observe(shares(20))
    scale = rule.scale
    rule.rolled_back(smaller=False)
    assert (rule.scale, rule.ceiling, rule.last) == (scale, 1.0, rule.best)


def test_a_run_ends_at_its_best_however_little_better_it_is():
    rule = ValidationRule(GuardThresholds())
    rule.observe(shares(60))
    assert not rule.ends_below_best()
    rule.observe(shares(59))
    assert rule.ends_below_best()
    rule.rolled_back()
    assert not rule.ends_below_best()
    rule.observe(shares(61))
    assert not rule.ends_below_best()


@given(st.lists(st.integers(0, QUESTIONS), min_size=1, max_size=20))
def test_the_best_is_the_least_loss_and_scales_stay_in_bounds(accuracies):
    rule = ValidationRule(GuardThresholds())
    for accuracy in accuracies:
        if rule.observe(shares(accuracy)) in ("patience", "fall"):
            rule.rolled_back()
        assert GuardThresholds().least_scale <= rule.scale <= rule.ceiling <= 1.0
    assert loss(rule.best) == pytest.approx(1 - max(accuracies) / QUESTIONS)


@given(st.lists(st.integers(0, QUESTIONS), min_size=2, max_size=12), st.integers(1, 11))
def test_a_rule_read_back_from_json_goes_on_alike(accuracies, cut):
    whole = ValidationRule(GuardThresholds())
    expected = [whole.observe(shares(a)) for a in accuracies]
    first = ValidationRule(GuardThresholds())
    before = [first.observe(shares(a)) for a in accuracies[:cut]]
    second = ValidationRule(GuardThresholds())
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert before + [second.observe(shares(a)) for a in accuracies[cut:]] == expected
    assert second.state_dict() == whole.state_dict()


def test_the_error_of_a_difference_is_that_of_pairs():
    assert standard_error(shares(50), shares(50)) == 0.0
    assert standard_error([0.0, 1.0, 0.0, 1.0], [1.0, 0.0, 1.0, 0.0]) == pytest.approx((4 / 3 / 4) ** 0.5)
