"""Collapse drills on a simulated solver whose skill is one number; run, guard and folder are the real ones.

Each drill is played twice, guarded and not; what a real model does in them is another matter (docs/guard.md).
"""

import json
import math
import shutil
from dataclasses import replace
from functools import partial

import pytest
import torch

from selfplay_gym.agents.training.config import GRPOConfig, StepMetrics
from selfplay_gym.core.registries import make_agent
from selfplay_gym.selfplay.guard import guard_events, thresholds
from selfplay_gym.selfplay.guard import guard_measures as measured
from selfplay_gym.selfplay.roles.start import Start, Starts
from selfplay_gym.selfplay.run import batches
from selfplay_gym.selfplay.run import run as runs
from selfplay_gym.selfplay.run import train as training
from selfplay_gym.selfplay.run.stages import label
from selfplay_gym.selfplay.run.train import train
from selfplay_gym.selfplay.settings.files import stored_config
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.storage.checkpoint import check_checkpoint, load_optimiser, save_checkpoint
from selfplay_gym.selfplay.storage.run_folder import LOGS, RunFolder

CONFIG = preset("debug").replace(
    {
        "rounds": 6,
        "questions.count": 16,
        "labels.attempts": 4,
        "exam": {"questions": 40, "samples": 1},
        "guard": {"mode": "on", "questions": 40},
        "roles.solver.steps": 3,
        "storage.keep": 3,
    }
)


class Skilled:
    """Answers right with probability σ(its weight), or gives no answer once it fell silent."""

    def __init__(self, weight, silent):
        self.weight, self.silent = weight, silent

    def act(self, prompts, *, n=1, seed=None):
        if self.silent[0]:
            return [[""] * n for _ in prompts]
        skill = torch.sigmoid(self.weight).nan_to_num(0.0).item()
        return make_agent("noisy", skill=skill).act(prompts, n=n, seed=seed)

    def save_pretrained(self, folder):
        (folder / "weight.json").write_text(json.dumps([self.weight.item(), self.silent[0]]))


class Trainer:
    """Gains skill with every step, as much as the learning rate says, or loses it where a drill says so."""

    def __init__(self, agent, rate, drill):
        self.agent, self.learning_rate, self.drill, self.taken = agent, rate, drill, 0
        self.parameters = {"weight": agent.weight}
        self.reference, self.config = None, GRPOConfig()

    def step(self, prompts, reward_fn, *, samples, seed, dynamic_sampling=None):
        texts = self.agent.act(prompts, n=samples, seed=seed)
        rewards = torch.tensor([list(map(float, row)) for row in reward_fn(prompts, texts)])
        gain = self.drill(self.agent, self.taken, self.learning_rate, rewards)
        self.agent.weight.data += gain
        self.taken += 1
        return StepMetrics(
            mean_reward=float(rewards.nan_to_num(0.0).mean()), mean_length=20.0, entropy=0.2, grad_norm=0.4,
            update_norm=abs(gain), rows_trained=len(texts), updates=1, learning_rate=self.learning_rate,
        )  # fmt: skip

    def tensors(self):
        return {"taken": torch.tensor([self.taken])}


class Writer(Skilled):
    """A challenger: writes sums, or always the same one."""

    def with_settings(self, **settings):
        return self

    def act(self, prompts, *, n=1, seed=None):
        texts = make_agent("generator", low=0.1, high=0.5).act(prompts, n=n, seed=seed)
        return [[row[0]] * n for row in texts] if self.silent[0] else texts


class SimulatedRole:
    def __init__(self, name, agent, trainer):
        self.name, self.agent, self.trainer, self.saves = name, agent, trainer, (name,)

    def close(self):
        """It holds nothing elsewhere."""

    def save(self, path):
        save_checkpoint(path, self.agent, self.trainer.tensors())


def simulated(monkeypatch, solver, challenger=lambda agent, taken, rate, rewards: 0.0, start=0.0):
    """Puts simulated roles into the runs; `solver` and `challenger` say what a step changes."""

    def build(config, names, checkpoints, references):
        roles = {}
        for role in names:
            weight, silent, taken = start, False, 0
            if role in checkpoints:
                check_checkpoint(checkpoints[role])
                weight, silent = json.loads((checkpoints[role] / "weight.json").read_text())
                taken = int(load_optimiser(checkpoints[role])["taken"])
            kind, drill = (Skilled, solver) if role == "solver" else (Writer, challenger)
            agent = kind(torch.nn.Parameter(torch.tensor(float(weight))), [silent])
            roles[role] = SimulatedRole(role, agent, Trainer(agent, config.roles[role].grpo.learning_rate, drill))
            roles[role].trainer.taken = taken
        return roles

    monkeypatch.setattr(training, "make_run", partial(training.make_run, build=build))
    monkeypatch.setattr(Starts, "of", lambda self, role, names: Start({"weight": torch.tensor(10.0)}))


