"""What a run folder holds from its first moment on, what it gives back, and what it refuses."""

import hashlib
import json
import os

import pytest
import torch

from selfplay_gym.core.errors import PluginError, RunError
from selfplay_gym.selfplay.storage.checkpoint import (
    check_checkpoint,
    load_optimiser,
    manifest_digest,
    save_checkpoint,
)
from selfplay_gym.selfplay.storage.files import (
    DamageError,
    read_json,
    read_sealed,
    remove,
    write_json,
    write_sealed,
    write_text,
)
from selfplay_gym.selfplay.storage.run_folder import LOGS, RunFolder


@pytest.fixture
def folder(tmp_path):
    return RunFolder.create(tmp_path / "deep" / "run", "seed = 1\n", {"commit": "abc"})


def test_the_logs_of_a_run():
    assert LOGS == (
        "metrics",
        "questions",
        "attempts",
        "labels",
        "guard",
        "timings",
        "reviews",
        "pool",
        "refusals",
        "queue",
        "trajectories",
    )


def test_a_new_run_is_whole_from_its_first_moment(folder):
    assert folder.config == "seed = 1\n"
    assert read_sealed(folder.path / "environment.json") == folder.environment() == {"commit": "abc"}
    assert all(folder.log_path(name).read_bytes() == b"" for name in LOGS)
    assert folder.log_path("guard") == folder.path / "guard.jsonl"
    opened = RunFolder.open(folder.path)
    assert opened.state == folder.state == read_sealed(folder.path / "state.json")
    assert opened.state["logs"] == dict.fromkeys(LOGS, 0)
    assert not list(folder.path.glob("*.draft"))


def test_a_vacant_folder_is_not_touched(tmp_path):
    RunFolder.vacant(tmp_path / "new")
    assert not (tmp_path / "new").exists()
    (tmp_path / "empty").mkdir()
    RunFolder.vacant(tmp_path / "empty")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(RunError, match=r"is a file; --run-dir must name a folder"):
        RunFolder.vacant(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_rows_come_back_in_order_from_either_end_in_the_letters_they_were_written(folder):
    rows = [{"n": n, "text": "é三\n"} for n in range(5)]
    folder.log("labels", rows[:2])
    folder.log("labels", rows[2:3])
    folder.log("guard", [{"g": 1}])
    assert list(folder.rows("labels")) == list(folder.rows_from_end("labels")) == []
    folder.commit({"round": 1})
    folder.log("labels", rows[3:])
    folder.commit({"round": 2})
    folder.commit({"round": 3})
    for found in (folder, RunFolder.open(folder.path), RunFolder.resume(folder.path)):
        assert list(found.rows("labels")) == rows
        assert list(found.rows_from_end("labels")) == rows[::-1]
        assert list(found.rows("guard")) == [{"g": 1}]
        assert found.state["round"] == 3
    text = folder.log_path("labels").read_text(encoding="utf-8")
    assert text.splitlines()[0] == json.dumps(rows[0], ensure_ascii=False)
    assert folder.state["logs"]["labels"] == len(text.encode())


def test_a_log_that_a_state_does_not_know_is_empty_and_a_missing_one_is_named(folder):
    folder.log("labels", [{"n": 1}])
    folder.commit({})
    folder.log_path("labels").unlink()
    with pytest.raises(RunError, match=r"labels\.jsonl is missing"):
        list(folder.rows("labels"))
    del folder.state["logs"]["labels"]
    assert list(folder.rows("labels")) == []


def test_a_row_that_cannot_be_written_spoils_no_other(folder):
    folder.log("metrics", [{"n": 1}])
    with pytest.raises(PluginError, match="'metrics' cannot be written as JSON"):
        folder.log("metrics", [{"n": 2}, {"n": float("inf")}])
    with pytest.raises(PluginError, match=r"no log 'diary'.*metrics, questions"):
        folder.log("diary", [])
    folder.log("metrics", [{"n": 3}])
    folder.commit({})
    assert list(folder.rows("metrics")) == [{"n": 1}, {"n": 3}]


def test_resuming_drops_what_was_not_committed_and_refuses_what_is_too_short(folder):
    folder.log("metrics", [{"n": 1}])
    folder.commit({})
    whole = folder.log_path("metrics").read_bytes()
    folder.log_path("metrics").write_bytes(whole + b'{"n": 2}\n')
    RunFolder.open(folder.path)
    assert folder.log_path("metrics").read_bytes() == whole + b'{"n": 2}\n'
    RunFolder.resume(folder.path)
    assert folder.log_path("metrics").read_bytes() == whole
    folder.log_path("metrics").write_bytes(whole[:-1])
    with pytest.raises(RunError, match=r"metrics\.jsonl"):
        RunFolder.resume(folder.path)


def test_other_settings_are_refused_until_the_run_itself_writes_them(folder):
    folder.commit({"round": 2})
    folder.replace_config("seed = 2\n")
    opened = RunFolder.open(folder.path)
    assert (opened.config, opened.state["round"], len(opened.state["settings"])) == ("seed = 2\n", 2, 1)
    (folder.path / "config.toml").write_text("seed = 1\n")
    with pytest.raises(RunError, match=r"not as the run wrote it"):
        RunFolder.open(folder.path)


def test_a_state_without_checksums_can_be_read_and_says_what_is_not_checked(folder):
    assert folder.note == RunFolder.open(folder.path).note == ""
    state = {name: value for name, value in folder.state.items() if name != "log_sha256"}
    write_sealed(folder.path / "state.json", state)
    write_json(folder.path / "environment.json", {})
    said = "holds no checksums, as older versions wrote it: damage in the run is not noticed"
    assert RunFolder.open(folder.path).note == f"{folder.path / 'state.json'} {said}"
    with pytest.raises(RunError, match=f"{said}, so it cannot go on"):
        RunFolder.resume(folder.path)


def test_a_run_of_an_older_kind_says_so(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(RunError, match="from a version that had no config"):
        RunFolder.open(tmp_path)
    (tmp_path / "other").mkdir()
    with pytest.raises(RunError, match=r"no run in .*selfplay-gym train"):
        RunFolder.open(tmp_path / "other")


@pytest.mark.parametrize(
    "change", [{"round": True}, {"round": 1.0}, {"round": -1}, {"step": None}, {"logs": {"metrics": True}}]
)
@pytest.mark.parametrize("through", [RunFolder.open, RunFolder.resume])
def test_a_state_of_other_types_is_damage(folder, change, through):
    write_sealed(folder.path / "state.json", {**folder.state, **change})
    with pytest.raises(RunError, match="does not hold the state of a run"):
        through(folder.path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "is missing"),
        ("{", "is not valid JSON"),
        ("[1]", "should hold a JSON object, got list"),
        ("3", "should hold a JSON object, got int"),
        ("", "is not valid JSON"),
    ],
)
def test_what_is_no_json_object_is_named(tmp_path, text, said):
    path = tmp_path / "x.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(RunError, match=rf"x\.json {said}"):
        read_json(path)


