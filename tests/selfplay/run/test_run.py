"""The state machine: a run that is stopped or killed anywhere ends exactly as one that was left alone."""

import io
import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from selfplay_gym.core.errors import RunError
from selfplay_gym.core.held_out import is_held_out
from selfplay_gym.core.math_language import key
from selfplay_gym.selfplay.run.run import Interrupted
from selfplay_gym.selfplay.run.train import make_run, train
from selfplay_gym.selfplay.settings.compose import changed, compose
from selfplay_gym.selfplay.settings.files import stored_config, to_toml
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.storage.run_folder import LOGS, RunFolder

CONFIG = preset("debug").replace(
    {"questions.count": 16, "roles.challenger.steps": 2, "exam.questions": 8, "roles.*.max_new_tokens": 40}
)


def outcome(path):
    """Everything a run must reproduce: all logs but the clock's, and the final weights."""
    folder = RunFolder.open(path)
    weights = {
        role: (path / "checkpoints" / name / "model.safetensors").read_bytes()
        for role, name in folder.state["checkpoints"].items()
    }
    return {name: list(folder.rows(name)) for name in LOGS if name != "timings"}, weights


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    path = tmp_path_factory.mktemp("undisturbed") / "run"
    train(CONFIG, path)
    return path


def test_a_run_goes_through_all_phases_and_trains_both_roles(undisturbed):
    logs, weights = outcome(undisturbed)
    assert RunFolder.open(undisturbed).state["phase"] == "done"
    steps = [(row["round"], row["role"], row["step"]) for row in logs["metrics"] if "role" in row]
    assert steps == [(r, role, s) for r in (1, 2) for role in ("challenger", "solver") for s in range(2)]
    assert [row["round"] for row in logs["metrics"] if "exam" in row] == [0, 1, 2]
    assert set(weights) == {"challenger", "solver"}
    assert weights["challenger"] != weights["solver"]
    labelled = [row for row in logs["labels"] if row["kept"]]
    assert labelled
    low, high = CONFIG.questions.keep_band
    assert all(low <= row["solve_rate"] <= high for row in labelled)


def test_nothing_held_out_reaches_training(undisturbed):
    logs, _ = outcome(undisturbed)
    asked = {(row["round"], row["index"]): row["text"] for row in logs["questions"] if row["dropped"] is None}
    trained = [asked[row["round"], row["index"]] for row in logs["labels"] if row["kept"]]
    assert trained
    assert not any(is_held_out(key(text)) for text in trained)
    exam = next(row["exam"] for row in logs["metrics"] if "exam" in row)
    assert not set(exam["counts"]["keys"]) & {key(text) for text in asked.values()}


def test_equal_seeds_repeat_and_other_seeds_do_not(undisturbed, tmp_path):
    train(CONFIG, tmp_path / "again")
    assert outcome(tmp_path / "again") == outcome(undisturbed)
    train(CONFIG.replace(seed=1, rounds=1), tmp_path / "other")
    assert outcome(tmp_path / "other")[1] != outcome(undisturbed)[1]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("commit", [3, *(pytest.param(later, marks=pytest.mark.slow) for later in (5, 8, 12))])
def test_a_crash_at_a_commit_is_invisible_after_resume(undisturbed, tmp_path, power_cut, commit, moment):
    with power_cut(commit, only="metrics" if moment == "before" else None):
        train(CONFIG, tmp_path / "run")
    train(CONFIG, tmp_path / "run", resume=True)
    assert outcome(tmp_path / "run") == outcome(undisturbed)


def test_a_polite_stop_saves_inside_a_training_phase_and_resumes_to_the_same_end(undisturbed, tmp_path):
    folder = RunFolder.create(tmp_path / "run", to_toml(CONFIG), {})
    asked = []

    def stop():
        asked.append(1)
        return len(asked) == 4

    with pytest.raises(Interrupted):
        make_run(CONFIG, folder, stop=stop).run()
    train(CONFIG, tmp_path / "run", resume=True)
    assert outcome(tmp_path / "run") == outcome(undisturbed)


