"""The validation rule at its edges, and what is written down of it, on shares that are exact in binary."""

from dataclasses import replace

import pytest

from selfplay_gym.selfplay.guard import Guard, GuardThresholds
from selfplay_gym.selfplay.guard.monitor import CAUSES
from selfplay_gym.selfplay.guard.validation_rule import ValidationRule, loss, standard_error

LIMITS = GuardThresholds()
APART = {"unanswered_share": 0.0, "challenger_drift": 0.0, "solver_drift": 0.0, "consistency": 0.0}
STEP = {"skipped": 0, "bad_rewards": 0, "truncated_share": 0.0, "zero_variance_share": 0.0, "mean_length": 8.0}
STEP |= {"rows_trained": 1, "grad_norm": 0.0, "update_share": 0.0, "kl": 0.0, "entropy": 1.0}
STEP |= {"mean_reward": 0.5, "majority_premium": None}


def even(share):
    """Four questions of equal shares: the standard error of a difference is 0."""
    return [share] * 4


def rule_after(*shares, limits=LIMITS):
    rule = ValidationRule(limits)
    return rule, [rule.observe(even(share)) for share in shares]


# --- the numbers ---


def test_loss_and_standard_error_by_hand():
    assert loss([1.0, 0.5, 0.0, 0.0]) == 0.625
    assert standard_error([0.0], [1.0]) == 0.0
    assert standard_error([0.0, 0.0], [1.0, 0.0]) == 0.5  # deviations ½, variance ½, over two questions
    assert standard_error([1.0, 1.0, 1.0, 1.0], [0.5, 0.5, 0.5, 0.5]) == 0.0
    assert standard_error([1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]) == pytest.approx((0.75 / 3 / 4) ** 0.5)


def test_a_rule_begins_at_the_rates_of_the_settings():
    rule = ValidationRule(LIMITS)
    assert rule.state_dict() == {"best": [], "last": [], "scale": 1.0, "ceiling": 1.0, "rising": 0, "returns": 0}


def test_only_less_loss_is_a_new_best():
    rule, moves = rule_after(0.5, 0.5)
    assert moves == ["best", "steady"]
    assert (rule.best, rule.last, rule.rising) == (even(0.5), even(0.5), 0)


def test_a_fall_of_just_the_limit_goes_back_at_once_and_a_smaller_one_does_not():
    limits = replace(LIMITS, fall=0.25)
    assert rule_after(0.5, 0.25, limits=limits)[1] == ["best", "fall"]
    assert rule_after(0.5, 0.2501, limits=limits)[1] == ["best", "lower"]


def test_a_fall_must_be_more_than_four_standard_errors():
    before, after = [1.0] * 8, [0.0] * 4 + [1.0] * 4  # half lower, by 2.6 standard errors
    assert 2 * standard_error(before, after) < 0.5 < 4 * standard_error(before, after)
    rule = ValidationRule(LIMITS)
    assert [rule.observe(before), rule.observe(after)] == ["best", "lower"]


def test_rates_fall_only_beyond_one_standard_error():
    before, after = [1.0, 0.0], [0.5, 0.0]  # a quarter lower, which is one standard error
    assert standard_error(before, after) == 0.25
    limits = replace(LIMITS, fall=1.0)
    for now, move in ((after, "steady"), ([0.5, -0.01], "lower")):
        rule = ValidationRule(limits)
        assert [rule.observe(before), rule.observe(now)] == ["best", move]
        assert rule.scale == (0.5 if move == "lower" else 1.0)


def test_patience_counts_rises_and_forgets_them_when_the_loss_falls():
    limits = replace(LIMITS, fall=1.0, patience=2)
    rule, moves = rule_after(0.5, 0.4, 0.45, 0.44, limits=limits)
    assert moves == ["best", "lower", "steady", "lower"]
    assert rule.rising == 1
    assert rule.observe(even(0.43)) == "patience"
    assert rule_after(0.5, 0.4, limits=replace(limits, patience=1))[1] == ["best", "patience"]


def test_a_loss_that_stays_counts_as_a_rise_only_far_above_the_best():
    limits = replace(LIMITS, fall=1.0, patience=9)
    assert rule_after(0.5, 0.25, 0.25, 0.25, limits=limits)[0].rising == 3
    near = [1.0, 1.0, 0.0, 0.0], [1.0, 0.5, 0.0, 0.0]  # an eighth lower, one standard error
    rule = ValidationRule(limits)
    for shares in (*near, near[1], near[1]):
        rule.observe(shares)
    assert rule.rising == 0
    assert rule_after(0.5, 0.25, 0.26, limits=limits)[0].rising == 0


