"""A run folder keeps what was committed, drops what was not, and never holds half a file."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfplay_gym.core.errors import RunError
from selfplay_gym.selfplay.storage.run_folder import RunFolder, read_json, write_json


@pytest.fixture
def folder(tmp_path):
    return RunFolder.create(tmp_path / "run", "seed = 1\n", {"commit": None})


def test_rows_count_once_they_are_committed(folder):
    folder.log("metrics", [{"a": 1}])
    assert list(folder.rows("metrics")) == []
    folder.commit({"round": 1})
    assert list(RunFolder.open(folder.path).rows("metrics")) == [{"a": 1}]
    assert RunFolder.open(folder.path).state["round"] == 1


@given(st.lists(st.lists(st.text(st.characters(), max_size=9), max_size=4), max_size=5))
def test_read_from_the_end_a_log_is_the_same_the_other_way_round(tmp_path_factory, commits):
    folder = RunFolder.create(tmp_path_factory.mktemp("log") / "run", "", {})
    for number, texts in enumerate(commits):
        folder.log("labels", [{"round": number, "text": text} for text in texts])
        folder.commit({})
    folder.log("labels", [{"round": "not committed"}])
    folder._append("labels")
    assert list(folder.rows_from_end("labels")) == list(folder.rows("labels"))[::-1]
    assert len(list(folder.rows("labels"))) == sum(map(len, commits))


def test_resume_cuts_off_what_a_killed_process_wrote_after_the_last_commit(folder):
    folder.log("questions", [{"text": "é\ud800"}])
    folder.commit({"round": 1})
    with open(folder.log_path("questions"), "ab") as log:
        log.write(b'{"half a li')
    resumed = RunFolder.resume(folder.path)
    assert [row["text"] for row in resumed.rows("questions")] == ["é\ud800"]
    resumed.log("questions", [{"text": "next"}])
    resumed.commit({"round": 2})
    assert len(list(resumed.rows("questions"))) == 2


def test_a_run_is_never_overwritten(folder):
    before = (folder.path / "config.toml").read_bytes()
    with pytest.raises(RunError, match=r"already holds a run.*--resume"):
        RunFolder.create(folder.path, "seed = 2\n", {})
    assert (folder.path / "config.toml").read_bytes() == before


def test_no_run_a_shortened_log_and_broken_json_are_named(folder, tmp_path):
    with pytest.raises(RunError, match="no run in"):
        RunFolder.open(tmp_path / "elsewhere")
    folder.log("labels", [{"x": 1}])
    folder.commit({})
    folder.log_path("labels").write_text("")
    with pytest.raises(RunError, match="damaged"):
        RunFolder.resume(folder.path)
    (folder.path / "state.json").write_text("{")
    with pytest.raises(RunError, match="not valid JSON"):
        RunFolder.open(folder.path)


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "state.json"
    write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"a": float("nan")})
    assert read_json(path) == {"a": 1}
    assert json.loads(path.read_text()) == {"a": 1}
