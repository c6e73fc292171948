"""A run of the code game in which all roles train: the tester learns from the wrong programs that its tests catch."""

import shutil

import pytest

from selfplay_gym.selfplay.run.train import make_run, train
from selfplay_gym.selfplay.settings.compose import compose
from selfplay_gym.selfplay.storage.run_folder import RunFolder
from selfplay_gym.verifiers.sandbox import probe

pytestmark = pytest.mark.skipif(probe().refusal is not None, reason=f"no sandbox here: {probe().refusal}")

SMALL = {
    "rounds": 2,
    "schedule.warm_up.stages": ["warm_up(challenger, steps=4, batch=8)", "warm_up(tester, steps=8, batch=8)"],
    "schedule.self_play.stages": ["train(challenger)", "generate", "attempt", "label", "train(tester)"],
    "questions": {"count": 12, "sources": {"challenger": 0.5, "procedural": 0.5}},
    "labels.attempts": 2,
    "roles.challenger": {"steps": 1, "groups": 2, "samples": 2},
    "roles.tester": {"steps": 2, "groups": 4, "samples": 4, "max_new_tokens": 12},
}
CONFIG = compose("debug", env="SelfPlayCode-v0").replace(SMALL)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return train(CONFIG, tmp_path_factory.mktemp("tester") / "whole")


def test_every_role_was_shown_its_forms_and_plays(whole):
    rows = list(whole.rows("metrics"))
    assert [row["trained"] for row in rows if "trained" in row] == ["challenger", "tester"]
    assert {row["role"] for row in rows if "role" in row} == {"challenger", "tester"}
    assert set(whole.state["checkpoints"]) == {"challenger", "tester"}


def test_a_step_says_how_many_wrong_programs_a_test_catches(whole):
    steps = [row for row in whole.rows("metrics") if row.get("role") == "tester"]
    assert len(steps) == SMALL["roles.tester"]["steps"]
    for row in steps:
        assert 0 <= row["caught_per_test"] <= row["wrong_programs"]
        assert 0 <= row["mean_reward"] <= row["counted_share"] <= 1
        assert row["wrong_programs"] > 0


def test_all_valid_questions_give_tasks_kept_or_not(whole, tmp_path):
    run = make_run(CONFIG, RunFolder.open(shutil.copytree(whole.path, tmp_path / "run")))
    valid = [row for row in whole.rows("labels") if row["valid"]]
    assert len(run.labelled(valid=True)) == len(valid) > len(run.labelled())
    assert [one.question.reference for one in run.labelled(valid=True)] == [row["label"] for row in valid]
    run.folder.log("reviews", [{"round": 2, "index": valid[0]["index"], "decision": "reject"}])
    run.folder.commit(run.folder.state)
    assert len(run.labelled(valid=True)) == len(valid) - 1


def test_a_killed_run_goes_on_to_the_same_logs(whole, tmp_path, power_cut, logged):
    with power_cut(7):
        train(CONFIG, tmp_path / "run")
    train(CONFIG, tmp_path / "run", resume=True)
    assert logged(tmp_path / "run") == logged(whole.path)