def test_a_file_is_replaced_whole_and_readable_by_people(tmp_path):
    path = tmp_path / "x.json"
    for value in ({"a": "é", "b": [1]}, {"a": 2}):
        write_json(path, value)
        assert read_json(path) == value
    write_json(path, {"a": "é"})
    assert path.read_text(encoding="utf-8") == '{\n "a": "é"\n}'
    write_text(path, "ß\n")
    assert path.read_bytes() == "ß\n".encode()
    assert [found.name for found in tmp_path.iterdir()] == ["x.json"]


class Words:
    def save_pretrained(self, folder):
        (folder / "deep").mkdir()
        (folder / "deep" / "model.txt").write_text("weights")


def test_a_checkpoint_sums_every_file_and_leaves_no_draft(tmp_path):
    path = tmp_path / "checkpoints" / "solver-01-001"
    transposed = torch.arange(6.0).reshape(2, 3).T
    (tmp_path / "checkpoints" / "solver-01-001.draft").mkdir(parents=True)
    (tmp_path / "checkpoints" / "solver-01-001.draft" / "old").write_text("of a killed process")
    save_checkpoint(path, Words(), {"means": transposed})
    assert [found.name for found in path.parent.iterdir()] == ["solver-01-001"]
    sums = read_sealed(path / "manifest.json")["sha256"]
    assert sorted(sums) == ["deep/model.txt", "optimiser.safetensors"]
    assert sums["deep/model.txt"] == hashlib.sha256(b"weights").hexdigest()
    assert torch.equal(load_optimiser(path)["means"], transposed)
    check_checkpoint(path)
    for name in sums:
        held = (path / name).read_bytes()
        (path / name).write_bytes(held[:-1] + bytes([held[-1] ^ 1]))
        with pytest.raises(RunError, match=f"solver-01-001 is damaged: {name} does not match its checksum"):
            check_checkpoint(path)
        (path / name).unlink()
        with pytest.raises(RunError, match=f"solver-01-001 is damaged: {name} is missing"):
            check_checkpoint(path)
        (path / name).write_bytes(held)
    check_checkpoint(path)


