"""Names of checkpoints, which of them belong to a run, and which may be removed."""

import hashlib

import pytest

from selfplay_gym.selfplay.storage.checkpoint_store import CheckpointStore, last_of_rounds


def store(folder, *names, keep=1):
    """A store to which these were added in this order."""
    made = CheckpointStore(folder, keep)
    for name in names:
        (folder / name).mkdir()
        (folder / name / "manifest.json").write_text(name)
        made.add(name)
    return made


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_name_holds_role_round_and_step(tmp_path):
    made = CheckpointStore(tmp_path, 3)
    assert made.name("solver", 2, 5) == "solver-02-005"
    assert made.name("solver_b", 0, 0) == "solver_b-00-000"
    assert made.name("solver", 100, 1000) == "solver-100-1000"
    assert made.path("solver-02-005") == tmp_path / "solver-02-005"
    assert made.kept == {}


def test_the_last_of_a_round_goes_by_numbers(tmp_path):
    assert last_of_rounds(tmp_path / "nothing", "player") == {}
    last = {
        1: "player-01-000",
        2: "player-02-1000",
        99: "player-99-10000",
        100: "player-100-020",
        1000: "player-1000-007",
    }
    other = [
        "player-02-1001.draft",
        "player-02-990",
        "player-99-9999",
        "player-100-003",
        "player_b-02-2000",
        "player",
        "x",
    ]
    for name in [*last.values(), *other]:
        (tmp_path / name).mkdir()
    found = last_of_rounds(tmp_path, "player")
    assert list(found.items()) == [(number, tmp_path / name) for number, name in last.items()]


def test_a_checkpoint_is_known_by_the_checksum_of_its_manifest(tmp_path):
    assert store(tmp_path, "a-01-001").kept == {"a-01-001": hashlib.sha256(b"a-01-001").hexdigest()}
    given = {"a-01-001": "x"}
    made = CheckpointStore(tmp_path, 1, given)
    made.kept["b-01-001"] = "y"
    assert given == {"a-01-001": "x"}


NAMES = ["solver-01-001", "solver-02-001", "solver-02-002", "solver-03-001"]


@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        (1, NAMES[3:]),
        (2, NAMES[2:]),
        (3, [NAMES[0], *NAMES[2:]]),
        (9, [NAMES[0], *NAMES[2:]]),
        (0, [NAMES[0], *NAMES[2:]]),
    ],
)
def test_the_last_ones_of_the_newest_rounds_stay(tmp_path, keep, kept):
    made = store(tmp_path, *NAMES, keep=keep)
    assert list(made.select(set())) == kept == list(made.kept)
    assert made.prune({"solver"}) == [name for name in NAMES if name not in kept]
    assert left(tmp_path) == kept
    assert made.prune({"solver"}) == []


def test_what_is_needed_stays_and_drafts_go(tmp_path):
    made = store(tmp_path, *NAMES)
    (tmp_path / "challenger-01-001.draft").mkdir()
    made.select({"solver-01-001", "elsewhere"})
    assert made.prune({"solver"}) == ["challenger-01-001.draft", "solver-02-001", "solver-02-002"]
    assert left(tmp_path) == ["solver-01-001", "solver-03-001"]


def test_numbers_are_ordered_as_numbers(tmp_path):
    made = store(tmp_path, "solver-100-001", "solver-99-1000", "solver-99-999")
    assert list(made.select(set())) == ["solver-100-001"]
    for keep, kept in ((2, {"solver-99-1000", "solver-100-001"}), (1, {"solver-100-001"})):
        again = CheckpointStore(
            tmp_path, keep, dict.fromkeys(("solver-99-999", "solver-100-001", "solver-99-1000"), "x")
        )
        assert set(again.select(set())) == kept


def test_each_role_has_its_own_last_ones(tmp_path):
    made = store(tmp_path, "a.b-01-001", "a.b-02-001", "aXb-01-001", "a-01-001")
    assert set(made.select(set())) == {"a.b-02-001", "aXb-01-001", "a-01-001"}


def test_only_the_roles_that_are_named_are_pruned(tmp_path):
    made = store(tmp_path, "a.b-01-001", "a.b-02-001")
    others = ("aXb-01-001", "a-01-001", "a.b-01", "a.b-01-001-x", "xa.b-01-001")
    for name in others:
        (tmp_path / name).mkdir()
    made.select(set())
    assert made.prune({"a.b"}) == ["a.b-01-001"]
    assert left(tmp_path) == sorted({*others, "a.b-02-001"})


def test_a_run_without_checkpoints_has_nothing_to_remove(tmp_path):
    assert CheckpointStore(tmp_path / "none", 1).prune({"solver"}) == []