def exams(folder):
    return [row["exam"]["summary"]["accuracy"]["value"] for row in folder.rows("metrics") if "exam" in row]


def final(folder):
    """Accuracy of the solver a run ends with."""
    run = training.make_run(stored_config(folder), folder)
    return run.examine(run.exam, samples=1, greedy=False).accuracy.value


def drill(path, guard="on", changes=()):
    folder = train(CONFIG.replace({"guard.mode": guard, **dict(changes)}), path)
    return folder, final(folder)


def names(folder, event):
    return [row["name"] for row in guard_events(folder) if row["event"] == event]


def learns(agent, taken, rate, rewards):
    return 0.1 * rate / 1e-4


def turns_wrong(agent, taken, rate, rewards):
    """From its 7th step on the verifier rewards wrong answers."""
    return (0.15 if taken < 6 else -3.0) * min(1.0, rate / 1e-4)


def turning(reward_fn):
    """Rewards the right answers 6 times, then the wrong ones."""

    class Turned(reward_fn):
        def __call__(self, prompts, groups):
            rewards = super().__call__(prompts, groups)
            Turned.calls += 1
            return rewards if Turned.calls <= 6 else [[1.0 - value for value in row] for row in rewards]

    Turned.calls = 0
    return Turned


def overshoots(agent, taken, rate, rewards):
    """Steps this long destroy; a hundredth of it learns."""
    return 0.1 if rate <= 2e-4 else -2.0


def falls_silent(agent, taken, rate, rewards):
    if taken >= 6:
        agent.silent[0] = True
    return 0.15


def overfits(agent, taken, rate, rewards):
    """One question over and over: what it does not ask is forgotten."""
    return 0.15 if len(rewards) > 1 else -0.8


def repeats(agent, taken, rate, rewards):
    if taken >= 2:
        agent.silent[0] = True
    return 0.0


EVERYTHING = {"questions.keep_band": [0.0, 1.0]}
DRILLS = {
    "a verifier that turns wrong": (
        {"solver": turns_wrong},
        {"labels.source": "oracle", **EVERYTHING},
        {"validation_falls"},
    ),
    "a learning rate 100 times too high": (
        {"solver": overshoots},
        {"roles.*.grpo.learning_rate": 1e-2},
        {"large_update"},
    ),
    "a solver that stops answering": ({"solver": falls_silent}, {}, {"unanswered"}),
    "a challenger that repeats itself": ({"solver": overfits, "challenger": repeats}, EVERYTHING, {"repetition"}),
}


@pytest.mark.parametrize("name", DRILLS)
def test_a_collapse_is_named_and_undone(tmp_path, monkeypatch, name):
    steps, settings, expected = DRILLS[name]
    simulated(monkeypatch, **steps)
    if steps["solver"] is turns_wrong:
        monkeypatch.setattr(batches, "LabelRewardFn", turning(batches.LabelRewardFn))
    folder, end = drill(tmp_path / "guarded", changes=settings)
    best = max(exams(folder))
    assert expected <= set(names(folder, "alarm"))
    assert names(folder, "rollback")
    assert end >= best - 0.03
    bare, alone = drill(tmp_path / "bare", "off", settings)
    assert alone <= end - 0.15
    assert list(bare.rows("guard")) == []


def test_rewards_that_are_no_numbers_never_reach_the_weights(tmp_path, monkeypatch):
    class Broken(batches.LabelRewardFn):
        def __call__(self, prompts, groups):
            rewards = super().__call__(prompts, groups)
            return [[math.nan] * len(row) for row in rewards]

    def poisoned(agent, taken, rate, rewards):
        return float(rewards.mean()) * 0.1

    simulated(monkeypatch, solver=poisoned, start=1.0)
    monkeypatch.setattr(batches, "LabelRewardFn", Broken)
    folder, end = drill(tmp_path / "guarded", changes={"rounds": 2})
    assert "not_finite" in names(folder, "alarm")
    assert names(folder, "rollback") == ["not_finite", "not_finite"]
    assert end == max(exams(folder)) > 0.5
    _, alone = drill(tmp_path / "bare", "off", {"rounds": 2})
    assert alone <= end - 0.15


