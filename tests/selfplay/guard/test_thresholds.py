"""Every threshold: its default, what it refuses, and that its alarm begins just beyond it."""

import math
from dataclasses import asdict, replace

import pytest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.selfplay.guard.thresholds import (
    PREMIUMS,
    Alarm,
    GuardThresholds,
    label_alarms,
    reward_alarms,
    step_alarms,
    validation_alarms,
)
from selfplay_gym.selfplay.settings.parts import GuardConfig

DEFAULTS = {
    "grad_norm": 10.0,
    "update_share": 0.02,
    "drift": 0.5,
    "kl": 0.5,
    "entropy_low": 0.01,
    "entropy_high": 2.0,
    "length_ratio": 3.0,
    "truncated_share": 0.3,
    "zero_variance_share": 0.95,
    "valid_share": 0.5,
    "distinct_share": 0.5,
    "premium": -0.15,
    "solve_rate_jump": 0.3,
    "label_accuracy": 0.35,
    "kept_label_accuracy": 0.5,
    "kind_share": 0.3,
    "kind_growth": 2.0,
    "disagreement_jump": 0.3,
    "reliability_jump": 0.3,
    "unanswered_share": 0.3,
    "refused_share": 0.05,
    "consistency": 0.9,
    "patience": 3,
    "fall": 0.1,
    "factor": 0.5,
    "least_scale": 2.0**-12,
    "bad_steps": 3,
}
LIMITS = GuardThresholds()
STEP = {"skipped": 0, "bad_rewards": 0, "truncated_share": 0.0, "zero_variance_share": 0.0, "mean_length": 8.0}
STEP |= {"rows_trained": 1, "grad_norm": 0.0, "update_share": 0.0, "kl": 0.0, "entropy": 1.0}
STEP |= {"valid_share": 1.0, "distinct_share": 1.0}
LABELS = {"asked": 8, "written": 8, "repeated": 0, "solve_rate": 0.5, "answered_share": 1.0, "kept": 8}
LABELS |= {"label_accuracy": 1.0, "kept_label_accuracy": None}
VALIDATION = {"unanswered_share": 0.0, "solver_drift": 0.0, "challenger_drift": None, "consistency": 0.0}


def test_the_defaults_are_the_documented_ones():
    assert asdict(LIMITS) == DEFAULTS
    assert PREMIUMS == 3


def test_a_guard_watches_with_these_thresholds_unless_asked_for_more():
    assert asdict(GuardConfig()) == {
        "mode": "watch",
        "validation": "reference",
        "questions": 128,
        "every": 0,
        "thresholds": DEFAULTS,
    }


# --- what is refused ---


@pytest.mark.parametrize("name", DEFAULTS)
def test_every_threshold_is_a_number_of_its_kind(name):
    whole = name in ("patience", "bad_steps")
    for wrong in ("1", None, True, [1.0], *([2.0] if whole else [])):
        kind = "whole number" if whole else "number"
        with pytest.raises(ConfigError, match=rf"^{name} must be a {kind}, got {wrong!r}$".replace("[", r"\[")):
            GuardThresholds(**{name: wrong})
    for wrong in () if whole else (math.nan, math.inf, -math.inf):
        with pytest.raises(ConfigError, match=rf"^{name} must be a finite number, got {wrong!r}$"):
            GuardThresholds(**{name: wrong})


@pytest.mark.parametrize("name", sorted(set(DEFAULTS) - {"premium"}))
def test_only_a_premium_may_be_negative(name):
    least = -1 if name in ("patience", "bad_steps") else -0.5
    with pytest.raises(ConfigError, match=rf"^{name} must be >= 0, got {least}$"):
        GuardThresholds(**{name: least})
    assert GuardThresholds(premium=-2.0).premium == -2.0


@pytest.mark.parametrize("name", sorted(set(DEFAULTS) - {"patience", "bad_steps", "factor", "least_scale"}))
def test_a_whole_number_and_zero_will_do_for_a_threshold(name):
    assert getattr(GuardThresholds(**{name: 0}), name) == 0


@pytest.mark.parametrize("name", ["patience", "bad_steps"])
def test_counts_begin_at_one(name):
    assert getattr(GuardThresholds(**{name: 1}), name) == 1
    with pytest.raises(ConfigError, match=rf"^{name} must be >= 1, got 0$"):
        GuardThresholds(**{name: 0})


@pytest.mark.parametrize("factor", [0.0, 1.0, 1.5])
def test_the_factor_lies_strictly_between_nothing_and_all(factor):
    with pytest.raises(ConfigError, match=rf"^factor must lie between 0 and 1, got {factor}$"):
        GuardThresholds(factor=factor)
    assert GuardThresholds(factor=0.999).factor == 0.999


