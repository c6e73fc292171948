"""Damage in a run folder: the newest whole state comes back, what followed is forgotten, and it is written down."""

import os
import shutil

import pytest

from selfplay_gym.core.errors import RunError
from selfplay_gym.selfplay.storage.checkpoint import save_checkpoint
from selfplay_gym.selfplay.storage.checkpoint_store import CheckpointStore
from selfplay_gym.selfplay.storage.files import remove
from selfplay_gym.selfplay.storage.recovery import keep_snapshot, needed_checkpoints, reopen
from selfplay_gym.selfplay.storage.run_folder import RunFolder, read_state


class Words:
    def save_pretrained(self, folder):
        (folder / "model.txt").write_text("weights")


def commit(folder, **changes):
    folder.commit({**folder.own_state(), **changes})


@pytest.fixture
def run(tmp_path):
    """Three commits with a checkpoint each, one metrics row and two labels before every one, and a label after."""
    folder = RunFolder.create(tmp_path, "seed = 1\n", {})
    store = CheckpointStore(tmp_path / "checkpoints", keep=0)
    for number in (1, 2, 3):
        name = f"solver-0{number}-001"
        folder.log("metrics", [{"number": number}])
        folder.log("labels", [{"number": number}] * 2)
        save_checkpoint(store.path(name), Words())
        store.add(name)
        best = {"round": 1, "validation_accuracy": 0.5, "checkpoints": {"solver": "solver-01-001"}, "curriculum": {}}
        now = {
            "round": number,
            "phase": "gate",
            "checkpoints": {"solver": name},
            "best": best,
            "kept": dict(store.kept),
        }
        commit(folder, **now, votes=["as is"], saved=[name])
        keep_snapshot(store.path(name), folder.state)
    folder.log("labels", [{"number": "after the last checkpoint"}])
    commit(folder, saved=[])
    return folder


def damage(folder, *numbers):
    for number in numbers:
        (folder.path / "checkpoints" / f"solver-0{number}-001" / "model.txt").write_text("damaged")


def checkpoints(folder):
    return sorted(path.name for path in (folder.path / "checkpoints").iterdir())


def numbers(folder, log):
    return [row["number"] for row in folder.rows(log)]


def everything(path):
    return {file.relative_to(path): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}


def test_a_whole_run_is_left_as_it_is(run):
    before = everything(run.path)
    folder, report = reopen(run.path)
    assert report is None
    assert folder.state == run.state
    assert everything(run.path) == before


def test_what_was_not_committed_is_cut(run):
    with open(run.log_path("labels"), "ab") as log:
        log.write(b'{"half a')
    folder, report = reopen(run.path)
    assert report is None
    assert numbers(folder, "labels") == [1, 1, 2, 2, 3, 3, "after the last checkpoint"]
    assert folder.log_path("labels").stat().st_size == folder.state["logs"]["labels"]


def test_the_newest_whole_state_comes_back_with_its_logs(run):
    damage(run, 3)
    folder, report = reopen(run.path)
    assert "solver-03-001 is damaged: model.txt" in report
    assert report.endswith("; the run goes on from round 2, gate")
    assert (folder.state["round"], folder.state["checkpoints"]) == (2, {"solver": "solver-02-001"})
    assert folder.state["votes"] == ["as is"]
    assert set(folder.state["kept"]) == {"solver-01-001", "solver-02-001"}
    again, report_of_the_second = reopen(run.path)
    assert report_of_the_second is None
    assert again.state == folder.state
    assert numbers(again, "metrics") == [1, 2]
    assert numbers(again, "labels") == [1, 1, 2, 2]
    assert list(again.rows("guard")) == [
        {
            "round": 2,
            "phase": "gate",
            "event": "damage",
            "role": None,
            "step": None,
            "name": "checkpoint",
            "value": None,
            "limit": None,
            "why": report,
        }
    ]


def test_damage_to_the_best_is_damage_to_every_state_that_names_it(run):
    damage(run, 1)
    folder, report = reopen(run.path)
    assert report.endswith("; the run goes on from the start")
    assert "round" not in folder.state
    assert folder.state["kept"] == {}
    assert numbers(reopen(run.path)[0], "metrics") == []
    (row,) = RunFolder.open(run.path).rows("guard")
    assert (row["round"], row["phase"], row["name"]) == (0, "evaluate", "checkpoint")


def test_a_snapshot_that_cannot_be_read_is_no_state_to_go_back_to(run):
    damage(run, 3)
    (run.path / "checkpoints" / "solver-02-001" / "snapshot.json").write_text("{")
    folder, report = reopen(run.path)
    assert "round 1, gate" in report
    assert numbers(folder, "metrics") == [1]


def test_a_missing_checkpoint_is_damage(run):
    (run.path / "checkpoints" / "solver-03-001").rename(run.path / "elsewhere")
    assert "solver-03-001 is missing" in reopen(run.path)[1]


