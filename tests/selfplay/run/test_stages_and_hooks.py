"""Stages and hooks of somebody else: what a run gives them, and that it does what they ask for."""

import json
import os
import signal
from types import SimpleNamespace

import pytest

from selfplay_gym.core.errors import ConfigError, PluginError, RunError
from selfplay_gym.core.interrupts import Stopped
from selfplay_gym.core.registries import register_stage, stages
from selfplay_gym.selfplay.guard.controller import GuardController
from selfplay_gym.selfplay.hooks import Hook, Rates, RollBack, Stop
from selfplay_gym.selfplay.progress import Progress
from selfplay_gym.selfplay.run.run import Interrupted, SelfPlay
from selfplay_gym.selfplay.run.stage import make_stages
from selfplay_gym.selfplay.run.train import StopRequest, make_run, train
from selfplay_gym.selfplay.settings.files import to_toml
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.storage.files import DamageError
from selfplay_gym.selfplay.storage.run_folder import RunFolder

CONFIG = preset("debug").replace(
    {
        "rounds": 1,
        "questions.count": 16,
        "questions.keep_band": [0.0, 1.0],
        "exam": {"questions": 8, "samples": 1},
        "roles.*.max_new_tokens": 40,
        "roles.challenger.steps": 1,
        "roles.solver.steps": 2,
    }
)


def started(path, config, hooks=()):
    run = SelfPlay(config, RunFolder.vacant(path), make_stages(config.stages), hooks)
    run.folder.begin(to_toml(config), {})
    return run


@pytest.fixture
def gate():
    """A human gate: rejects every second question, and corrects the label of the first."""

    @register_stage("approve")
    class Approve:
        name = "approve"

        def run(self, run):
            for number, (index, question) in enumerate(run.kept()):
                edited = {"decision": "edit", "before": question.reference, "after": "77"}
                decision = edited if number == 0 else {"decision": "reject" if number % 2 else "approve"}
                run.log("reviews", [{"index": index, **decision}])

    yield
    stages.unregister("approve")


def test_a_gate_between_labels_and_training_is_one_stage(tmp_path, gate):
    order = [*CONFIG.stages[:4], "approve", *CONFIG.stages[4:]]
    folder = train(CONFIG.replace(stages=order), tmp_path / "run")
    run = make_run(CONFIG.replace(stages=order), folder)
    labels = {row["index"]: row["label"] for row in folder.rows("labels") if row["kept"]}
    reviews = list(folder.rows("reviews"))
    assert [row["phase"] for row in reviews] == ["approve"] * len(labels)
    kept = {index: question.reference for index, question in run.kept()}
    assert set(kept) == {row["index"] for row in reviews if row["decision"] != "reject"}
    assert kept.pop(reviews[0]["index"]) == "77"
    assert all(labels[index] == label for index, label in kept.items())
    assert [labelled.question.reference for labelled in run.labelled()][1:] == list(kept.values())
    assert all(len(labelled.attempts) == CONFIG.labels.attempts for labelled in run.labelled())


def test_a_run_may_be_any_list_of_stages(tmp_path):
    folder = train(CONFIG.replace(stages=["generate", "attempt", "label"], rounds=2), tmp_path / "run")
    phases = [row["phase"] for row in folder.rows("timings")]
    assert phases == ["generate", "attempt", "label"] * 2
    assert folder.state["checkpoints"] == {}


@pytest.fixture
def called_done():
    @register_stage("called-done")
    class Done:
        name = "done"

        def run(self, run): ...

    yield
    stages.unregister("called-done")


@pytest.mark.parametrize(
    "row",
    [
        {"index": 0, "decision": "drop"},
        {"index": "first", "decision": "reject"},
        {"decision": "approve"},
        {"index": 0, "decision": "edit"},
    ],
)
def test_a_decision_that_nobody_would_obey_is_refused(tmp_path, row):
    run = started(tmp_path / "run", CONFIG)
    with pytest.raises(PluginError, match="review"):
        run.log("reviews", [row])


