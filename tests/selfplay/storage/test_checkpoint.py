"""A checkpoint is whole or absent, and damage is noticed before it is used."""

import pytest
import torch

from selfplay_gym.core.errors import RunError
from selfplay_gym.selfplay.storage.checkpoint import check_checkpoint, load_optimiser, save_checkpoint
from selfplay_gym.selfplay.storage.checkpoint_store import CheckpointStore
from selfplay_gym.selfplay.storage.recovery import reopen
from selfplay_gym.selfplay.storage.run_folder import RunFolder, read_state


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
    (tmp_path / "x.draft").mkdir()
    for name in ("solver-01-005", "solver-01-010", "solver-02-005", "solver-02-010", "solver-03-005"):
        save_checkpoint(tmp_path / name, Words(name))
        store.add(name)
    for other in ("challenger-01-005", "solver_b-01-005", "solver-b-01-005"):
        save_checkpoint(tmp_path / other, Words(other))
        store.add(other)
    for foreign in ("mine-01-005", "notes"):
        (tmp_path / foreign).mkdir()
    stays = store.select({"solver-01-005"})
    assert store.prune(["solver", "challenger"]) == ["solver-01-010", "solver-02-005", "x.draft"]
    expected = ["challenger-01-005", "solver-01-005", "solver-02-010", "solver-03-005"]
    expected += ["solver-b-01-005", "solver_b-01-005"]
    assert sorted(stays) == expected
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*expected, "mine-01-005", "notes"])


def test_an_uncommitted_checkpoint_and_a_link_in_its_place_are_removed_and_not_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("precious")
    store = CheckpointStore(tmp_path / "checkpoints", keep=1)
    save_checkpoint(store.path("solver-01-001"), Words("one"))
    store.path("solver-01-002").symlink_to(tmp_path / "elsewhere")
    store.path("solver-01-003.draft").symlink_to(tmp_path / "elsewhere")
    assert len(store.prune(["solver"])) == 3
    assert (tmp_path / "elsewhere" / "file").read_text() == "precious"


def test_a_checkpoint_killed_before_its_snapshot_gets_it_on_resume(tmp_path):
    folder = RunFolder.create(tmp_path, "", {})
    save_checkpoint(tmp_path / "checkpoints" / "solver-01-001", Words("weights"))
    store = CheckpointStore(tmp_path / "checkpoints", keep=1)
    store.add("solver-01-001")
    state = {"round": 1, "phase": "train(solver)", "checkpoints": {"solver": "solver-01-001"}, "kept": store.kept}
    folder.commit({**state, "saved": ["solver-01-001"]})
    assert reopen(tmp_path)[1] is None
    assert read_state(store.path("solver-01-001") / "snapshot.json") == folder.state
    folder.commit({**state, "phase": "evaluate"})
    assert reopen(tmp_path)[1] is None
    assert read_state(store.path("solver-01-001") / "snapshot.json")["phase"] == "train(solver)"
    (store.path("solver-01-001") / "snapshot.json").unlink()
    folder, damage = reopen(tmp_path)
    assert "snapshot.json is missing" in damage
    assert [row["why"] for row in folder.rows("guard")] == [damage]
    assert reopen(tmp_path)[1] is None