def test_rates_have_a_least_and_a_ceiling():
    limits = replace(LIMITS, fall=1.0, patience=9, least_scale=0.25)
    rule, _ = rule_after(0.8, 0.7, 0.6, 0.5, limits=limits)
    assert rule.scale == 0.25
    rule.observe(even(0.9))
    assert rule.scale == 0.5
    rule.ceiling = 0.75
    rule.observe(even(0.95))
    assert rule.scale == 0.75


def test_each_return_without_a_new_best_cuts_deeper_and_never_below_the_sixty_fourth_power():
    rule, _ = rule_after(0.5, limits=replace(LIMITS, least_scale=1e-300))
    powers = []
    for _ in range(9):
        before = rule.scale
        rule.rolled_back()
        powers.append(before / rule.scale)
        assert rule.ceiling == rule.scale
    assert powers == [2.0**power for power in (1, 2, 4, 8, 16, 32, 64, 64, 64)]
    rule.observe(even(0.6))
    rule.rolled_back()
    assert rule.returns == 1


def test_a_return_begins_again_from_the_best():
    rule, _ = rule_after(0.5, 0.48, 0.46)
    assert (rule.rising, rule.ends_below_best()) == (2, True)
    rule.rolled_back()
    assert (rule.rising, rule.last, rule.returns, rule.ends_below_best()) == (0, even(0.5), 1, False)
    rule.observe(even(0.3))
    rule.rolled_back(smaller=False)
    assert (rule.rising, rule.last, rule.returns) == (0, even(0.5), 1)


@pytest.mark.parametrize(
    "change",
    [{"scale": 0.0}, {"scale": 1.5}, {"ceiling": 0}, {"ceiling": 2}, {"rising": -1}, {"returns": -1}, {"best": "x"}],
)
def test_a_state_that_cannot_be_is_refused_and_changes_nothing(change):
    rule, _ = rule_after(0.5, 0.48)
    before = rule.state_dict()
    with pytest.raises(ValueError, match="Expected"):
        rule.load_state_dict({**before, **change})
    assert rule.state_dict() == before
    rule.load_state_dict({**before, "scale": 1.0, "ceiling": 1.0, "rising": 0, "returns": 0})
    assert (rule.scale, rule.ceiling) == (1.0, 1.0)


# --- what the guard writes down and asks for ---


def guard(mode="on", **limits):
    return Guard(mode, replace(LIMITS, **limits))


def events(watching, kind):
    return [row for row in watching.take_rows() if row.get("event") == kind]


@pytest.mark.parametrize(
    ("mode", "acts", "watches"), [("on", True, True), ("watch", False, True), ("off", False, False)]
)
def test_modes(mode, acts, watches):
    assert (guard(mode).acts, guard(mode).watches) == (acts, watches)


def test_who_is_off_notes_nothing_whatever_happens():
    watching = guard("off")
    assert watching.step("solver", 0, {**STEP, "skipped": 1, "kl": 9.0}) is None
    watching.labelled({"kept": 0})
    assert watching.evaluated(even(0.5), {**APART, "consistency": 9.0}) is None
    assert watching.take_rows() == []
    assert watching.state_dict() == guard("on").state_dict()


def test_a_state_read_back_is_the_same_in_every_part():
    watching = guard()
    watching.step("solver", 0, {**STEP, "skipped": 1, "kl": 9.0, "majority_premium": 0.25})
    watching.labelled(
        {
            "asked": 10,
            "written": 10,
            "repeated": 0,
            "solve_rate": 0.25,
            "answered_share": 1.0,
            "kept": 10,
            "label_accuracy": None,
            "kept_label_accuracy": None,
            "by_kind": {"sum": {"kept": 10, "checked": 10, "disagreement": 0.25}},
            "coalition": {"chance": 0.1, "members": {"base": {"reliability": 0.5}}},
        }
    )
    watching.evaluated(even(0.5), APART)
    watching.step("solver", 1, {**STEP, "skipped": 1, "kl": 9.0})
    state = watching.state_dict()
    assert all(state[name] for name in state), state
    again = guard()
    again.load_state_dict(state)
    assert again.state_dict() == state
    assert isinstance(again.active, set)


def test_a_validation_is_a_row():
    watching = guard(fall=1.0)
    watching.premiums = [0.25, 0.5]
    watching.evaluated(even(0.5), APART)
    watching.evaluated(even(0.25), {**APART, "solver_drift": 0.125})
    first, second = (row for row in watching.take_rows() if "event" not in row)
    assert first == {
        "validation_loss": 0.5,
        "best_validation_loss": 0.5,
        "rising": 0,
        "rate_scale": 1.0,
        "majority_premium": 0.375,
        **APART,
    }
    assert second == {
        **first,
        "validation_loss": 0.75,
        "rising": 1,
        "rate_scale": 0.5,
        "solver_drift": 0.125,
    }
    quiet = guard("watch")
    quiet.evaluated(even(0.5), APART)
    assert quiet.take_rows()[0]["majority_premium"] is None
    assert quiet.take_rows() == []