@pytest.mark.parametrize(
    "row",
    [
        {"index": 1, "decision": "approve"},
        {"round": "1", "index": 3, "decision": "prefer"},
        {"id": "label/1/0", "decision": "maybe", "reviewer": "x", "time": 0, "key": "k", "round": 1, "index": 0},
        {"id": "label/1/0", "decision": "approve", "reviewer": "x", "time": 0, "key": "k", "round": 1},
    ],
)
def test_what_others_wrote_is_checked_whoever_commits(tmp_path, row):
    run = started(tmp_path / "run", CONFIG)
    path = run.folder.log_path("reviews")
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    before = path.read_bytes()
    run.log("reviews", [{"index": 0, "decision": "reject"}])
    with pytest.raises(DamageError, match=r"reviews\.jsonl has a row that is no decision"):
        run.commit()
    assert path.read_bytes() == before
    assert list(RunFolder.open(run.folder.path).rows("reviews")) == []
    path.write_text("", encoding="utf-8")  # as the message says: taken out
    run.commit()
    assert [row["decision"] for row in RunFolder.open(run.folder.path).rows("reviews")] == ["reject"]


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (["generate", "atempt"], "Did you mean 'attempt'"),
        (["generate", "generate"], "2 times"),
        (["train"], "role"),
        (["attempt", "generate"], "'attempt' before 'generate'"),
        (["train(solver)", "generate", "attempt", "label"], "before 'label'"),
        (["generate", "label"], "'label' without 'attempt'"),
        (["attempt", "label"], "'attempt' without 'generate'"),
        (["evaluate", "train(solver)"], "'train\\(solver\\)' without 'label'"),
        (["called-done"], "which is not 'done'"),
        (["train(solver, fast=true)"], "fast"),
    ],
)
def test_stages_that_cannot_be_are_refused(tmp_path, order, message, called_done):
    with pytest.raises(ConfigError, match=message):
        train(CONFIG.replace(stages=order), tmp_path / "run")
    assert not (tmp_path / "run").exists()


class Noting(Hook):
    """Notes what happens, and answers as it was told to."""

    name = "noting"

    def __init__(self, **answers):
        self.answers, self.seen, self.rates = answers, [], []

    def _note(self, run, event):
        self.seen.append((run.round, run.phase, event))
        self.rates.append(run.roles["solver"].trainer.learning_rate)
        return self.answers.pop(event, None)

    def before_stage(self, run):
        self._note(run, "before")

    def after_step(self, run, step):
        return self._note(run, f"{step.role} {step.number}")

    def after_labels(self, run, measures):
        return self._note(run, "labels")

    def after_exam(self, run, validation):
        return self._note(run, "exam")

    def after_stage(self, run):
        return self._note(run, "after")

    def state_dict(self):
        return {"seen": len(self.seen)}

    def load_state_dict(self, state):
        self.loaded = state


def test_a_hook_hears_everything_in_order_and_its_state_is_kept(tmp_path):
    hook = Noting()
    run = started(tmp_path / "run", CONFIG, [hook])
    run.run()
    assert hook.seen == [
        *[(0, "evaluate", event) for event in ("before", "exam", "after")],
        *[(0, "gate", event) for event in ("before", "after")],
        *[(1, "train(challenger)", event) for event in ("before", "challenger 0", "after")],
        *[(1, name, event) for name in ("generate", "attempt") for event in ("before", "after")],
        *[(1, "label", event) for event in ("before", "labels", "after")],
        *[(1, "train(solver)", event) for event in ("before", "solver 0", "solver 1", "after")],
        *[(1, "evaluate", event) for event in ("before", "exam", "after")],
        *[(1, "gate", event) for event in ("before", "after")],
    ]
    again = Noting()
    SelfPlay(CONFIG, RunFolder.resume(tmp_path / "run"), make_stages(CONFIG.stages), [again])
    assert again.loaded == {"seen": len(hook.seen)}


def test_rates_hold_from_the_step_after_and_over_a_resume(tmp_path):
    hook = Noting(**{"solver 0": Rates(0.25)})
    run = started(tmp_path / "run", CONFIG, [hook])
    run.run()
    base = CONFIG.roles["solver"].grpo.learning_rate
    steps = [row["learning_rate"] for row in run.folder.rows("metrics") if row.get("role") == "solver"]
    assert steps == [base, base / 4]
    resumed = make_run(CONFIG, RunFolder.resume(tmp_path / "run"))
    assert resumed.roles["solver"].trainer.learning_rate == base / 4


def test_going_back_ends_the_training_stage_with_the_best_checkpoints(tmp_path):
    run = started(tmp_path / "run", CONFIG, [Noting(**{"solver 0": RollBack("because", 0.5)})])
    run.run()
    steps = [row["step"] for row in run.folder.rows("metrics") if row.get("role") == "solver"]
    assert steps == [0]
    assert "solver" not in run.folder.state["checkpoints"]  # the base was the best
    assert run.roles["solver"].trainer.learning_rate == CONFIG.roles["solver"].grpo.learning_rate / 2


