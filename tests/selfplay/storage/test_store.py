"""Names of checkpoints, and which of them may be removed."""

import pytest

from selfplay_gym.selfplay.storage.checkpoint_store import CheckpointStore


def filled(folder, *names):
    for name in names:
        (folder / name).mkdir()
        (folder / name / "weights").write_text(name)
    return folder


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_name_holds_role_round_and_step(tmp_path):
    store = CheckpointStore(tmp_path, 3)
    assert store.name("solver", 2, 5) == "solver-02-005"
    assert store.name("solver_b", 0, 0) == "solver_b-00-000"
    assert store.name("solver", 100, 1000) == "solver-100-1000"
    assert store.path("solver-02-005") == tmp_path / "solver-02-005"


@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        (1, ["solver-03-001"]),
        (2, ["solver-02-002", "solver-03-001"]),
        (3, ["solver-01-001", "solver-02-002", "solver-03-001"]),
        (9, ["solver-01-001", "solver-02-002", "solver-03-001"]),
        (0, ["solver-01-001", "solver-02-002", "solver-03-001"]),
    ],
)
def test_the_last_ones_of_the_newest_rounds_stay(tmp_path, keep, kept):
    names = ["solver-01-001", "solver-02-001", "solver-02-002", "solver-03-001"]
    store = CheckpointStore(filled(tmp_path, *names), keep)
    assert store.prune("solver", set()) == [name for name in names if name not in kept]
    assert left(tmp_path) == kept
    assert store.prune("solver", set()) == []


def test_what_is_needed_stays_and_drafts_go(tmp_path):
    filled(tmp_path, "solver-01-001", "solver-02-001", "solver-03-001", "challenger-01-001.draft")
    assert CheckpointStore(tmp_path, 1).prune("solver", {"solver-01-001", "elsewhere"}) == ["solver-02-001"]
    assert left(tmp_path) == ["solver-01-001", "solver-03-001"]


def test_numbers_are_ordered_as_numbers(tmp_path):
    filled(tmp_path, "solver-99-1000", "solver-99-999", "solver-100-001")
    assert CheckpointStore(tmp_path, 1).prune("solver", set()) == ["solver-99-999", "solver-99-1000"]
    filled(tmp_path, "solver-99-1000", "solver-99-999")
    assert CheckpointStore(tmp_path, 2).prune("solver", set()) == ["solver-99-999"]


def test_a_role_prunes_its_own(tmp_path):
    others = ("a.b-01-001", "aXb-01-001", "a-01-001", "a.b-01", "a.b-01-001-x", "xa.b-01-001")
    filled(tmp_path, *others, "a.b-02-001")
    assert CheckpointStore(tmp_path, 1).prune("a.b", set()) == ["a.b-01-001"]
    assert left(tmp_path) == sorted({*others, "a.b-02-001"} - {"a.b-01-001"})


def test_a_run_without_checkpoints_has_nothing_to_remove(tmp_path):
    assert CheckpointStore(tmp_path / "none", 1).prune("solver", set()) == []
