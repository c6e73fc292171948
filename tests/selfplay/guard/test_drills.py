"""Collapse drills on the real tiny model: quick ones for alarm and rollback, slow ones for what the guard is worth."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load_file

from selfplay_gym.selfplay.guard import guard_events
from selfplay_gym.selfplay.storage.run_folder import RunFolder

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "guard_drills.py"
COLLAPSES = ["verifier", "rate", "nan", "repeats", "silence"]
QUICK = {
    "rounds": 1,
    "questions": {"count": 16, "keep_band": [0.0, 1.0]},
    "labels.attempts": 4,
    "roles.*.max_new_tokens": 48,
    "roles.challenger.groups": 2,
    "roles.challenger.steps": 1,
    "roles.challenger.samples": 4,
    "roles.solver.steps": 3,
    "roles.solver.groups": 8,
    "exam": {"questions": 8, "samples": 1},
    "guard": {"mode": "on", "questions": 24},
}
"""Little of everything: a few CPU seconds a run."""


@pytest.fixture(scope="module")
def drills():
    spec = importlib.util.spec_from_file_location("guard_drills", SCRIPT)
    module = sys.modules["guard_drills"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["guard_drills"]


def quick(drills, name, path, changes):
    drill = replace(drills.DRILLS[name], honest_rounds=0)
    return drills.play(drill, path, drill.config(drills.BASE, {**QUICK, **changes})), RunFolder.open(path)


def weights(folder, role):
    return load_file(folder.path / "checkpoints" / folder.state["checkpoints"][role] / "model.safetensors")


def test_a_verifier_that_turns_is_seen_at_once(drills, tmp_path):
    settings = {"roles.solver.grpo.learning_rate": 1e-4}
    result, _ = quick(drills, "verifier", tmp_path / "run", settings)
    assert "perverse_reward" in result["alarms"]
    looks = {**settings, "guard.thresholds.kept_label_accuracy": 0.5}
    result, _ = quick(drills, "verifier", tmp_path / "again", looks)
    assert result["alarms"] == ["wrong_kept_labels"]  # and so nothing trains


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "settings", "alarms"),
    [
        ("rate", {"roles.solver.grpo.learning_rate": 1e-2}, {"large_update", "far_from_base", "validation_falls"}),
        (
            "silence",
            {"roles.solver.grpo.learning_rate": 3e-3, "roles.solver.steps": 5},
            {"length", "misled", "validation_falls"},
        ),
    ],
)
def test_a_collapse_is_named_and_the_best_solver_is_left(drills, tmp_path, name, settings, alarms):
    result, folder = quick(drills, name, tmp_path / "run", settings)
    assert alarms <= set(result["alarms"])
    assert result["rollbacks"] == ["fall in round 1"]
    assert result["end"] == result["exams"][0] > result["exams"][1]
    assert folder.state["checkpoints"] == folder.state["best"]["checkpoints"]
    assert folder.state["hooks"]["guard"]["rule"]["scale"] == folder.state["rate_scale"] < 1.0


@pytest.mark.slow
def test_a_challenger_that_repeats_itself_is_named(drills, tmp_path):
    result, folder = quick(
        drills, "repeats", tmp_path / "run", {"questions.count": 60, "rounds": 2, "roles.solver.steps": 1}
    )
    assert "repetition" in result["alarms"]
    alarms = [row for row in guard_events(folder) if row["name"] == "repetition"]
    assert {row["round"] for row in alarms} == {2}


def test_rewards_of_nan_never_reach_the_weights(drills, tmp_path):
    result, folder = quick(
        drills, "nan", tmp_path / "run", {"roles.challenger.steps": 5, "rounds": 1, "roles.solver.steps": 1}
    )
    assert "not_finite" in result["alarms"]
    assert result["rollbacks"][0] == "not_finite in round 1"
    assert result["error"] is None
    for role in folder.state["checkpoints"]:
        assert all(tensor.isfinite().all() for tensor in weights(folder, role).values())
    short = {"roles.challenger.steps": 2, "rounds": 1, "roles.solver.steps": 1}
    alone, bare = quick(drills, "nan", tmp_path / "bare", {**short, "guard.mode": "off"})
    assert "finite" in alone["error"]
    assert list(bare.rows("guard")) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", COLLAPSES)
def test_the_guard_ends_at_the_best_and_without_it_the_run_ends_15_points_lower(drills, tmp_path, name):
    drill = drills.DRILLS[name]
    guarded = drills.play(drill, tmp_path / "on", drill.config(drills.BASE, {"guard.mode": "on"}))
    alone = drills.play(drill, tmp_path / "off", drill.config(drills.BASE, {"guard.mode": "off"}))
    assert drill.alarms <= set(guarded["alarms"])
    assert guarded["rollbacks"]
    assert guarded["end"] >= guarded["best"] - 0.03
    assert alone["end"] <= guarded["end"] - 0.15


@pytest.mark.slow
def test_the_same_settings_without_a_fault_are_healthy(drills, tmp_path):
    healthy = drills.play(drills.DRILLS["none"], tmp_path / "run", drills.BASE.replace({"guard.mode": "on"}))
    assert healthy["alarms"] == []
    assert set(healthy["rollbacks"]) <= {"end in round 3"}
    assert healthy["end"] >= healthy["exams"][0] + 0.1