def test_going_back_before_any_validation_is_an_error_with_the_remedy(tmp_path):
    config = CONFIG.replace(stages=["train(challenger)"])
    with pytest.raises(RunError, match="add the stage 'evaluate'"):
        started(tmp_path / "run", config, [Noting(**{"challenger 0": RollBack("because")})]).run()


def test_a_hook_can_stop_a_run_which_goes_on_to_the_same_end(tmp_path):
    train(CONFIG, tmp_path / "whole")
    hooks = [Noting(**{"solver 0": Stop("enough for today")}), Progress(), GuardController(CONFIG.guard)]
    run = started(tmp_path / "run", CONFIG, hooks)  # with the guard, which asks, too
    with pytest.raises(Interrupted, match="enough for today"):
        run.run()
    assert (run.folder.state["phase"], run.folder.state["step"]) == ("train(solver)", 1)
    train(CONFIG, tmp_path / "run", resume=True)
    folders = [RunFolder.open(tmp_path / name) for name in ("whole", "run")]
    for log in ("questions", "attempts", "labels", "metrics"):
        assert list(folders[0].rows(log)) == list(folders[1].rows(log))


@pytest.mark.slow
def test_after_going_back_to_the_base_the_reference_of_the_round_is_the_base_again(tmp_path):
    config = CONFIG.replace({"rounds": 3, "roles.*.kl_reference": "round"})

    class BackInRoundTwo(Hook):
        name = "back"

        def __init__(self):
            self.references = []

        def before_stage(self, run):
            if run.phase == "generate":
                self.references.append(dict(run.references))

        def after_stage(self, run):
            return RollBack("because") if (run.round, run.phase) == (2, "gate") else None

    hook = BackInRoundTwo()
    run = started(tmp_path / "run", config, [hook])
    honest = run.validate

    def keep_the_base():
        best = run.best
        score, back = honest()
        run.best = best or run.best  # the base stays the best, whatever the rounds bring
        return score, back

    run.validate = keep_the_base
    run.run()
    assert [sorted(references) for references in hook.references] == [[], ["challenger", "solver"], []]


def test_python_goes_on_with_the_runs_own_settings(tmp_path):
    train(CONFIG, tmp_path / "run")
    folder = train({"rounds": 2}, tmp_path / "run", resume=True)
    assert (folder.state["phase"], folder.state["round"]) == ("done", 2)
    with pytest.raises(RunError, match=r"labels\.attempts was 4, not 5"):
        train({"labels.attempts": 5}, tmp_path / "run", resume=True)


@pytest.mark.parametrize(
    ("stage", "waits", "at_once"),
    [
        ({"saves_steps": True}, False, [False, True]),
        ({}, False, [True, True]),
        ({}, True, [False, True]),
        (None, True, [True, True]),
    ],
)
def test_a_request_to_stop_waits_only_where_something_is_saved_on_the_way(stage, waits, at_once):
    stop = StopRequest(Progress(), waits)
    stop.run = None if stage is None else SimpleNamespace(stage=SimpleNamespace(**stage))
    for expected in at_once:
        try:
            stop.on_signal(signal.SIGTERM)
            raised = False
        except Stopped as error:
            raised = error.code == 143
        assert raised is expected
    assert stop()
    assert stop.code == 143


def test_a_run_stopped_inside_a_stage_that_saves_nothing_goes_on_at_its_beginning(tmp_path, monkeypatch):
    honest = SelfPlay.attempt

    def stopping(self, prompts, seed, **named):
        os.kill(os.getpid(), signal.SIGTERM)
        return honest(self, prompts, seed, **named)

    monkeypatch.setattr(SelfPlay, "attempt", stopping)
    config = CONFIG.replace({"stages": ["generate", "attempt", "label"]})
    with pytest.raises(Interrupted) as stopped:
        train(config, tmp_path / "run")
    monkeypatch.undo()
    assert stopped.value.code == 143
    assert RunFolder.open(tmp_path / "run").state["phase"] == "attempt"
    again = train({}, tmp_path / "run", resume=True)
    whole = train(config, tmp_path / "whole")
    assert list(again.rows("labels")) == list(whole.rows("labels"))
