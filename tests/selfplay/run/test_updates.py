"""Runs whose roles learn otherwise than by GRPO stop and go on exactly, replay earlier rounds, and are watched."""

import json

import pytest

from selfplay_gym.agents.training import objectives
from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.selfplay.report.steps import step_figures
from selfplay_gym.selfplay.report.summary_data import read_run_summary
from selfplay_gym.selfplay.run import round_log
from selfplay_gym.selfplay.run.questions.replay import replayable
from selfplay_gym.selfplay.run.run import Interrupted
from selfplay_gym.selfplay.run.train import make_run, train
from selfplay_gym.selfplay.settings.files import to_toml
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.storage.run_folder import LOGS, RunFolder

CONFIG = preset("debug").replace(
    {
        "questions.count": 24,
        "exam": {"questions": 4, "samples": 1},
        "guard.questions": 4,
        "roles.*.max_new_tokens": 40,
        "roles.challenger": {"update": "rft", "groups": 2},
        "roles.solver": {"update": "rft(batch=16, steps=3)", "replay": 0.25},
        "storage.save_every": 2,
    }
)


def outcome(path):
    """Logs but the clock's, and every file of the last checkpoints."""
    folder = RunFolder.open(path)
    names = folder.state["checkpoints"]
    files = {
        file.relative_to(path).as_posix(): file.read_bytes()
        for name in names.values()
        for file in (path / "checkpoints" / name).rglob("*.safetensors")
    }
    return {name: list(folder.rows(name)) for name in LOGS if name != "timings"}, names, files


def stopped(config, path, number, phase, step):
    """A run that was asked to stop there, and then goes on."""
    folder = RunFolder.create(path, to_toml(config), {})
    run = make_run(config, folder, stop=lambda: (run.round, run.phase, run.step) == (number, phase, step))
    with pytest.raises(Interrupted):
        run.run()
    assert RunFolder.open(path).state["step"] == step
    train(config, path, resume=True)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    path = tmp_path_factory.mktemp("updates") / "run"
    train(CONFIG, path)
    return path


def test_both_roles_learn_their_own_completions(undisturbed):
    logs, _, _ = outcome(undisturbed)
    steps = [row for row in logs["metrics"] if "role" in row]
    assert [(row["round"], row["role"]) for row in steps] == [
        (number, role) for number in (1, 2) for role in ("challenger", *["solver"] * 3)
    ]
    solver = [row for row in steps if row["role"] == "solver"]
    assert all(row["updates"] == 1 and row["rows_trained"] == 16 and row["tokens_trained"] > 16 for row in solver)
    assert all(not {"kl", "entropy", "mean_reward", "ratio_max"} & set(row) for row in solver)
    assert all(0 < row["distinct_questions"] <= 16 for row in solver)
    assert [row["replayed_share"] for row in solver[3:]] == [0.25] * 3
    assert all({"mean_reward", "uncertainty", "loss"} <= set(row) for row in steps if row["role"] == "challenger")
    rates = [row["learning_rate"] for row in solver]
    assert rates[:3] == rates[3:] == sorted(rates[:3])