def test_the_least_scale_lies_above_nothing_and_may_be_all():
    assert GuardThresholds(least_scale=1.0).least_scale == 1.0
    for wrong in (0.0, 1.01):
        with pytest.raises(ConfigError, match=rf"^least_scale must be above 0 and at most 1, got {wrong}$"):
            GuardThresholds(least_scale=wrong)


# --- when alarms are raised ---


def raised(alarms):
    return [alarm for alarm, up in alarms if up]


def of_step(change, limits=LIMITS, first=8.0):
    return raised(step_alarms(limits, {**STEP, **change}, first))


def test_healthy_measures_raise_nothing():
    assert (
        of_step({}) == raised(label_alarms(LIMITS, LABELS, 0.5)) == raised(validation_alarms(LIMITS, VALIDATION)) == []
    )


@pytest.mark.parametrize(
    ("name", "measure", "threshold", "beyond"),
    [
        ("truncation", "truncated_share", "truncated_share", 1),
        ("no_signal", "zero_variance_share", "zero_variance_share", 1),
        ("exploding_gradient", "grad_norm", "grad_norm", 1),
        ("large_update", "update_share", "update_share", 1),
        ("far_from_base", "kl", "kl", 1),
        ("noise", "entropy", "entropy_high", 1),
        ("frozen_policy", "entropy", "entropy_low", -1),
        ("malformed", "valid_share", "valid_share", -1),
        ("repetition", "distinct_share", "distinct_share", -1),
    ],
)
def test_an_alarm_of_a_step_begins_just_beyond_its_threshold(name, measure, threshold, beyond):
    limit = DEFAULTS[threshold]
    assert of_step({measure: limit}) == []
    value = limit + beyond * 1e-6
    (alarm,) = of_step({measure: value})
    assert (alarm.name, alarm.value, alarm.limit) == (name, value, limit)
    names = {alarm.name for alarm in of_step({measure: math.nan})}
    assert names == ({"noise", "frozen_policy"} if measure == "entropy" else {name})
    assert of_step({measure: value}, replace(LIMITS, **{threshold: limit + beyond * 1e-3})) == []


def test_an_update_without_rows_is_not_looked_at_and_one_row_is_enough():
    wild = {"grad_norm": 1e9, "update_share": 1e9, "kl": 1e9, "entropy": 1e9}
    assert of_step({**wild, "rows_trained": 0}) == []
    assert {alarm.name for alarm in of_step(wild)} == {"exploding_gradient", "large_update", "far_from_base", "noise"}


def test_only_who_writes_questions_can_repeat_itself():
    solver = {name: value for name, value in STEP.items() if name not in ("valid_share", "distinct_share")}
    names = [alarm.name for alarm, _ in step_alarms(LIMITS, solver, 8.0)]
    assert names == [
        *("not_finite", "truncation", "no_signal", "length"),
        *("exploding_gradient", "large_update", "far_from_base", "noise", "frozen_policy"),
    ]


def test_what_is_not_finite_is_counted():
    for change, count in (({"skipped": 1}, 1.0), ({"bad_rewards": 2}, 2.0), ({"skipped": 1, "bad_rewards": 2}, 3.0)):
        (alarm,) = of_step(change)
        assert (alarm.name, alarm.value, alarm.limit) == ("not_finite", count, 0.0)


@pytest.mark.parametrize(
    ("length", "first", "ratio"), [(24.0, 8.0, None), (25.0, 8.0, 3.125), (8.0, 24.0, None), (8.0, 25.0, 0.32)]
)
def test_completions_may_become_three_times_as_long_or_as_short(length, first, ratio):
    found = of_step({"mean_length": length}, first=first)
    assert [(alarm.name, alarm.value, alarm.limit) for alarm in found] == ([("length", ratio, 3.0)] if ratio else [])


def test_a_first_step_without_tokens_gives_no_ratio():
    assert of_step({"mean_length": 100.0}, first=0.0) == []


def test_the_majority_is_watched_over_three_steps():
    limits = replace(LIMITS, premium=-0.25)
    assert raised(reward_alarms(limits, [-1.0, -1.0])) == []
    assert raised(reward_alarms(limits, [-0.5, -0.25, 0.0])) == []
    (alarm,) = raised(reward_alarms(limits, [-0.5, -0.25, -0.75]))
    assert (alarm.name, alarm.value, alarm.limit) == ("perverse_reward", -0.5, -0.25)
    assert raised(reward_alarms(limits, [-9.0, 0.0, 0.0, 0.0])) == []
    assert len(raised(reward_alarms(limits, [9.0, -1.0, -1.0, -1.0]))) == 1