def test_changed_rates_are_an_event_with_the_reason():
    watching = guard(fall=1.0, factor=0.25)
    watching.evaluated(even(0.5), APART)
    watching.evaluated(even(0.4), APART)
    watching.evaluated(even(0.6), APART)
    watching.evaluated(even(0.7), APART)
    down, up = events(watching, "rate")
    assert down == {
        "event": "rate",
        "role": None,
        "step": None,
        "name": "rate_scale",
        "value": 0.25,
        "limit": 1.0,
        "why": "learning rates × 0.25 after the validation loss rose",
    }
    assert (up["value"], up["limit"]) == (1.0, 0.25)
    assert up["why"] == "learning rates × 1 after an improvement"


@pytest.mark.parametrize(("mode", "asked"), [("on", "patience"), ("watch", None), ("off", None)])
def test_only_a_guard_that_acts_asks_to_go_back(mode, asked):
    watching = guard(mode, patience=1)
    assert watching.evaluated(even(0.5), APART) is None
    assert watching.evaluated(even(0.49), APART) == asked


@pytest.mark.parametrize("cause", ["patience", "fall", "not_finite", "end"])
def test_a_return_is_an_event_and_begins_with_a_clean_slate(cause):
    watching = guard(fall=0.9)
    watching.evaluated(even(0.5), APART)
    watching.step("solver", 0, {**STEP, "skipped": 1, "majority_premium": 0.5})
    watching.evaluated(even(0.25), APART)
    watching.take_rows()
    watching.rolled_back(cause, "the solver of round 1")
    (row,) = watching.take_rows()
    scale = 0.5 if cause == "not_finite" else 0.25
    assert row == {
        "event": "rollback",
        "role": None,
        "step": None,
        "name": cause,
        "value": 0.75,
        "limit": 0.5,
        "why": f"{CAUSES[cause]}; back to the solver of round 1, learning rates × {scale:g} from here",
        "rate_scale": scale,
    }
    assert CAUSES[cause].islower()
    assert (watching.bad_steps, watching.earned, watching.premiums, watching.active) == ({}, [], [], set())


def test_an_alarm_is_written_with_its_role_and_step_and_nan_as_nothing():
    watching = guard()
    watching.step("tester", 7, {**STEP, "grad_norm": float("nan")})
    (row,) = watching.take_rows()
    assert row == {
        "event": "alarm",
        "role": "tester",
        "step": 7,
        "name": "exploding_gradient",
        "value": None,
        "limit": 10.0,
        "why": "the gradient is very long",
    }
    watching.labelled(
        {
            **dict.fromkeys(("asked", "written", "repeated", "kept"), 0),
            "answered_share": 1.0,
            "solve_rate": 0.0,
            "label_accuracy": None,
            "kept_label_accuracy": None,
            "by_kind": {},
        }
    )
    (row,) = watching.take_rows()
    assert (row["name"], row["role"], row["step"]) == ("starved", "challenger", None)


def test_alarms_of_one_role_do_not_hide_those_of_another():
    watching = guard()
    for role in ("solver", "challenger", "solver"):
        watching.step(role, 0, {**STEP, "kl": 9.0})
    assert [row["role"] for row in events(watching, "alarm")] == ["solver", "challenger"]


def test_lengths_are_held_against_the_first_step_of_each_role():
    watching = guard()
    for role, length in (("solver", 8.0), ("challenger", 80.0), ("solver", 24.0), ("challenger", 200.0)):
        watching.step(role, 0, {**STEP, "mean_length": length})
    assert watching.take_rows() == []
    assert watching.first_length == {"solver": 8.0, "challenger": 80.0}


def test_bad_steps_count_for_each_role_until_a_good_one():
    watching = guard(bad_steps=2)
    bad = {**STEP, "bad_rewards": 1}
    asked = [watching.step(role, 0, m) for role, m in (("a", bad), ("b", bad), ("a", STEP), ("a", bad), ("a", bad))]
    assert asked == [None, None, None, None, "not_finite"]
    assert watching.bad_steps == {"a": 2, "b": 1}
    both = guard(bad_steps=1)
    assert both.step("a", 0, {**STEP, "skipped": 1, "bad_rewards": 0}) == "not_finite"
    assert guard("watch", bad_steps=1).step("a", 0, bad) is None


def test_only_the_last_three_premiums_of_the_solver_count():
    watching = guard(premium=-0.25)
    for premium in (-9.0, 0.5, None, 0.5, 0.5):
        watching.step("solver", 0, {**STEP, "majority_premium": premium})
    assert watching.premiums == [0.5, 0.5, 0.5]
    watching.step("challenger", 0, {**STEP, "majority_premium": -9.0})
    assert watching.premiums == [0.5, 0.5, 0.5]
    assert len(watching.earned) == 5