def test_a_manifest_is_held_against_the_checksum_that_the_run_keeps(tmp_path):
    save_checkpoint(tmp_path / "c", Words())
    known = hashlib.sha256((tmp_path / "c" / "manifest.json").read_bytes()).hexdigest()
    assert manifest_digest(tmp_path / "c") == known
    check_checkpoint(tmp_path / "c", known)
    with pytest.raises(RunError, match=r"c is damaged: manifest\.json is not as the run wrote it"):
        check_checkpoint(tmp_path / "c", "0" * 64)
    write_sealed(tmp_path / "c" / "manifest.json", {"sha256": {"deep/model.txt": 3}})
    with pytest.raises(RunError, match=r"c is damaged: manifest\.json does not hold checksums"):
        check_checkpoint(tmp_path / "c")
    (tmp_path / "link").symlink_to(tmp_path / "c")
    with pytest.raises(RunError, match=r"link is a link"):
        check_checkpoint(tmp_path / "link")


@pytest.mark.parametrize("name", ["added_tokens.json", "special_tokens_map.json", "deep/more.jinja"])
def test_a_file_that_was_added_to_a_checkpoint_is_refused(tmp_path, name):
    save_checkpoint(tmp_path / "c", Words())
    for own in ("snapshot.json", "snapshot.json.draft"):  # a killed process may leave the second
        (tmp_path / "c" / own).write_text("{}")
    check_checkpoint(tmp_path / "c")
    (tmp_path / "c" / name).write_text("{}")
    with pytest.raises(RunError, match=f"holds {name}, which the run did not write") as refused:
        check_checkpoint(tmp_path / "c")
    assert not isinstance(refused.value, DamageError)  # nothing is to be repaired, so no earlier state is looked for


def test_a_link_inside_a_checkpoint_is_damage(tmp_path):
    save_checkpoint(tmp_path / "c", Words())
    (tmp_path / "c" / "deep" / "model.txt").rename(tmp_path / "elsewhere")
    (tmp_path / "c" / "deep" / "model.txt").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunError, match=r"c is damaged: deep/model\.txt is a link"):
        check_checkpoint(tmp_path / "c")


def test_removing_follows_no_link(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    for name in ("link", "mine", "nothing"):
        remove(tmp_path / name)
        assert not (tmp_path / name).exists()
        assert (tmp_path / "mine" / "x").exists() == (name == "link")
    (tmp_path / "file").write_text("x")
    os.mkfifo(tmp_path / "pipe")  # opened, it would wait for a writer
    for name in ("file", "pipe"):
        remove(tmp_path / name)
        assert not (tmp_path / name).exists()


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_stands_in_the_place_of_a_draft_is_removed_and_not_opened(tmp_path, make):
    make(tmp_path / "state.json.draft")
    write_text(tmp_path / "state.json", "new")
    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]


def test_a_checkpoint_may_have_no_optimiser(tmp_path):
    for tensors in (None, {}):
        save_checkpoint(tmp_path / "c", Words(), tensors)
        assert load_optimiser(tmp_path / "c") == {}
        assert sorted(read_sealed(tmp_path / "c" / "manifest.json")["sha256"]) == ["deep/model.txt"]
    with pytest.raises(RunError, match=r"checkpoint .*nowhere is missing"):
        check_checkpoint(tmp_path / "nowhere")


def test_a_log_that_the_version_before_did_not_keep_begins_empty_on_resume(folder):
    folder.log("metrics", [{"round": 1}])
    folder.commit({"round": 1, "phase": "generate"})
    state = read_sealed(folder.path / "state.json")
    for kept in (state["logs"], state["log_sha256"]):
        del kept["pool"]
    write_sealed(folder.path / "state.json", state)
    folder.log_path("pool").unlink()
    again = RunFolder.resume(folder.path)
    again.log("pool", [{"round": 1}])
    again.commit(again.own_state())
    assert list(RunFolder.open(folder.path).rows("pool")) == [{"round": 1}]
    assert list(RunFolder.resume(folder.path).rows("metrics")) == [{"round": 1}]


def test_what_lies_in_the_place_of_such_a_log_is_not_taken_for_the_runs(folder):
    state = read_sealed(folder.path / "state.json")
    del state["logs"]["pool"]
    write_sealed(folder.path / "state.json", state)
    folder.log_path("pool").write_text('{"round": 1}\n')
    with pytest.raises(DamageError, match="is there already"):
        RunFolder.resume(folder.path)