@pytest.mark.parametrize(
    ("name", "change", "alarm"),
    [
        ("repetition", {"repeated": 4}, None),
        ("repetition", {"repeated": 5}, (0.375, 0.5)),
        ("repetition", {"repeated": 5, "written": 0}, None),
        ("malformed", {"answered_share": 0.5}, None),
        ("malformed", {"answered_share": 0.49}, (0.49, 0.5)),
        ("starved", {"kept": 1}, None),
        ("starved", {"kept": 0}, (0, 0.0)),
        ("wrong_labels", {"label_accuracy": 0.35}, None),
        ("wrong_labels", {"label_accuracy": 0.34}, (0.34, 0.35)),
        ("wrong_labels", {"label_accuracy": 0.0}, (0.0, 0.35)),
        ("wrong_labels", {"label_accuracy": None}, None),
        ("wrong_kept_labels", {"kept_label_accuracy": 0.5, "kept": 10}, None),
        ("wrong_kept_labels", {"kept_label_accuracy": 0.49, "kept": 10}, (0.49, 0.5)),
        ("wrong_kept_labels", {"kept_label_accuracy": 0.0, "kept": 9}, None),
        ("wrong_kept_labels", {"kept_label_accuracy": None, "kept": 10}, None),
    ],
)
def test_alarms_of_labelling_begin_just_beyond_their_thresholds(name, change, alarm):
    found = raised(label_alarms(LIMITS, {**LABELS, **change}))
    assert [(one.name, one.value, one.limit) for one in found] == ([] if alarm is None else [(name, *alarm)])


@pytest.mark.parametrize(("last", "now", "jump"), [(0.25, 0.5, None), (0.0, 0.5, 0.5), (1.0, 0.5, 0.5)])
def test_a_jump_of_solve_rates_in_either_direction(last, now, jump):
    limits = replace(LIMITS, solve_rate_jump=0.25)
    found = raised(label_alarms(limits, {**LABELS, "solve_rate": now}, last))
    assert [(one.name, one.value, one.limit) for one in found] == ([("solve_rate_jump", jump, 0.25)] if jump else [])
    assert raised(label_alarms(limits, {**LABELS, "solve_rate": now, "asked": 0}, last)) == []
    assert raised(label_alarms(limits, {**LABELS, "solve_rate": now})) == []


@pytest.mark.parametrize(
    ("name", "measure", "limit"),
    [
        ("unanswered", "unanswered_share", 0.3),
        ("drift", "solver_drift", 0.5),
        ("drift", "challenger_drift", 0.5),
        ("drift", "tester_drift", 0.5),
        ("inconsistent_roles", "consistency", 0.9),
    ],
)
def test_alarms_of_a_validation_begin_just_beyond_their_thresholds(name, measure, limit):
    assert raised(validation_alarms(LIMITS, {**VALIDATION, measure: limit})) == []
    (alarm,) = raised(validation_alarms(LIMITS, {**VALIDATION, measure: limit + 1e-6}))
    assert (alarm.name, alarm.value, alarm.limit) == (name, limit + 1e-6, limit)
    if name == "drift":
        assert measure.removesuffix("_drift") in alarm.why


def test_what_could_not_be_measured_raises_nothing():
    nothing = {"unanswered_share": 0.0, "solver_drift": None, "consistency": None}
    assert [alarm.name for alarm, _ in validation_alarms(LIMITS, nothing)] == ["unanswered"]


def test_reasons_are_plain_lower_case_sentences():
    everything = [
        *step_alarms(LIMITS, STEP, 8.0),
        *reward_alarms(LIMITS, [0.0] * 3),
        *label_alarms(LIMITS, LABELS, 0.5),
        *validation_alarms(LIMITS, {**VALIDATION, "challenger_drift": 0.0}),
    ]
    for alarm, up in everything:
        assert isinstance(alarm, Alarm)
        assert not up
        assert alarm.why.islower()
        assert alarm.name.islower()
        assert len(alarm.why.split()) > 3, alarm


@pytest.mark.parametrize(("checked", "valid", "named"), [(0, 0.0, True), (3, 0.0, False), (0, 0.5, False)])
def test_a_run_that_starves_since_nothing_could_be_checked_is_told_the_remedy(checked, valid, named):
    measures = {**LABELS, "kept": 0, "checked": checked, "valid_share": valid}
    (found,) = raised(label_alarms(LIMITS, measures))
    assert ("labels.references=known" in found.why) is named
