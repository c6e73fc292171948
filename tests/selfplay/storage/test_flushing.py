"""What is renamed into place was flushed before, and the folder after: a power cut finds the old or the new."""

import os

import pytest

from selfplay_gym.selfplay.storage.checkpoint import save_checkpoint
from selfplay_gym.selfplay.storage.files import write_json
from selfplay_gym.selfplay.storage.run_folder import RunFolder


@pytest.fixture
def done(monkeypatch):
    """The order in which files are flushed and renamed, by their names."""
    events = []
    flush, rename = os.fsync, os.replace

    def fsync(descriptor):
        events.append(f"flush {os.path.basename(os.readlink(f'/proc/self/fd/{descriptor}'))}")
        flush(descriptor)

    def replace(source, target):
        events.append(f"rename {os.path.basename(source)} {os.path.basename(target)}")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    return events


pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="names of open files are read from /proc")


def test_a_json_file(tmp_path, done):
    write_json(tmp_path / "x.json", {"a": 1})
    assert done == ["flush x.json.draft", "rename x.json.draft x.json", f"flush {tmp_path.name}"]


def test_logs_before_the_state_that_counts_them(tmp_path, done):
    folder = RunFolder.create(tmp_path / "run", "", {})
    folder.log("labels", [{"n": 1}])
    done.clear()
    folder.commit({})
    assert done.index("flush labels.jsonl") < done.index("flush state.json.draft")
    assert done[-3:] == ["flush state.json.draft", "rename state.json.draft state.json", "flush run"]
    assert "flush metrics.jsonl" not in done


def test_the_settings_of_a_new_run_come_last(tmp_path, done):
    RunFolder.create(tmp_path / "run", "", {})
    renamed = [event.split()[-1] for event in done if event.startswith("rename")]
    assert renamed == ["environment.json", "state.json", "config.toml"]


def test_every_file_of_a_checkpoint(tmp_path, done):
    class Words:
        def save_pretrained(self, folder):
            (folder / "a.txt").write_text("a")
            (folder / "b.txt").write_text("b")

    save_checkpoint(tmp_path / "c", Words())
    moment = done.index("rename c.draft c")
    assert {"flush a.txt", "flush b.txt", "flush manifest.json.draft"} <= set(done[:moment])
    assert done[moment + 1 :] == [f"flush {tmp_path.name}"]