@pytest.mark.slow
def test_a_run_that_stops_within_a_stage_goes_on_to_the_same_end(undisturbed, tmp_path):
    stopped(CONFIG, tmp_path / "run", 2, "train(solver)", 1)
    assert outcome(tmp_path / "run") == outcome(undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("sharing", ["tokens", "prompt", "lora"])
def test_roles_that_share_weights_learn_so_too(tmp_path, sharing):
    if sharing == "lora":
        pytest.importorskip("peft")
    config = CONFIG.replace({"roles.*": {"weight_sharing": sharing, "adapter_rank": 4}})
    train(config, tmp_path / "whole")
    for number, phase in ((1, "train(solver)"), (2, "train(challenger)"), (2, "train(solver)")):
        path = tmp_path / f"{number} {phase}"
        stopped(config, path, number, phase, 1)
        assert outcome(path) == outcome(tmp_path / "whole")


def test_the_report_of_such_a_run_shows_its_loss_and_no_entropy(undisturbed):
    summary = read_run_summary(RunFolder.open(undisturbed))
    solver, challenger = (" ".join(step_figures(summary, role)) for role in ("solver", "challenger"))
    assert "Solver, loss of supervised steps" in solver
    assert "Solver, entropy" not in solver
    assert "Challenger, loss of supervised steps" in challenger
    assert "Challenger, reward and its terms" in challenger


# --- replay ---


def rows_of(folder, number):
    return lambda name: [row for row in folder.rows(name) if row["round"] == number]


class At:
    """As much of a run as replay looks at."""

    def __init__(self, folder, number, band=(0.25, 0.75)):
        self.folder, self.round = folder, number
        self.rows = rows_of(folder, number)
        self.config = CONFIG.replace({"questions.keep_band": list(band)})

    def kept(self):
        return round_log.kept(self.rows)


def test_the_kept_questions_of_earlier_rounds_are_replayed_and_no_others(finished_run):
    first = {question.text for _, question in round_log.kept(rows_of(finished_run, 1))}
    second = {question.text for _, question in round_log.kept(rows_of(finished_run, 2))}
    found = replayable(At(finished_run, 2), easy=False)
    assert {one.question.text for one in found} == first - second
    assert first - second
    assert replayable(At(finished_run, 1), easy=False) == []
    assert all(any(one.matches) and one.question.reference is not None for one in found)


def test_easy_questions_are_those_above_the_band_of_this_round_too(scripted_run, tmp_path):
    folder = scripted_run(tmp_path / "run", rounds=1, skills=(0.9,))
    labels = list(folder.rows("labels"))
    easy = {row["index"] for row in labels if row["solve_rate"] > 0.75 and row["valid"]}
    texts = {row["text"] for row in folder.rows("questions") if row["index"] in easy}
    assert {one.question.text for one in replayable(At(folder, 1), easy=True)} == texts
    assert texts
    assert replayable(At(folder, 1), easy=False) == []


def test_attempts_at_a_label_that_a_person_edited_are_not_solutions(finished_run):
    rows = rows_of(finished_run, 1)
    edited, rejected = (index for index, _ in round_log.kept(rows)[:2])
    reviews = [
        {"index": edited, "decision": "edit", "after": "77"},
        {"index": rejected, "decision": "reject", "after": None},
    ]
    found = round_log.solved(lambda name: reviews if name == "reviews" else rows(name), above=0.0)
    changed = [one for one in found if one.question.reference == "77"]
    assert [any(one.matches) for one in changed] == [False]
    assert len(found) == len(round_log.solved(rows, above=0.0)) - 1


@pytest.mark.parametrize("by", ["none", "level", "length", "p(1-p)"])
def test_grpo_replays_labelled_questions_and_says_how_many(scripted_run, tmp_path, by):
    changes = {"roles.solver": {"replay": 0.5, "replay_by": by, "replay_easy": False}}
    folder = scripted_run(tmp_path / "run", changes=changes)
    steps = [row for row in folder.rows("metrics") if row.get("role") == "solver"]
    groups, samples = CONFIG.roles["solver"].groups, CONFIG.roles["solver"].samples
    assert {row["replayed_share"] for row in steps if row["round"] == 1} == {0.0}
    assert {row["replayed_share"] for row in steps if row["round"] == 2} == {0.5}
    assert {row["rows_trained"] for row in steps} == {groups * samples}


def test_without_replay_nothing_is_said_of_it(finished_run):
    assert all("replayed_share" not in row for row in finished_run.rows("metrics"))


# --- what watches, and what is refused ---


def test_a_guard_goes_back_when_losses_are_not_finite(tmp_path, monkeypatch):
    monkeypatch.setattr(objectives, "cross_entropy", lambda logp, tokens: logp.sum() * float("nan"))
    config = CONFIG.replace(
        {
            "rounds": 1,
            "guard.mode": "on",
            "roles.challenger.learns": False,
            "guard.thresholds": {"bad_steps": 2, "kept_label_accuracy": 0.0},
        }
    )
    train(config, tmp_path / "run")
    events = [row for row in map(json.loads, (tmp_path / "run" / "guard.jsonl").open()) if "event" in row]
    assert "not_finite" in {row["name"] for row in events if row["event"] == "rollback"}
    steps = [row for row in RunFolder.open(tmp_path / "run").rows("metrics") if "role" in row]
    assert [(row["skipped"], row["loss"]) for row in steps] == [(1, None)] * 2


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"roles.challenger.replay": 0.1}, ConfigError, "roles.challenger.replay"),
        ({"roles.solver.replay": 1.0}, ConfigError, "share"),
        ({"roles.solver.replay_by": "lenght"}, UnknownNameError, "length"),
        ({"roles.solver.update": "rtf"}, UnknownNameError, "rft"),
        ({"roles.solver.update": "rft(batch=0)"}, ConfigError, "batch"),
    ],
)
def test_settings_that_cannot_work_are_refused_before_anything_is_written(tmp_path, changes, error, says):
    with pytest.raises(error, match=says):
        train(CONFIG.replace(changes), tmp_path / "run")
    assert not (tmp_path / "run").exists()