@pytest.mark.slow
def test_a_reference_of_the_round_is_where_the_role_stood_and_survives_a_stop(undisturbed, tmp_path):
    config = CONFIG.replace({"roles.*": {"kl_reference": "round", "grpo.learning_rate": 1e-3}})
    train(config, tmp_path / "whole")

    def divergences(path, step):
        rows = outcome(path)[0]["metrics"]
        return [row["kl"] for row in rows if row.get("step") == step and row["round"] == 2 and row["rows_trained"]]

    assert divergences(tmp_path / "whole", 0) == pytest.approx([0.0, 0.0], abs=1e-6)
    assert min(divergences(tmp_path / "whole", 1)) > 1e-5
    assert min(divergences(undisturbed, 0)) > 1e-6  # against the base there is a distance from round 1

    folder = RunFolder.create(tmp_path / "stopped", to_toml(config), {})
    run = make_run(config, folder, stop=lambda: (run.round, run.phase, run.step) == (2, "train(solver)", 1))
    with pytest.raises(Interrupted):
        run.run()
    train(config, tmp_path / "stopped", resume=True)
    assert outcome(tmp_path / "stopped") == outcome(tmp_path / "whole")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 1}, "seed was 0, not 1"),
        ({"roles.solver.grpo.loss_type": "dr_grpo"}, "roles.solver.grpo.loss_type was 'grpo', not 'dr_grpo'"),
        ({"labels.source": "sympy", "rounds": 9}, "labels.source was 'vote', not 'sympy'"),
        ({"rounds": 1}, "can grow, not shrink to 1"),
    ],
)
def test_resuming_with_other_settings_is_refused_by_name(undisturbed, change, message):
    before = outcome(undisturbed)
    with pytest.raises(RunError, match=re.escape(message)):
        train(CONFIG.replace(change), undisturbed, resume=True)
    assert stored_config(RunFolder.open(undisturbed)) == CONFIG
    assert outcome(undisturbed) == before


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, {"roles.*.kl_reference": "round"}])
def test_a_finished_run_can_be_prolonged_and_ends_as_one_that_was_longer_from_the_start(tmp_path, settings):
    config = CONFIG.replace({**settings, "rounds": 1})
    longer = config.replace(rounds=2)
    train(config, tmp_path / "run")
    folder = train(longer, tmp_path / "run", resume=True)
    train(longer, tmp_path / "whole")
    assert outcome(tmp_path / "run") == outcome(tmp_path / "whole")
    assert stored_config(folder) == longer


def said_on_resume(config, path):
    console = Console(file=io.StringIO(), width=40)
    train(config, path, resume=True, console=console)
    return [line for line in console.file.getvalue().splitlines() if "left to do" in line]


def test_a_finished_run_that_is_resumed_says_that_nothing_is_left_and_how_to_play_on(undisturbed, tmp_path):
    path = tmp_path / "a run"
    shutil.copytree(undisturbed, path)
    before = outcome(path)
    (line,) = said_on_resume(CONFIG, path)
    assert "all of 2 rounds played" in line
    assert outcome(path) == before
    words = shlex.split(line.partition("For more: ")[2])
    assert words[:5] == ["selfplay-gym", "train", "--resume", "--run-dir", str(path)]
    longer = changed(CONFIG, None, words[-1:])
    assert longer == CONFIG.replace(rounds=3)
    assert said_on_resume(longer, path) == []
    assert RunFolder.open(path).state["round"] == 3


def test_a_run_whose_schedule_is_over_is_not_said_to_be_prolonged_by_rounds(tmp_path):
    part = {"stages": ["generate", "attempt", "label"], "until": "rounds(1)"}
    config = CONFIG.replace({"rounds": 5, "schedule": {"only": part}})
    train(config, tmp_path / "run")
    (line,) = said_on_resume(config, tmp_path / "run")
    assert "the last part of its schedule is over" in line
    assert "--set rounds" not in line


def test_the_settings_a_run_keeps_start_the_same_run_again(undisturbed, tmp_path):
    config = compose(file=undisturbed / "config.toml")
    assert config == CONFIG
    train(config, tmp_path / "again")
    assert (tmp_path / "again" / "config.toml").read_bytes() == (undisturbed / "config.toml").read_bytes()


def test_a_loss_of_another_type_trains(tmp_path):
    folder = train(
        CONFIG.replace({"roles.solver.grpo.loss_type": "dr_grpo", "rounds": 1, "roles.challenger.steps": 0}),
        tmp_path / "run",
    )
    steps = [row for row in folder.rows("metrics") if row.get("role") == "solver"]
    assert any(row["updates"] and row["update_norm"] > 0 for row in steps)