def test_a_checkpoint_that_was_not_given_its_snapshot_gets_it(run):
    name = "solver-03-001"
    commit(run, saved=[name])
    snapshot = run.path / "checkpoints" / name / "snapshot.json"
    snapshot.unlink()
    folder, report = reopen(run.path)
    assert report is None
    assert read_state(snapshot) == folder.state


@pytest.mark.parametrize("loss", ["cut", "gone"])
def test_a_lost_snapshot_is_told_and_written_anew(run, loss):
    snapshot = run.path / "checkpoints" / "solver-02-001" / "snapshot.json"
    snapshot.write_text("{") if loss == "cut" else snapshot.unlink()
    folder, report = reopen(run.path)
    assert "snapshot.json" in report
    assert report.endswith("; nothing of it is needed, and the run goes on")
    assert (folder.state["round"], numbers(folder, "metrics")) == (3, [1, 2, 3])
    assert read_state(snapshot) == folder.state
    assert reopen(run.path)[1] is None


def test_a_damaged_checkpoint_that_nobody_needs_is_set_aside(run):
    damage(run, 2)
    folder, report = reopen(run.path)
    assert "solver-02-001 is damaged" in report
    assert report.endswith("; nothing of it is needed, and the run goes on")
    assert checkpoints(folder) == ["solver-01-001", "solver-02-001.damaged", "solver-03-001"]
    assert set(folder.state["kept"]) == {"solver-01-001", "solver-03-001"}
    assert numbers(folder, "metrics") == [1, 2, 3]
    (row,) = folder.rows("guard")
    assert (row["round"], row["phase"], row["name"], row["why"]) == (3, "gate", "checkpoint", report)
    assert reopen(run.path)[1] is None


def test_a_damaged_log_takes_the_run_back_to_where_it_was_whole(run):
    path = run.log_path("labels")
    text = path.read_bytes()
    path.write_bytes(text.replace(b"3", b"4", 1))  # the fifth line, of round 3
    folder, report = reopen(run.path)
    assert "labels.jsonl is not as the run wrote it" in report
    assert report.endswith("; the run goes on from round 2, gate")
    assert numbers(folder, "labels") == [1, 1, 2, 2]
    (row,) = folder.rows("guard")
    assert row["name"] == "run folder"


def test_damage_that_no_earlier_state_can_do_without_touches_nothing(run):
    path = run.log_path("labels")
    path.write_bytes(path.read_bytes().replace(b"1", b"2", 1))
    before = everything(run.path)
    with pytest.raises(RunError, match=r"labels\.jsonl .*No earlier state of the run is whole, so nothing was touched"):
        reopen(run.path)
    assert everything(run.path) == before


def test_checkpoints_that_are_no_folder_are_refused(run):
    moved = run.path / "elsewhere"
    shutil.move(run.path / "checkpoints", moved)
    (run.path / "checkpoints").symlink_to(moved)
    with pytest.raises(RunError, match=r"checkpoints is no folder of its own"):
        reopen(run.path)
    (run.path / "checkpoints").unlink()
    (run.path / "checkpoints").write_text("a file")
    with pytest.raises(RunError, match=r"checkpoints is no folder of its own"):
        reopen(run.path)


def test_what_a_state_needs():
    state = {
        "checkpoints": {"solver": "a", "challenger": "b"},
        "references": {"solver": "c"},
        "best": {"round": 1, "checkpoints": {"solver": "d", "challenger": "b"}},
    }
    assert needed_checkpoints(state) == {"a", "b", "c", "d"}
    assert needed_checkpoints({}) == needed_checkpoints({"best": {}}) == set()


@pytest.mark.parametrize("number", [1, 2, 3])  # the best, one that nobody needs, and the present one
def test_an_added_file_is_refused_and_nothing_is_touched(run, number):
    added = run.path / "checkpoints" / f"solver-0{number}-001" / "added_tokens.json"
    added.write_text("{}")
    before = {file: file.read_bytes() for file in run.path.rglob("*") if file.is_file()}
    with pytest.raises(RunError, match=r"holds added_tokens\.json, which the run did not write"):
        reopen(run.path)
    assert before == {file: file.read_bytes() for file in run.path.rglob("*") if file.is_file()}
    added.unlink()
    assert reopen(run.path)[1] is None


@pytest.mark.parametrize("place", ["solver-03-001", "solver-03-001.draft", "solver-03-001/snapshot.json"])
def test_a_pipe_in_the_place_of_a_checkpoint_or_snapshot_is_not_opened(run, place):
    path = run.path / "checkpoints" / place
    remove(path)
    os.mkfifo(path)
    folder, report = reopen(run.path)
    store = CheckpointStore(path.parent if "/" not in place else path.parent.parent, keep=0, kept=folder.state["kept"])
    store.prune(["solver"])
    assert (report is None) == place.endswith(".draft")
    assert not path.is_fifo()
