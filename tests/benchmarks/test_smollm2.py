"""The experiment with a real model, played by the embedded one: its arms, and the report of what there is."""

from __future__ import annotations

import argparse
import json
import runpy
from pathlib import Path

import pytest

from selfplay_gym.core.errors import RunError
from selfplay_gym.selfplay.settings.tree import flatten

ROOT = Path(__file__).parents[2]
SCRIPT = runpy.run_path(str(ROOT / "benchmarks" / "smollm2.py"))
TINY = ROOT / "agents" / "models" / "tiny"
SMALL = [
    "rounds=1",
    'roles.challenger={"steps": 1, "groups": 1, "samples": 4}',
    'roles.solver={"steps": 1, "groups": 2, "samples": 4}',
    "labels.attempts=4",
    'questions={"count": 8, "keep_band": [0.0, 1.0]}',
    'exam={"questions": 6, "samples": 2}',
    "guard.questions=2",
]


def asked(folder, **changes):
    given = {"folder": folder, "base": TINY, "device": "cpu", "seed": 10, "rounds": None, "set": SMALL, "steps": None}
    return argparse.Namespace(**{**given, "arms": ["full"], "out": folder / "report.md", **changes})


def settings(arm, **changes):
    return dict(flatten(SCRIPT["config_of"](arm, TINY, asked(Path("."), set=[], **changes)).as_dict()))


def test_an_arm_changes_what_its_name_says():
    full = settings("full")
    found = {arm: {path for path, value in settings(arm).items() if full.get(path) != value} for arm in SCRIPT["ARMS"]}
    assert found == {
        "full": set(),
        "untrained": {"roles.challenger.learns"},
        "procedural": {"questions.sources"},
        "format-only": {"roles.solver.reward"},
    }
    assert full["roles.solver.weight_sharing"] == "lora"
    assert full["labels.source"] == "checked"


def test_a_gpu_brings_larger_batches_and_nothing_else():
    on_cpu, on_gpu = settings("full"), settings("full", device="cuda")
    larger = {path: value for path, value in on_gpu.items() if on_cpu[path] != value}
    assert larger.pop("compute.device") == "cuda"
    update = larger.pop("roles.solver.update")
    assert update.replace("steps=192", "steps=48") == on_cpu["roles.solver.update"] != update
    assert all(value >= on_cpu[path] for path, value in larger.items())


def test_an_unknown_arm_is_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["smollm2.py", str(tmp_path), "--arms", "full,none"])
    with pytest.raises(SystemExit):
        SCRIPT["main"]()
    assert "no arm none; there are full, untrained" in capsys.readouterr().err


def test_the_report_is_of_what_there_is(tmp_path, capsys):
    SCRIPT["report"](asked(tmp_path))
    assert "no arm" in capsys.readouterr().out
    for arm in ("full", "procedural"):
        SCRIPT["play"](arm, TINY, asked(tmp_path))
    SCRIPT["report"](asked(tmp_path))
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    for part in ("| full, sampled |", "| procedural, greedy |", "warm-up", "| full | 1 |", "procedural, round 1:"):
        assert part in text
    found = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert [arm["arm"] for arm in found["arms"]] == ["full", "procedural"]
    assert all(set(arm["exams"]) == {"0", "1"} for arm in found["arms"])
    assert (tmp_path / "report.svg").read_text(encoding="utf-8").startswith("<svg")


def test_a_played_arm_is_not_played_with_other_settings(tmp_path):
    SCRIPT["play"]("untrained", TINY, asked(tmp_path))
    SCRIPT["play"]("untrained", TINY, asked(tmp_path))  # over already
    with pytest.raises(RunError, match="other settings"):
        SCRIPT["play"]("untrained", TINY, asked(tmp_path, set=[*SMALL, "labels.attempts=6"]))