def test_a_healthy_run_is_equal_with_and_without_a_guard(tmp_path, monkeypatch):
    simulated(monkeypatch, solver=learns)
    with_guard, _ = drill(tmp_path / "guarded", changes={"rounds": 2})
    without, _ = drill(tmp_path / "bare", "off", {"rounds": 2})
    assert set(names(with_guard, "rollback")) <= {"end"}  # which of its solvers a run leaves behind
    assert len(measured(with_guard)) == 3
    for log in ("metrics", "questions", "attempts", "labels"):
        assert list(with_guard.rows(log)) == list(without.rows(log))


def test_inside_a_phase_validation_sees_the_fall_early(tmp_path, monkeypatch):
    simulated(monkeypatch, solver=turns_wrong)
    folder, end = drill(tmp_path / "run", changes={"guard.every": 1, "rounds": 3})
    inside = [row for row in measured(folder) if row["phase"] == "train(solver)"]
    assert inside
    assert any(row["event"] == "rollback" and row["phase"] == "train(solver)" for row in guard_events(folder))
    assert end >= max(exams(folder)) - 0.03


def contents(folder):
    return {log: list(folder.rows(log)) for log in LOGS if log != "timings"}


def test_a_crash_around_a_rollback_is_invisible_after_resume(tmp_path, monkeypatch):
    simulated(monkeypatch, solver=turns_wrong)
    config = CONFIG.replace({"rounds": 4, "storage.save_every": 1})
    whole = train(config, tmp_path / "whole")
    assert names(whole, "rollback")
    honest, resumed = RunFolder.commit, 0
    for commit in range(2, 60, 9):
        calls = []

        def crashing(self, state, calls=calls, commit=commit):
            calls.append(1)
            if len(calls) == commit:
                raise SystemError("power cut")
            honest(self, state)

        path = tmp_path / str(commit)
        monkeypatch.setattr(RunFolder, "commit", crashing)
        try:
            train(config, path)
        except SystemError:
            monkeypatch.setattr(RunFolder, "commit", honest)
            resumed += 1
            assert contents(train(config, path, resume=True)) == contents(whole)
            shutil.rmtree(path)
        else:
            break
    monkeypatch.setattr(RunFolder, "commit", honest)
    assert resumed > 2


@pytest.mark.parametrize("count", [1, 2, 99])
def test_damaged_checkpoints_are_told_and_the_run_goes_on_from_the_one_before(tmp_path, monkeypatch, count):
    simulated(monkeypatch, solver=learns)
    config = CONFIG.replace({"rounds": 3, "storage.save_every": 1})
    whole = train(config, tmp_path / "run")
    before = contents(whole)
    damaged = sorted((tmp_path / "run" / "checkpoints").glob("solver-*"))[-count:]
    for checkpoint in damaged:
        (checkpoint / "weight.json").write_text("[9.0, false]")
    again = train(config, tmp_path / "run", resume=True)
    assert names(again, "damage") == ["checkpoint"]
    after = contents(again)
    after["guard"] = [row for row in after["guard"] if row.get("event") != "damage"]
    assert after == before
    assert again.state["phase"] == "done"


@pytest.mark.parametrize("mode", ["on", "watch"])
def test_labels_that_are_mostly_wrong_train_nobody(tmp_path, monkeypatch, mode):
    simulated(monkeypatch, solver=learns, start=2.0)
    monkeypatch.setattr(thresholds, "LEAST_KEPT", 1)
    monkeypatch.setattr(label, "labels_right", lambda questions, labels: [False] * len(questions))
    folder = train(
        CONFIG.replace({"rounds": 2, "guard.mode": mode, "questions.keep_band": [0.0, 1.0]}), tmp_path / "run"
    )
    steps = [row for row in folder.rows("metrics") if row.get("role") == "solver" and "step" in row]
    kept = [row for row in folder.rows("labels") if row["kept"]]
    assert [row["name"] for row in guard_events(folder) if row["event"] == "rollback"][:2] == (
        ["labels", "labels"] if mode == "on" else []
    )
    assert bool(steps) == bool(kept) == (mode == "watch")
    assert all(row["kept"] for row in folder.rows("metrics") if "asked" in row)  # what the filter had kept


def test_validation_by_the_bases_vote_needs_no_reference(tmp_path, monkeypatch):
    simulated(monkeypatch, solver=learns, start=1.0)
    monkeypatch.setattr(runs, "exam_and_validation", _without_right_references(runs.exam_and_validation))
    folder = train(CONFIG.replace({"rounds": 1, "guard.validation": "vote"}), tmp_path / "run")
    assert min(row["validation_loss"] for row in measured(folder)) < 0.5
    assert all(exam == 0.0 for exam in exams(folder))


def _without_right_references(honest):
    """Both exams, with references that nobody answers."""
    return lambda *given: tuple([replace(one, reference="123456789") for one in exam] for exam in honest(*given))
