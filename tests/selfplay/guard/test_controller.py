"""The guard as a hook, on a run that is made up: what it is shown, writes down, reports and asks for."""

import math
from types import SimpleNamespace

import pytest

from selfplay_gym.core.seeding import integer_seed
from selfplay_gym.selfplay.guard import GuardThresholds, guard_events, guard_measures
from selfplay_gym.selfplay.guard.controller import GuardController
from selfplay_gym.selfplay.guard.measures import PROBE_SAMPLES, PROBES, divergence, probe_divergence
from selfplay_gym.selfplay.hooks import Rates, RollBack, Step
from selfplay_gym.selfplay.run.refusals import Counts
from selfplay_gym.selfplay.settings.parts import GuardConfig

MEASURES = {"skipped": 0, "truncated_share": 0.0, "zero_variance_share": 0.0, "mean_length": 8.0, "rows_trained": 1}
MEASURES |= {"grad_norm": 0.0, "update_norm": 0.5, "kl": 0.0, "entropy": 1.0, "mean_reward": 0.5}
LABELS = {"asked": 8, "written": 8, "repeated": 0, "solve_rate": 0.5, "answered_share": 1.0, "kept": 0}
LABELS |= {"label_accuracy": None, "kept_label_accuracy": None, "by_kind": {}}


class Answers:
    """An agent who says always the same, and remembers how it was asked."""

    def __init__(self, text, calls, length=5):
        self.text, self.calls, self.length = text, calls, length

    def act(self, prompts, *, n=1, seed=None):
        self.calls.append((list(prompts), n, seed, self.length))
        return [[self.text] * n for _ in prompts]


class Adjustable(Answers):
    def with_settings(self, *, max_new_tokens):
        return Adjustable(self.text, self.calls, max_new_tokens)


class Start:
    def __init__(self, norm=100.0, drift=0.0):
        self.norm, self._drift = norm, drift

    def drift(self, role):
        assert role.agent is not None
        return self._drift


class Run:
    """What a controller sees of a run."""

    def __init__(self, *names, norm=100.0, drift=0.25, last=False):
        self.calls, self.rows, self.warnings, self.round = [], [], [], 4
        says = {"solver": Answers(r"\boxed{1}", self.calls), "challenger": Adjustable(r"\boxed{2}", self.calls)}
        self.roles = {name: SimpleNamespace(name=name, agent=says[name]) for name in names or says}
        self.starts = {name: Start(norm, drift) for name in self.roles}
        self.best, self.is_last_stage = {"round": 2}, last
        self.game = SimpleNamespace(ask=lambda questions: [f"asked {question}" for question in questions])
        self.validation = SimpleNamespace(held_out=[f"q{i}" for i in range(40)])
        settings = SimpleNamespace(max_new_tokens=77)
        self.config = SimpleNamespace(seed=3, roles={"solver": settings})
        self.refusals = SimpleNamespace(counts={})

    def start_of(self, name):
        return self.starts[name]

    def log(self, name, rows):
        assert name == "guard"
        self.rows += rows

    def warn(self, text):
        self.warnings.append(text)

    def names(self):
        return [row["name"] for row in self.rows if "event" in row]


def controller(mode="on", **limits):
    return GuardController(GuardConfig(mode=mode, thresholds=GuardThresholds(**limits)))


def step(role="solver", number=0, *, bad_rewards=0, premium=None, **measures):
    return Step(role, number, 10, {**MEASURES, **measures}, bad_rewards, premium)


def validation(*correct, samples=4, invalid=None):
    return SimpleNamespace(correct=list(correct), samples=samples, invalid=invalid or [0] * len(correct))


def test_it_has_a_name_under_which_the_run_keeps_its_state():
    assert GuardController.name == "guard"


@pytest.mark.parametrize(("norm", "alarms"), [(0.5, ["large_update"]), (24.9, ["large_update"]), (25.0, []), (0.0, [])])
def test_an_update_is_a_share_of_the_norm_at_the_start(norm, alarms):
    run = Run(norm=norm)
    assert controller().after_step(run, step(update_norm=0.5)) is None
    assert run.names() == alarms
    assert all(row["value"] == 0.5 / norm for row in run.rows)