def test_a_damaged_checkpoint_is_told_and_the_run_ends_as_if_nothing_had_happened(undisturbed, tmp_path):
    shutil.copytree(undisturbed, tmp_path / "run")
    checkpoint = next((tmp_path / "run" / "checkpoints").glob("solver-02-*"))
    with open(checkpoint / "model.safetensors", "r+b") as weights:
        weights.seek(1000)
        weights.write(b"\x00\x01\x02")
    train(CONFIG, tmp_path / "run", resume=True)
    logs, weights = outcome(tmp_path / "run")
    damage = [row for row in logs["guard"] if row.get("event") == "damage"]
    assert len(damage) == 1
    assert "model.safetensors does not match" in damage[0]["why"]
    logs["guard"].remove(damage[0])
    assert (logs, weights) == outcome(undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize(
    "control",
    [
        {"roles.challenger.learns": False},
        {"questions.sources": {"procedural": 1.0}},
        {"questions.sources": {"challenger": 0.5, "procedural": 0.5}},
        {"labels.source": "sympy"},
        {"labels.source": "oracle"},
        {"roles.solver.reward": "random"},
        {"roles.solver.reward": "format"},
        {"roles.challenger.reward": "r-zero(repetition=0)"},
        {"roles.challenger.reward": "azr"},
        {"exam": {"every": 2, "samples": 1}},
    ],
)
def test_every_control_plays(tmp_path, control):
    short = {"rounds": 1, "roles.solver.steps": 1, "roles.challenger.steps": 1}
    config = CONFIG.replace({**short, **control})
    folder = train(config, tmp_path / "run")
    assert folder.state["phase"] == "done"
    roles = {row["role"] for row in folder.rows("metrics") if "role" in row}
    assert ("challenger" in roles) is ("challenger" in config.players and config.roles["challenger"].learns)


def test_further_suites_are_held_with_every_exam(tmp_path):
    suite = tmp_path / "sums.jsonl"
    suite.write_text('{"question": "What is 1+2?", "answer": "3"}\n{"question": "What is 2+2?", "answer": "4"}\n')
    short = {"rounds": 2, "roles.*.steps": 0, "exam": {"every": 2, "suites": [f"jsonl:{suite}"]}}
    folder = train(CONFIG.replace(short), tmp_path / "run")
    exams = [row for row in folder.rows("metrics") if "validation_accuracy" in row]
    assert [sorted({"exam", "suites"} & set(row)) for row in exams] == [["exam", "suites"], [], ["exam", "suites"]]
    assert exams[0]["suites"]["jsonl:sums"]["counts"]["keys"] == ["arithmetic:1+2", "arithmetic:2+2"]


@pytest.mark.slow
def test_a_run_with_dynamic_sampling_trains_on_more_groups_and_stops_and_goes_on_to_the_same_end(tmp_path):
    solver = {"steps": 3, "groups": 4, "dynamic_sampling": 3}
    config = CONFIG.replace({"rounds": 1, "questions.count": 32, "roles.challenger.steps": 0, "roles.solver": solver})
    train(config, tmp_path / "whole")
    logs, weights = outcome(tmp_path / "whole")
    steps = [row for row in logs["metrics"] if row.get("role") == "solver"]
    assert max(row["groups_drawn"] for row in steps) > 4
    assert all(row["rows_trained"] <= 4 * config.roles["solver"].samples for row in steps)
    asked = []

    def stop():
        asked.append(1)
        return len(asked) == 6

    with pytest.raises(Interrupted):
        make_run(config, RunFolder.create(tmp_path / "run", to_toml(config), {}), stop=stop).run()
    assert RunFolder.open(tmp_path / "run").state["phase"] == "train(solver)"
    train(config, tmp_path / "run", resume=True)
    assert outcome(tmp_path / "run") == (logs, weights)


def test_too_few_questions_shrink_the_batch_with_a_warning(tmp_path):
    from rich.console import Console

    with open(tmp_path / "out", "w") as out:
        train(
            CONFIG.replace({"rounds": 1, "questions.count": 6, "roles.challenger.steps": 0, "roles.solver.groups": 64}),
            tmp_path / "run",
            console=Console(file=out),
        )
    assert "warning: round 1:" in Path(tmp_path / "out").read_text()


@pytest.mark.slow
def test_an_over_long_question_costs_itself(tmp_path):
    rows = [{"question": f"What is {a}+{b}?", "answer": str(a + b)} for a in range(2, 12) for b in range(3, 8)]
    rows.insert(3, {"question": "What is 1+2? " + "x" * 600, "answer": "3"})
    (tmp_path / "q.jsonl").write_text("\n".join(map(json.dumps, rows)))
    sources = {f"file(path={tmp_path / 'q.jsonl'}, shuffle=false)": 1.0}
    train(CONFIG.replace({"questions.count": len(rows), "questions.sources": sources, "rounds": 1}), tmp_path / "run")
    written = list(RunFolder.open(tmp_path / "run").rows("questions"))
    assert [row["index"] for row in written if (row["dropped"] or "").startswith("malformed")] == [3]
    assert "leaves no room for an answer" in written[3]["dropped"]
