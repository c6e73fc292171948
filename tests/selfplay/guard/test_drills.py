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
    "rounds": 1, "questions": 16, "attempts": 4, "challenger_groups": 2, "challenger_steps": 1, "challenger_samples": 4,
    "solver_steps": 3, "solver_prompts": 8, "exam_questions": 8, "exam_samples": 1, "validation_questions": 24,
    "band": 0.5, "max_new_tokens": 48, "challenger_max_new_tokens": 48, "guard": "on",
}  # fmt: skip
"""Little of everything: a few CPU seconds a run."""


@pytest.fixture(scope="module")
def drills():
    spec = importlib.util.spec_from_file_location("guard_drills", SCRIPT)
    module = sys.modules["guard_drills"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["guard_drills"]


def quick(drills, name, path, **changes):
    drill = replace(drills.DRILLS[name], honest_rounds=0)
    return drills.play(drill, path, drill.config(drills.BASE, **{**QUICK, **changes})), RunFolder.open(path)


def weights(folder, role):
    return load_file(folder.path / "checkpoints" / folder.state["checkpoints"][role] / "model.safetensors")


def test_a_verifier_that_turns_is_seen_at_once(drills, tmp_path):
    result, _ = quick(drills, "verifier", tmp_path / "run", learning_rate=1e-4, rounds=1)
    assert "perverse_pay" in result["alarms"]


@pytest.mark.parametrize(
    ("name", "settings", "alarms"),
    [
        ("rate", {"learning_rate": 1e-2}, {"large_update", "far_from_base", "validation_falls"}),
        ("silence", {"learning_rate": 3e-3, "solver_steps": 5}, {"length", "misled", "validation_falls"}),
    ],
)
def test_a_collapse_is_named_and_the_best_solver_is_left(drills, tmp_path, name, settings, alarms):
    result, folder = quick(drills, name, tmp_path / "run", **settings)
    assert alarms <= set(result["alarms"])
    assert result["rollbacks"] == ["fall in round 1"]
    assert result["end"] == result["exams"][0] > result["exams"][1]
    assert folder.state["checkpoints"] == folder.state["best"]["checkpoints"]
    assert folder.state["guard"]["rule"]["scale"] < 1.0


def test_a_challenger_that_repeats_itself_is_named(drills, tmp_path):
    result, folder = quick(drills, "repeats", tmp_path / "run", questions=60, rounds=2, solver_steps=1)
    assert "repetition" in result["alarms"]
    told = [row for row in guard_events(folder) if row["name"] == "repetition"]
    assert {row["round"] for row in told} == {2}


def test_rewards_of_nan_never_reach_the_weights(drills, tmp_path):
    result, folder = quick(drills, "nan", tmp_path / "run", rounds=1, challenger_steps=5, solver_steps=1)
    assert "not_finite" in result["alarms"]
    assert result["rollbacks"][0] == "not_finite in round 1"
    assert result["error"] is None
    for role in folder.state["checkpoints"]:
        assert all(tensor.isfinite().all() for tensor in weights(folder, role).values())
    alone, bare = quick(drills, "nan", tmp_path / "bare", rounds=1, challenger_steps=2, solver_steps=1, guard="off")
    assert "finite" in alone["error"]
    assert list(bare.rows("guard")) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", COLLAPSES)
def test_the_guard_ends_at_the_best_and_without_it_the_run_ends_15_points_lower(drills, tmp_path, name):
    drill = drills.DRILLS[name]
    guarded = drills.play(drill, tmp_path / "on", drill.config(drills.BASE, guard="on"))
    alone = drills.play(drill, tmp_path / "off", drill.config(drills.BASE, guard="off"))
    assert drill.alarms <= set(guarded["alarms"])
    assert guarded["rollbacks"]
    assert guarded["end"] >= guarded["best"] - 0.03
    assert alone["end"] <= guarded["end"] - 0.15


@pytest.mark.slow
def test_the_same_settings_without_a_fault_are_healthy(drills, tmp_path):
    healthy = drills.play(drills.DRILLS["none"], tmp_path / "run", drills.BASE.replace(guard="on"))
    assert healthy["alarms"] == []
    assert set(healthy["rollbacks"]) <= {"end in round 3"}
    assert healthy["end"] >= healthy["exams"][0] + 0.1
