"""The log that others write to as well: nothing of theirs is cut, and what counts is fixed by the commit."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfplay_gym.selfplay.reviews.decisions import Decision, ReviewLog
from selfplay_gym.selfplay.storage.files import DamageError, read_sealed
from selfplay_gym.selfplay.storage.recovery import reopen
from selfplay_gym.selfplay.storage.run_folder import RunFolder


def decided(number, round_=1):
    return Decision(f"label/{round_}/{number}", "approve", reviewer="anna", time=number, key=f"key-{number}")


@pytest.fixture
def folder(tmp_path):
    return RunFolder.create(tmp_path / "run", "seed = 1\n", {"commit": None})


@pytest.fixture
def people(folder):
    return ReviewLog(folder.log_path("reviews"))


def indices(folder):
    return [row["index"] for row in folder.rows("reviews")]


def test_decisions_count_once_they_are_adopted_and_committed(folder, people):
    people.add(decided(1))
    folder.commit({})
    assert indices(folder) == []
    assert [row["index"] for row in folder.adopt("reviews")] == [1]
    people.add(decided(2))
    assert indices(RunFolder.open(folder.path)) == []
    folder.commit({})
    assert indices(folder) == indices(RunFolder.open(folder.path)) == [1]


def test_resume_keeps_what_is_not_adopted(folder, people):
    people.add(decided(1))
    folder.adopt("reviews")
    folder.commit({})
    people.add(decided(2))
    before = people.path.read_bytes()
    for resumed in (RunFolder.resume(folder.path), reopen(folder.path)[0]):
        assert people.path.read_bytes() == before
        assert indices(resumed) == [1]
        assert [row["index"] for row in resumed.adopt("reviews")] == [2]


def test_rows_of_a_stage_stand_behind_those_of_people_and_adopt_them(folder, people):
    people.add(decided(1))
    folder.log("reviews", [{"round": 1, "phase": "mine", "index": 7, "decision": "reject"}])
    folder.commit({})
    people.add(decided(2))
    assert indices(folder) == [1, 7]
    folder.log("reviews", [{"round": 1, "phase": "mine", "index": 8, "decision": "reject"}])
    folder.commit({})
    assert indices(RunFolder.open(folder.path)) == [1, 7, 2, 8]


@pytest.mark.parametrize("written", range(0, 220, 20))
def test_rows_of_a_stage_that_was_killed_are_not_written_twice(folder, people, written):
    rows = [{"round": 1, "phase": "mine", "index": number, "decision": "reject"} for number in (3, 4, 4)]
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    people.add(decided(1))
    with people.path.open("ab") as file:
        file.write(lines[:written])  # killed while, or after, it wrote them
    people.add(decided(2))
    resumed, report = reopen(folder.path)
    assert report is None
    resumed.log("reviews", rows)
    resumed.commit({})
    assert sorted(indices(resumed)) == [1, 2, 3, 4, 4]
    assert indices(RunFolder.open(folder.path)) == indices(resumed)


def test_damage_in_adopted_rows_is_named_as_in_any_log(folder, people):
    people.add(decided(1))
    folder.adopt("reviews")
    folder.commit({})
    people.add(decided(2))
    content = people.path.read_bytes()
    people.path.write_bytes(content.replace(b"anna", b"anne", 1))
    with pytest.raises(DamageError, match=r"reviews\.jsonl is not as the run wrote it"):
        list(RunFolder.open(folder.path).rows("reviews"))
    people.path.write_bytes(content[:20])
    with pytest.raises(DamageError, match="has 20 bytes"):
        RunFolder.resume(folder.path)
    people.path.write_bytes(content + b"{no\n")
    with pytest.raises(DamageError, match=f"byte {len(content)} .*not adopted yet"):
        RunFolder.resume(folder.path).adopt("reviews")


def test_back_at_an_earlier_state_no_decision_is_lost(folder, people):
    """As after damage: the folder is put back to the state of a checkpoint."""
    people.add(decided(1))
    folder.adopt("reviews")
    folder.commit({"round": 1, "phase": "review"})
    earlier = read_sealed(folder.path / "state.json")
    people.add(decided(2))
    folder.adopt("reviews")
    folder.commit({"round": 2, "phase": "review"})
    back = RunFolder.found(folder.path)
    back.stand_at(earlier)
    back.check_logs()
    back.cut_logs()
    assert indices(back) == [1]
    assert [one.index for one in people.rows()[0]] == [1, 2]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from(["person", "stage", "adopt", "commit", "kill", "torn"]), max_size=20))
def test_whatever_happens_nothing_acknowledged_is_lost_and_adopted_rows_stay(tmp_path_factory, steps):
    folder = RunFolder.create(tmp_path_factory.mktemp("shared") / "run", "", {})
    path = folder.log_path("reviews")
    acknowledged, adopted = [], []
    for number, step in enumerate(steps):
        if step == "person":
            ReviewLog(path).add(decided(number))
            acknowledged.append(number)
        elif step == "stage":
            folder.log("reviews", [{"round": 1, "phase": "mine", "index": number, "decision": "reject"}])
        elif step == "adopt":
            folder.adopt("reviews")
        elif step == "commit":
            pending = [row["index"] for row in folder.pending("reviews")]
            folder.commit({})
            acknowledged += pending
        elif step == "kill":
            folder = RunFolder.resume(folder.path)
        else:
            with path.open("ab") as file:
                file.write(b'{"torn')
        now = indices(folder)
        assert now[: len(adopted)] == adopted
        adopted = now
    written = [one.index for one in ReviewLog(path).rows()[0]]
    assert sorted(acknowledged) == sorted(written)