def test_bad_rewards_in_a_row_go_back_to_the_best():
    run, guard = Run(), controller(bad_steps=2)
    assert guard.after_step(run, step("challenger", 6, bad_rewards=1)) is None
    assert run.rows[0] == {
        "event": "alarm",
        "role": "challenger",
        "step": 6,
        "name": "not_finite",
        "value": 1.0,
        "limit": 0.0,
        "why": "a reward, loss or gradient was not finite; it was kept from the weights",
    }
    assert run.warnings == [f"round 4: alarm not_finite: {run.rows[0]['why']}"]
    guard.guard.evaluated([0.5], {"unanswered_share": 0.0, "consistency": None})
    guard.guard.take_rows()
    assert guard.after_step(run, step("challenger", 7, bad_rewards=1)) == RollBack("not_finite", 1.0)
    assert run.names() == ["not_finite", "not_finite"]
    assert "back to the solver of round 2, learning rates × 1 " in run.rows[-1]["why"]
    assert run.warnings[-1].startswith("round 4: rollback not_finite: ")


def test_the_majoritys_premium_is_the_solvers():
    run, guard = Run(), controller()
    for _ in range(3):
        guard.after_step(run, step("challenger", premium=-1.0))
    assert run.names() == []
    for number in range(3):
        guard.after_step(run, step("solver", number, premium=-1.0))
    (row,) = run.rows
    assert (row["name"], row["role"], row["step"], row["value"]) == ("perverse_reward", "solver", 2, -1.0)


def test_labels_are_looked_at_and_change_nothing():
    run = Run()
    assert controller().after_labels(run, LABELS) is None
    assert run.names() == ["starved"]


def test_where_most_labels_that_train_are_wrong_the_best_comes_back_if_known_answers_may_say_so():
    wrong = {**LABELS, "asked": 20, "kept": 12, "kept_label_accuracy": 0.25}
    run, guard = Run(), controller()
    guard.after_exam(run, validation(2, 2))
    assert guard.after_labels(run, wrong) == RollBack("labels", 0.5)
    assert run.names()[-2:] == ["wrong_kept_labels", "labels"]
    for settings in ({"mode": "watch"}, {"validation": "vote"}):
        assert GuardController(GuardConfig(**{"mode": "on", **settings})).after_labels(Run(), wrong) is None
    never_validated = Run()
    never_validated.best = {}
    assert controller().after_labels(never_validated, wrong) is None


def test_a_validation_measures_the_run_and_sets_the_rates():
    run, guard = Run(), controller(fall=1.0)
    assert guard.after_exam(run, validation(2, 2, invalid=[1, 2])) == Rates(1.0)
    assert run.rows[0] == {
        "validation_loss": 0.5,
        "best_validation_loss": 0.5,
        "rising": 0,
        "rate_scale": 1.0,
        "majority_premium": None,
        "unanswered_share": 0.375,
        "challenger_drift": 0.25,
        "solver_drift": 0.25,
        "consistency": 1.0,
    }
    assert run.names() == ["unanswered", "inconsistent_roles"]
    assert guard.after_exam(run, validation(1, 1)) == Rates(0.5)
    assert "rate_scale" in run.names()


def test_a_fall_goes_back_with_a_smaller_step():
    run, guard = Run(), controller()
    guard.after_exam(run, validation(2, 2))
    assert guard.after_exam(run, validation(0, 0)) == RollBack("fall", 0.5)
    assert run.names()[-1] == "fall"


@pytest.mark.parametrize("mode", ["watch", "off"])
def test_who_does_not_act_asks_for_nothing(mode):
    run, guard = Run(last=True), controller(mode, bad_steps=1)
    assert guard.after_exam(run, validation(2, 2)) is None
    assert guard.after_step(run, step(bad_rewards=1)) is None
    assert guard.after_exam(run, validation(0, 0)) is None
    assert guard.after_stage(run) is None
    assert bool(run.rows) == (mode == "watch")
    assert bool(run.calls) == (mode == "watch")


