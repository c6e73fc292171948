"""A run folder keeps what was committed, drops what was not, and never holds half a file."""

import json
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfplay_gym.core.errors import PluginError, RunError
from selfplay_gym.selfplay.storage.files import read_json, write_json, write_sealed
from selfplay_gym.selfplay.storage.log import Log
from selfplay_gym.selfplay.storage.run_folder import RunFolder


@pytest.fixture
def folder(tmp_path):
    return RunFolder.create(tmp_path / "run", "seed = 1\n", {"commit": None})


def test_rows_count_once_they_are_committed(folder):
    folder.log("metrics", [{"a": 1}])
    assert list(folder.rows("metrics")) == []
    folder.commit({"round": 1})
    assert list(RunFolder.open(folder.path).rows("metrics")) == [{"a": 1}]
    assert RunFolder.open(folder.path).state["round"] == 1


@settings(deadline=None, max_examples=50)  # every example flushes files to the disk
@given(st.lists(st.lists(st.text(st.characters(), max_size=9), max_size=4), max_size=5))
def test_read_from_the_end_a_log_is_the_same_the_other_way_round(tmp_path_factory, commits):
    folder = RunFolder.create(tmp_path_factory.mktemp("log") / "run", "", {})
    for number, texts in enumerate(commits):
        folder.log("labels", [{"round": number, "text": text} for text in texts])
        folder.commit({})
    with open(folder.log_path("labels"), "ab") as log:
        log.write(b'{"round": "not committed"}')
    assert list(folder.rows_from_end("labels")) == list(folder.rows("labels"))[::-1]
    assert len(list(folder.rows("labels"))) == sum(map(len, commits))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from(["questions", "labels", "attempts", "reviews"]), max_size=12))
def test_round_by_round_is_every_row_once_in_its_order(tmp_path_factory, logged):
    folder = RunFolder.create(tmp_path_factory.mktemp("log") / "run", "", {})
    for number, name in enumerate(logged):
        folder.log(name, [{"round": number // 3, "id": str(number), "row": row} for row in range(2)])
    folder.commit({})
    found = list(folder.by_round("questions", "labels", "reviews"))
    numbers = [number for number, _ in found]
    assert numbers == sorted({row["round"] for name in ("questions", "labels", "reviews") for row in folder.rows(name)})
    for name in ("questions", "labels", "reviews"):
        assert [row for _, rows in found for row in rows[name]] == list(folder.rows(name))
    for number, rows in found:
        assert all(rows[name] == folder.rows_of_round(name, number) for name in rows)


def test_reviews_of_earlier_rounds_may_come_late_and_other_rows_may_not(folder):
    folder.log("reviews", [{"round": 2, "id": "a"}, {"round": 1, "id": "b"}])
    folder.commit({})
    assert [(number, rows["reviews"][0]["id"]) for number, rows in folder.by_round("reviews")] == [(1, "b"), (2, "a")]
    folder.log("labels", [{"round": 2}, {"round": 1}])
    folder.commit({})
    with pytest.raises(RunError, match="rows of round 1 behind those of round 2"):
        list(folder.by_round("labels"))


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


@pytest.mark.parametrize("text", ["\ud800", "é\udfff\\", "a\ud800b\udc00\U0001f600\u2028", "\\ud800", "\udc00\ud800"])
def test_a_log_is_valid_unicode_whatever_a_model_wrote_and_reads_back_equal(folder, text):
    rows = [{"text": text, text: [text]}, {"text": "é"}]
    folder.log("questions", rows)
    folder.commit({"round": 1})
    raw = folder.log_path("questions").read_text(encoding="utf-8")
    assert [json.loads(line) for line in raw.split("\n")[:-1]] == rows
    assert "é" in raw
    for opened in (RunFolder.open(folder.path), RunFolder.resume(folder.path)):
        assert list(opened.rows("questions")) == list(opened.rows_from_end("questions"))[::-1] == rows


def test_a_log_with_raw_halves_of_an_older_version_is_read(tmp_path):
    line = '{"text": "é\ud800"}\n'.encode("utf-8", "surrogatepass")
    (tmp_path / "old.jsonl").write_bytes(line)
    assert list(Log(tmp_path / "old.jsonl", len(line), sha256(line).hexdigest()).rows()) == [{"text": "é\ud800"}]


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


@pytest.mark.parametrize("text", ["", "seed = 2\n", "seed = 1\n# looked at\n"])
def test_settings_that_somebody_changed_are_noticed(folder, text):
    (folder.path / "config.toml").write_text(text)
    with pytest.raises(RunError, match=r"not as the run wrote it.*put them back"):
        RunFolder.open(folder.path)


def test_settings_replaced_by_the_run_itself_stand_however_early_it_is_killed(folder, monkeypatch):
    def killed(path, text):
        raise SystemError("power cut")

    folder.commit({"round": 3})
    monkeypatch.setattr("selfplay_gym.selfplay.storage.run_folder.write_text", killed)
    with pytest.raises(SystemError):
        folder.replace_config("seed = 2\n")
    monkeypatch.undo()
    assert RunFolder.open(folder.path).config == "seed = 1\n"
    again = RunFolder.resume(folder.path)
    again.replace_config("seed = 2\n")
    opened = RunFolder.open(folder.path)
    assert (opened.config, opened.state["round"], len(opened.state["settings"])) == ("seed = 2\n", 3, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"logs": None},
        {"logs": {"metrics": "x"}},
        {"logs": {"../victim": 3}},
        {"round": "x"},
        {"step": -1},
        {"phase": 3},
        {"checkpoints": []},
        {"settings": None},
    ],
)
def test_a_state_that_is_none_is_named(folder, change):
    write_sealed(folder.path / "state.json", {**folder.state, **change})
    with pytest.raises(RunError, match="does not hold the state of a run"):
        RunFolder.resume(folder.path)


def test_rows_that_no_log_can_hold_are_named(folder):
    with pytest.raises(PluginError, match="no log 'nolog'"):
        folder.log("nolog", [{"a": 1}])
    for value in (float("nan"), object()):
        with pytest.raises(PluginError, match="'metrics' cannot be written as JSON"):
            folder.log("metrics", [{"a": value}])


def test_a_run_does_not_begin_in_the_folder_of_a_league(tmp_path):
    (tmp_path / "league.json").write_text("{}")
    with pytest.raises(RunError, match="holds a league"):
        RunFolder.vacant(tmp_path)
