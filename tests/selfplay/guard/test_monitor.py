"""Alarms by name: each is raised by what it is about, once while it lasts, and by nothing a healthy run does."""

import json

import pytest

from selfplay_gym.agents.training.config import StepMetrics
from selfplay_gym.selfplay.guard import Guard, GuardThresholds

HEALTHY = {
    **StepMetrics(
        kl=0.02, entropy=0.15, grad_norm=0.4, update_norm=0.04, mean_reward=0.5, reward_std=0.5,
        zero_variance_share=0.06, mean_length=20.0, rows_trained=240, tokens_trained=5000, updates=1,
    ).as_dict(),
    "update_share": 0.0007,
    "bad_rewards": 0,
    "majority_premium": 0.4,
}  # fmt: skip
WRITING = {**HEALTHY, "valid_share": 0.99, "distinct_share": 0.98}
LABELS = {
    "written": 512,
    "repeated": 5,
    "asked": 500,
    "solve_rate": 0.6,
    "answered_share": 1.0,
    "kept": 300,
    "label_accuracy": 0.58,
    "kept_label_accuracy": 0.7,
    "by_kind": {},
}
APART = {"unanswered_share": 0.0, "challenger_drift": 0.01, "solver_drift": 0.01, "consistency": 0.2}
RIGHT = [1.0] * 60 + [0.0] * 40


def guard(mode="on"):
    return Guard(mode, GuardThresholds())


def alarms(watching):
    return [row["name"] for row in watching.take_rows() if row.get("event") == "alarm"]


def worse(points):
    return [1.0] * (60 - points) + [0.0] * (40 + points)


def test_a_healthy_run_raises_nothing():
    watching = guard()
    for step in range(20):
        assert watching.step("challenger", step, WRITING) is None
        assert watching.step("solver", step, {**HEALTHY, "mean_length": 20.0 + step}) is None
    watching.labelled(LABELS)
    assert watching.evaluated(RIGHT, APART) is None
    assert alarms(watching) == []


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("not_finite", {"skipped": 1}),
        ("not_finite", {"bad_rewards": 3}),
        ("exploding_gradient", {"grad_norm": 50.0}),
        ("exploding_gradient", {"grad_norm": float("nan")}),
        ("large_update", {"update_share": 0.15}),
        ("far_from_base", {"kl": 3.0}),
        ("frozen_policy", {"entropy": 0.0}),
        ("noise", {"entropy": 3.5}),
        ("truncation", {"truncated_share": 0.9}),
        ("no_signal", {"zero_variance_share": 1.0}),
        ("length", {"mean_length": 70.0}),
        ("length", {"mean_length": 2.0}),
        ("malformed", {"valid_share": 0.1}),
        ("repetition", {"distinct_share": 0.05}),
    ],
)
def test_each_alarm_of_a_step_is_raised_once_while_it_lasts(name, change):
    watching = guard()
    watching.step("challenger", 0, WRITING)
    for step in (1, 2, 3):
        watching.step("challenger", step, {**WRITING, **change})
    assert alarms(watching) == [name]
    watching.step("challenger", 4, WRITING)
    watching.step("challenger", 5, {**WRITING, **change})
    assert alarms(watching) == [name]


def test_a_step_without_rows_says_nothing_about_its_update():
    watching = guard()
    empty = {**HEALTHY, "rows_trained": 0, "entropy": 0.0, "grad_norm": 0.0, "zero_variance_share": 1.0}
    watching.step("solver", 0, empty)
    assert alarms(watching) == ["no_signal"]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("repetition", {"repeated": 500}),
        ("malformed", {"answered_share": 0.0}),
        ("starved", {"kept": 0}),
        ("wrong_labels", {"label_accuracy": 0.05}),
        ("wrong_kept_labels", {"kept_label_accuracy": 0.4, "kept": 10}),
    ],
)
def test_alarms_of_labelling(name, change):
    watching = guard()
    watching.labelled({**LABELS, **change})
    assert alarms(watching) == [name]
    watching.labelled({**LABELS, "label_accuracy": None})
    assert alarms(watching) == []


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("unanswered", {"unanswered_share": 0.8}),
        ("drift", {"solver_drift": 2.0}),
        ("drift", {"challenger_drift": float("nan")}),
        ("inconsistent_roles", {"consistency": 1.0}),
    ],
)
def test_alarms_of_an_evaluation(name, change):
    watching = guard()
    watching.evaluated(RIGHT, {**APART, **change})
    assert alarms(watching) == [name]


def test_a_solver_paid_as_much_and_worth_less_was_misled():
    watching = guard()
    watching.step("solver", 0, HEALTHY)
    watching.evaluated(RIGHT, APART)
    watching.step("solver", 0, {**HEALTHY, "mean_reward": 0.7})
    watching.step("solver", 1, {**HEALTHY, "mean_reward": 0.7})
    watching.evaluated(worse(8), APART)
    assert alarms(watching) == ["validation_falls", "misled"]
    watching.step("solver", 0, {**HEALTHY, "mean_reward": 0.1})
    watching.step("solver", 1, {**HEALTHY, "mean_reward": 0.1})
    watching.evaluated(worse(9), APART)
    assert alarms(watching) == []