def test_who_is_off_does_not_even_look():
    blind = SimpleNamespace()  # every question about the run would be an AttributeError
    assert controller("off").after_step(blind, step()) is None
    assert controller("off").after_exam(blind, validation(1)) is None


def test_a_run_ends_at_its_best():
    for last, falls, action in ((True, True, RollBack("end", 0.25)), (False, True, None), (True, False, None)):
        run, guard = Run(last=last), controller(fall=1.0)
        guard.after_exam(run, validation(8, 8, samples=100))
        guard.after_exam(run, validation(7 if falls else 9, 8, samples=100))  # a fall halves the rates first
        found = guard.after_stage(run)
        assert (found and (found.cause, found.scale)) == (action and (action.cause, action.scale))


def test_a_run_without_a_challenger_has_no_consistency():
    run = Run("solver")
    controller().after_exam(run, validation(2, 2))
    assert (run.rows[0]["challenger_drift"], run.rows[0]["solver_drift"]) == (None, 0.25)
    assert run.rows[0]["consistency"] is None
    assert run.calls == []


def test_the_state_is_the_guards():
    run, guard = Run(), controller()
    guard.after_step(run, step(mean_length=5.0))
    guard.after_exam(run, validation(2, 2))
    again = controller()
    again.load_state_dict(guard.state_dict())
    assert again.state_dict() == guard.state_dict() == guard.guard.state_dict()
    assert guard.state_dict()["first_length"] == {"solver": 5.0}


def test_both_roles_get_the_same_few_probes_under_the_same_seed_and_length():
    run = Run()
    assert probe_divergence(run) == 1.0
    prompts = [f"asked q{i}" for i in range(16)]
    seed = integer_seed(3, "probes")
    assert run.calls == [(prompts, 8, seed, 5), (prompts, 8, seed, 77)]
    assert (PROBES, PROBE_SAMPLES) == (16, 8)
    run.roles["challenger"].agent = Answers(r"\boxed{1}", run.calls)  # a scripted agent has no settings
    assert probe_divergence(run) == 0.0


def test_divergence_by_hand():
    one, two, none = r"\boxed{1}", r"\boxed{2}", "?"
    # shares (½, ½) and (¼, ¾): middle (⅜, ⅝)
    p = 0.5 * math.log2(0.5 / 0.375) + 0.5 * math.log2(0.5 / 0.625)
    q = 0.25 * math.log2(0.25 / 0.375) + 0.75 * math.log2(0.75 / 0.625)
    assert divergence([[one, one, two, two]], [[one, two, two, two]]) == pytest.approx((p + q) / 2)
    assert divergence([[none] * 2], [[none] * 2]) == 0.0
    assert divergence([[none], [one]], [[one], [one]]) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="longer"):
        divergence([[one]], [[one], [two]])


def test_what_a_folder_holds_is_told_apart():
    rows = [{"event": "alarm", "name": "noise"}, {"validation_loss": 0.5}, {"event": "rate", "name": "rate_scale"}]
    folder = SimpleNamespace(rows=lambda name: iter(rows) if name == "guard" else iter(()))
    assert guard_events(folder) == [rows[0], rows[2]]
    assert guard_measures(folder) == [rows[1]]


def test_what_policies_refuse_raises_alarms_by_role():
    run, guard = Run(), controller(refused_share=0.1)
    challenger = Counts(100, 10, {"S1": 9, "unchecked": 1})
    run.refusals.counts = {"solver": Counts(100, 11, {"S1": 11}), "challenger": challenger}
    assert guard.after_stage(run) is None
    found = [(row["name"], row["role"], row["value"], row["limit"]) for row in run.rows]
    assert found == [("unchecked", "challenger", 0.01, 0.0), ("refusals", "solver", 0.11, 0.1)]
    run.refusals.counts = {"solver": Counts(100, 50, {"S1": 50})}
    guard.after_stage(run)
    assert len(run.rows) == 2  # it lasts


@pytest.mark.parametrize("mode", ["watch", "off"])
def test_nothing_looked_at_raises_nothing(mode):
    run, guard = Run(), controller(mode)
    run.refusals.counts = {"solver": Counts(), "challenger": Counts(8, 8 * (mode == "off"))}
    guard.after_stage(run)
    assert run.rows == []
