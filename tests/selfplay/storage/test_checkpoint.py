"""A checkpoint is whole or absent, and damage is noticed before it is used."""

import pytest
import torch

from selfplay_gym.core.errors import RunError
from selfplay_gym.selfplay.storage.checkpoint import check_checkpoint, load_optimiser, save_checkpoint
from selfplay_gym.selfplay.storage.checkpoint_store import CheckpointStore
from selfplay_gym.selfplay.storage.recovery import recover
from selfplay_gym.selfplay.storage.run_folder import RunFolder, read_json


class Words:
    """Saves a file, as a model would."""

    def __init__(self, text):
        self.text = text

    def save_pretrained(self, folder):
        (folder / "model.txt").write_text(self.text)


def test_tensors_come_back_bit_for_bit_and_a_new_save_replaces_the_old(tmp_path):
    state = {"a": torch.randn(3, 4, generator=torch.Generator().manual_seed(0)), "step": torch.tensor([7])}
    for text in ("one", "two"):
        save_checkpoint(tmp_path / "c", Words(text), state)
    check_checkpoint(tmp_path / "c")
    assert (tmp_path / "c" / "model.txt").read_text() == "two"
    assert all(torch.equal(state[name], tensor) for name, tensor in load_optimiser(tmp_path / "c").items())


def test_a_changed_or_missing_file_is_named(tmp_path):
    save_checkpoint(tmp_path / "c", Words("weights"))
    assert load_optimiser(tmp_path / "c") == {}
    (tmp_path / "c" / "model.txt").write_text("weighty")
    with pytest.raises(RunError, match=r"damaged: model\.txt"):
        check_checkpoint(tmp_path / "c")
    (tmp_path / "c" / "model.txt").unlink()
    with pytest.raises(RunError, match=r"model\.txt is missing"):
        check_checkpoint(tmp_path / "c")
    with pytest.raises(RunError, match="missing"):
        check_checkpoint(tmp_path / "nothing")


def test_a_save_that_fails_leaves_the_old_checkpoint(tmp_path):
    save_checkpoint(tmp_path / "c", Words("old"))

    class Full:
        def save_pretrained(self, folder):
            (folder / "model.txt").write_text("ne")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(tmp_path / "c", Full())
    check_checkpoint(tmp_path / "c")
    assert (tmp_path / "c" / "model.txt").read_text() == "old"


def test_pruning_keeps_the_named_and_the_last_of_the_newest_rounds(tmp_path):
    store = CheckpointStore(tmp_path, keep=2)
    for name in ("solver-01-005", "solver-01-010", "solver-02-005", "solver-02-010", "solver-03-005", "x.draft"):
        (tmp_path / name).mkdir()
    for other in ("challenger-01-005", "solver_b-01-005", "solver-b-01-005"):
        (tmp_path / other).mkdir()
    assert store.prune("solver", {"solver-01-005"}) == ["solver-01-010", "solver-02-005"]
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        *("challenger-01-005", "solver-01-005", "solver-02-010", "solver-03-005"),
        *("solver-b-01-005", "solver_b-01-005"),
    ]


def test_a_checkpoint_killed_before_its_snapshot_gets_it_on_resume(tmp_path):
    folder = RunFolder.create(tmp_path, "", {})
    save_checkpoint(tmp_path / "checkpoints" / "solver-01-001", Words("weights"))
    folder.commit({"round": 1, "phase": "train(solver)", "checkpoints": {"solver": "solver-01-001"}})
    assert recover(RunFolder.resume(tmp_path)) is None
    assert read_json(tmp_path / "checkpoints" / "solver-01-001" / "snapshot.json") == folder.state
    folder.commit({"round": 1, "phase": "evaluate", "checkpoints": {"solver": "solver-01-001"}})
    assert recover(RunFolder.resume(tmp_path)) is None
    assert read_json(tmp_path / "checkpoints" / "solver-01-001" / "snapshot.json")["phase"] == "train(solver)"