def test_a_verifier_that_turned_is_seen_in_what_it_pays_the_majority_for():
    watching = guard("watch")
    watching.step("solver", 0, HEALTHY)
    for step in range(1, 6):
        watching.step("solver", step, {**HEALTHY, "majority_premium": -0.5})
    assert alarms(watching) == ["perverse_reward"]
    watching.step("solver", 6, {**HEALTHY, "majority_premium": None})
    watching.step("challenger", 7, {**WRITING, "majority_premium": -0.9})
    assert alarms(watching) == []
    random = guard("watch")
    for step, coin in enumerate([0.04, -0.06, -0.02, 0.05]):
        random.step("solver", step, {**HEALTHY, "majority_premium": coin})
    assert alarms(random) == []


def test_pay_that_rises_while_held_out_answers_fall_misleads_even_from_a_low_start():
    watching = guard()
    watching.step("solver", 0, {**HEALTHY, "mean_reward": 0.9})
    watching.evaluated(RIGHT, APART)
    for reward in (0.2, 0.3, 0.4):
        watching.step("solver", 0, {**HEALTHY, "mean_reward": reward})
    watching.evaluated(worse(9), APART)
    assert alarms(watching) == ["validation_falls", "misled"]


def test_a_blow_up_is_no_misleading_pay():
    watching = guard()
    watching.evaluated(RIGHT, APART)
    for reward in (0.5, 0.0, 0.0):
        watching.step("solver", 0, {**HEALTHY, "mean_reward": reward})
    watching.evaluated(worse(50), APART)
    assert alarms(watching) == ["validation_falls"]
    for _ in range(3):
        watching.step("solver", 0, {**HEALTHY, "mean_reward": 0.5})
    watching.evaluated(worse(40), APART)
    assert alarms(watching) == ["misled"]


def test_solve_rates_that_jump_between_rounds_are_told():
    watching = guard()
    watching.labelled(LABELS)
    watching.labelled({**LABELS, "solve_rate": 0.75})
    assert alarms(watching) == []
    watching.labelled({**LABELS, "solve_rate": 0.1})
    assert alarms(watching) == ["solve_rate_jump"]


def test_after_a_rollback_an_alarm_that_lasts_is_news_again():
    watching = guard()
    watching.evaluated(RIGHT, APART)
    watching.evaluated(worse(30), {**APART, "unanswered_share": 0.5})
    before = alarms(watching)
    assert {"unanswered", "validation_falls"} <= set(before)
    watching.rolled_back("fall", "the base")
    watching.evaluated(worse(30), {**APART, "unanswered_share": 0.5})
    assert alarms(watching) == before


def test_bad_steps_in_a_row_ask_for_a_rollback():
    watching = guard()
    bad = {**HEALTHY, "skipped": 1}
    assert [watching.step("solver", i, m) for i, m in enumerate([bad, bad, HEALTHY, bad, bad])] == [None] * 5
    assert watching.step("challenger", 0, {**bad, "valid_share": 1.0, "distinct_share": 1.0}) is None
    assert watching.step("solver", 5, bad) == "not_finite"


def test_watching_notes_and_never_asks():
    watching = guard("watch")
    watching.evaluated(RIGHT, APART)
    for _ in range(5):
        assert watching.step("solver", 0, {**HEALTHY, "skipped": 1}) is None
        assert watching.evaluated([0.0] * 100, APART) is None
    rows = watching.take_rows()
    assert {row["event"] for row in rows if "event" in row} == {"alarm"}
    assert all(row["rate_scale"] == 1.0 for row in rows if "event" not in row)
    off = guard("off")
    off.step("solver", 0, HEALTHY)
    off.labelled(LABELS)
    assert off.evaluated(RIGHT, {}) is None
    assert off.take_rows() == []


def test_a_guard_read_back_from_json_goes_on_alike():
    def first_half(watching):
        watching.step("solver", 0, {**HEALTHY, "skipped": 1})
        watching.evaluated(RIGHT, APART)
        watching.evaluated(worse(3), {**APART, "solver_drift": 2.0})

    def second_half(watching):
        watching.step("solver", 1, {**HEALTHY, "skipped": 1, "mean_length": 90.0})
        watching.evaluated(worse(9), {**APART, "solver_drift": 2.0})
        return watching.take_rows(), watching.state_dict()

    one = guard()
    first_half(one)
    two = guard()
    two.load_state_dict(json.loads(json.dumps(one.state_dict())))
    one.take_rows()
    assert second_half(one) == second_half(two)


def test_a_rollback_is_told_with_its_numbers():
    watching = guard()
    watching.evaluated(RIGHT, APART)
    assert watching.evaluated(worse(30), APART) == "fall"
    watching.take_rows()
    watching.rolled_back("fall", "the solver of round 0")
    (row,) = watching.take_rows()
    assert (row["event"], row["name"], row["value"], row["limit"]) == ("rollback", "fall", 0.7, 0.4)
    assert "round 0" in row["why"]
    assert "× 0.5" in row["why"]
