"""A damaged run folder is named, and repaired or refused; the drill with a real model is benchmarks/damage_drill.py."""

import importlib.util
import json
import shutil
import sys
from pathlib import Path

import pytest

from selfplay_gym.core.errors import RunError
from selfplay_gym.selfplay.report.write import render_report
from selfplay_gym.selfplay.storage.files import write_json, write_sealed
from selfplay_gym.selfplay.storage.run_folder import RunFolder

DRILL = Path(__file__).parents[3] / "benchmarks" / "damage_drill.py"


@pytest.fixture(scope="module")
def drill():
    spec = importlib.util.spec_from_file_location("damage_drill", DRILL)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclasses look for themselves
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture(scope="module")
def runs(scripted_run, resume_scripted, tmp_path_factory):
    """A run stopped in its second round, and the same one played to its end."""
    folder = tmp_path_factory.mktemp("damage")
    for name in ("half", "whole"):
        scripted_run(folder / name, rounds=1, until="label")
    resume_scripted(folder / "whole")
    return folder / "half", folder / "whole"


def silent(drill, runs, resume, room, most, seed=0):
    """What went on silently, one line each; nothing is what must be."""
    outcomes = list(drill.drills(*runs, room, resume, most=most, seed=seed))
    assert len({outcome.verdict for outcome in outcomes}) > 1
    return "\n".join(f"{one.damage}: {one.said}" for one in outcomes if one.verdict == "SILENT")


def test_damage_is_named_and_repaired_or_refused(drill, runs, resume_scripted, tmp_path):
    assert silent(drill, runs, resume_scripted, tmp_path, most=10) == ""


def test_a_state_that_no_run_writes_is_refused_even_with_a_fitting_checksum(drill, runs, resume_scripted, tmp_path):
    whole = drill.result(runs[1])
    for name in drill.STATES:
        damage = drill.Damage("state.json", f"state: {name}, sealed")
        outcome = drill.drill(runs[0], whole, damage, tmp_path, resume_scripted)
        assert outcome.verdict != "SILENT", f"{name}: {outcome.said}"


@pytest.mark.slow
def test_every_damage_is_named_and_repaired_or_refused(drill, runs, resume_scripted, tmp_path):
    assert len(drill.damages(runs[0])) > 150
    assert silent(drill, runs, resume_scripted, tmp_path, most=1000) == ""


def test_every_file_and_every_kind_is_drilled(drill, runs):
    found = drill.damages(runs[0])
    kinds = {damage.kind for damage in found}
    assert {"flip", "zero", "cut", "remove", "garbage", "folder", "link", "nan", "nested"} <= kinds
    files = {path.relative_to(runs[0]).as_posix() for path in runs[0].rglob("*") if path.is_file()}
    assert files <= {damage.file for damage in found}


@pytest.mark.parametrize("log", ["metrics", "questions", "attempts", "labels", "guard", "timings"])
def test_a_report_does_not_believe_a_changed_log(runs, tmp_path, log):
    shutil.copytree(runs[1], tmp_path / "run")
    path = tmp_path / "run" / f"{log}.jsonl"
    path.write_bytes(path.read_bytes().replace(b"1", b"2", 1))
    with pytest.raises(RunError, match=rf"{log}\.jsonl is not as the run wrote it"):
        render_report(RunFolder.open(tmp_path / "run"))
    path.write_bytes(b"")
    with pytest.raises(RunError, match=rf"{log}\.jsonl has 0 bytes"):
        render_report(RunFolder.open(tmp_path / "run"))


def test_a_run_of_a_version_without_checksums_is_read_with_a_note_and_not_continued(runs, resume_scripted, tmp_path):
    shutil.copytree(runs[0], tmp_path / "run")
    path = tmp_path / "run" / "state.json"
    new = ("log_sha256", "checksum", "kept", "saved")
    write_json(path, {name: value for name, value in json.loads(path.read_text()).items() if name not in new})
    made = tmp_path / "run" / "environment.json"
    write_json(made, {name: value for name, value in json.loads(made.read_text()).items() if name != "checksum"})
    folder = RunFolder.open(tmp_path / "run")
    assert "holds no checksums" in folder.note
    assert render_report(folder)
    with pytest.raises(RunError, match="cannot go on"):
        resume_scripted(tmp_path / "run")


def changed(path, change):
    """A file of a run after a change by hand, with a new checksum if it still has one."""
    value = change(json.loads(path.read_text()))
    (write_json if value.pop("checksum", None) is None else write_sealed)(path, value)


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("environment.json", lambda value: {}, "holds no checksum"),
        ("environment.json", lambda value: {**value, "versions": 5}, "does not say where a run was made"),
        ("state.json", lambda value: {**value, "checksun": value["checksum"]}, "checksun"),
        ("state.json", lambda value: {k: v for k, v in value.items() if k != "checksum"}, "none of itself"),
        ("state.json", lambda value: {k: v for k, v in value.items() if "sum" not in k and "256" not in k}, "changed"),
    ],
)
def test_where_one_file_is_sealed_every_other_must_be(runs, tmp_path, file, change, said):
    shutil.copytree(runs[1], tmp_path / "run")
    changed(tmp_path / "run" / file, change)
    with pytest.raises(RunError, match=said):
        RunFolder.open(tmp_path / "run")


def test_a_report_shows_a_run_that_does_not_say_where_it_was_made(runs, tmp_path):
    shutil.copytree(runs[1], tmp_path / "run")
    changed(tmp_path / "run" / "environment.json", lambda value: {"checksum": ""})
    assert "outside a checkout" in render_report(RunFolder.open(tmp_path / "run"))