def test_the_solve_rate_of_a_round_that_asked_nothing_is_not_remembered():
    watching = guard("watch")
    labels = {"asked": 8, "written": 8, "repeated": 0, "solve_rate": 0.5, "answered_share": 1.0, "kept": 8}
    labels |= {"label_accuracy": None, "kept_label_accuracy": None, "by_kind": {}}
    watching.labelled(labels)
    watching.labelled({**labels, "asked": 0, "solve_rate": 0.0})
    assert watching.solve_rate == 0.5
    watching.labelled({**labels, "solve_rate": 0.9})
    assert [row["name"] for row in events(watching, "alarm")] == ["solve_rate_jump"]
    assert watching.solve_rate == 0.9


# --- when training rewards what validation does not ---


def misled(*rewards, best=(), falls=True):
    """Whether a guard cries "misled" when steps earned `rewards` while held-out answers fell below the best."""
    watching = guard("watch")
    for reward in best:
        watching.step("solver", 0, {**STEP, "mean_reward": reward})
    watching.evaluated(even(0.5), APART)
    for reward in rewards:
        watching.step("solver", 0, {**STEP, "mean_reward": reward})
    watching.take_rows()
    watching.evaluated(even(0.25 if falls else 0.5), APART)
    found = {row["name"]: row for row in events(watching, "alarm")}
    assert ("validation_falls" in found) == falls
    return found.get("misled")


@pytest.mark.parametrize(
    ("best", "rewards", "cries"),
    [
        ([0.5], [0.5], True),  # as much as at the best
        ([0.5], [0.25, 0.75], True),
        ([0.5], [0.49], False),
        ([1.0], [0.0, 0.0, 0.0], False),
        ([1.0], [0.0, 0.5, 0.001], True),  # more and more, from nothing
        ([2.0], [0.5, 0.5, 0.54], False),  # by less than a tenth, and a twentieth
        ([2.0], [0.5, 0.5, 0.56], True),
        ([2.0], [0.25, 0.25, 0.27], False),
        ([2.0], [0.25, 0.25, 0.28], True),
        ([2.0], [-1.0, -1.0, -0.96], False),
        ([2.0], [-1.0, -1.0, -0.94], True),
        ([2.0], [0.0, 0.0, 0.0, 0.5, 0.0, 0.0], False),  # thirds: the first two, and the last two
        ([2.0], [0.0, 0.0, 0.5, 0.5, 0.5, 0.5], True),
        ([2.0], [0.5, 0.0, 0.0, 0.0, 0.0, 0.5], False),
        ([2.0], [0.0, 0.1, 0.0, 0.0, 0.0, 0.1], False),
        ([], [0.5], False),  # the base is the best, and one step shows no trend
        ([], [0.5, 0.46], True),
        ([], [0.05, 0.0], False),
        ([], [0.5, 0.44], False),
    ],
)
def test_rewards_that_do_not_follow_held_out_answers_mislead(best, rewards, cries):
    row = misled(*rewards, best=best)
    assert (row is not None) == cries
    if row is not None:
        assert row["value"] == pytest.approx(sum(rewards) / len(rewards))
        third = max(1, len(rewards) // 3)
        assert row["limit"] == (best[0] if best else sum(rewards[:third]) / third)
        assert row["why"].islower()
    assert misled(*rewards, best=best, falls=False) is None


def test_the_fall_itself_is_told_with_its_margin():
    watching = guard("watch")
    watching.evaluated([1.0, 1.0, 1.0, 1.0], APART)
    watching.take_rows()
    watching.evaluated([0.0, 1.0, 1.0, 1.0], APART)
    assert events(watching, "alarm") == []  # a quarter, within two standard errors
    watching.evaluated([0.0, 0.0, 0.0, 1.0], APART)
    (row,) = events(watching, "alarm")
    error = standard_error([1.0] * 4, [0.0, 0.0, 0.0, 1.0])
    assert (row["name"], row["role"], row["value"], row["limit"]) == ("validation_falls", "solver", 0.75, 2 * error)
    assert row["why"] == "held-out questions are answered worse than at best"


def test_what_was_earned_before_a_validation_is_not_counted_after_it():
    watching = guard("watch")
    watching.step("solver", 0, {**STEP, "mean_reward": 0.9})
    watching.evaluated(even(0.5), APART)
    assert (watching.earned, watching.earned_at_best) == ([], 0.9)
    watching.evaluated(even(0.75), APART)
    assert watching.earned_at_best is None
    watching.step("solver", 0, {**STEP, "mean_reward": 0.3})
    watching.evaluated(even(0.5), APART)
    assert watching.earned_at_best is None
