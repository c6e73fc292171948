"""Damaged checkpoints: the newest whole state comes back, what followed is forgotten, and it is written down."""

import pytest

from selfplay_gym.selfplay.storage.checkpoint import save_checkpoint
from selfplay_gym.selfplay.storage.recovery import keep_snapshot, needed_checkpoints, recover
from selfplay_gym.selfplay.storage.run_folder import RunFolder, read_json


class Words:
    def save_pretrained(self, folder):
        (folder / "model.txt").write_text("weights")


@pytest.fixture
def run(tmp_path):
    """Three commits with a checkpoint each, one metrics row and two labels before every one."""
    folder = RunFolder.create(tmp_path, "seed = 1\n", {})
    for number in (1, 2, 3):
        name = f"solver-0{number}-001"
        folder.log("metrics", [{"number": number}])
        folder.log("labels", [{"number": number}] * 2)
        save_checkpoint(tmp_path / "checkpoints" / name, Words())
        best = {"round": 1, "checkpoints": {"solver": "solver-01-001"}}
        folder.commit(
            {"round": number, "phase": "gate", "checkpoints": {"solver": name}, "best": best, "kept": "as is"}
        )
        keep_snapshot(tmp_path / "checkpoints" / name, folder.state)
    folder.log("labels", [{"number": "after the last checkpoint"}])
    folder.commit({name: value for name, value in folder.state.items() if name not in ("logs", "settings")})
    return folder


def damage(folder, *numbers):
    for number in numbers:
        (folder.path / "checkpoints" / f"solver-0{number}-001" / "model.txt").write_text("damaged")


def checkpoints(folder):
    return sorted(path.name for path in (folder.path / "checkpoints").iterdir())


def numbers(folder, log):
    return [row["number"] for row in folder.rows(log)]


def test_a_whole_run_is_left_as_it_is(run):
    before = (run.path / "state.json").read_bytes()
    assert recover(RunFolder.resume(run.path)) is None
    assert (run.path / "state.json").read_bytes() == before
    assert list(RunFolder.open(run.path).rows("guard")) == []


def test_the_newest_whole_state_comes_back_with_its_logs(run):
    damage(run, 3)
    folder = RunFolder.resume(run.path)
    report = recover(folder)
    assert "solver-03-001 is damaged: model.txt" in report
    assert report.endswith("; the run goes on from round 2, gate")
    assert (folder.state["round"], folder.state["checkpoints"]) == (2, {"solver": "solver-02-001"})
    assert folder.state["kept"] == "as is"
    assert checkpoints(folder) == ["solver-01-001", "solver-02-001"]
    again = RunFolder.resume(run.path)
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
    assert recover(again) is None


def test_damage_to_the_best_is_damage_to_every_state_that_names_it(run):
    damage(run, 1)
    folder = RunFolder.resume(run.path)
    assert recover(folder).endswith("; the run goes on from the start")
    assert checkpoints(folder) == []
    assert "round" not in folder.state
    assert numbers(RunFolder.resume(run.path), "metrics") == []
    (row,) = RunFolder.open(run.path).rows("guard")
    assert (row["round"], row["phase"]) == (0, "evaluate")


def test_a_snapshot_that_cannot_be_read_is_no_state_to_go_back_to(run):
    damage(run, 3)
    (run.path / "checkpoints" / "solver-02-001" / "snapshot.json").write_text("{")
    folder = RunFolder.resume(run.path)
    assert "round 1, gate" in recover(folder)
    assert numbers(folder, "metrics") == [1]


def test_a_missing_checkpoint_is_damage(run):
    (run.path / "checkpoints" / "solver-03-001").rename(run.path / "elsewhere")
    assert "solver-03-001 is missing" in recover(RunFolder.resume(run.path))


def test_a_checkpoint_without_its_snapshot_gets_it(run):
    snapshot = run.path / "checkpoints" / "solver-03-001" / "snapshot.json"
    snapshot.unlink()
    folder = RunFolder.resume(run.path)
    assert recover(folder) is None
    assert read_json(snapshot) == folder.state


def test_what_a_state_needs():
    state = {
        "checkpoints": {"solver": "a", "challenger": "b"},
        "references": {"solver": "c"},
        "best": {"round": 1, "checkpoints": {"solver": "d", "challenger": "b"}},
    }
    assert needed_checkpoints(state) == {"a", "b", "c", "d"}
    assert needed_checkpoints({}) == needed_checkpoints({"best": {}}) == set()
