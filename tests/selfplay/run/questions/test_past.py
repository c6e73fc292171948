"""What rewards know of earlier rounds: all that was asked and solved there, the same after a kill, read once."""

from collections import Counter
from types import SimpleNamespace

import pytest

from selfplay_gym import make_reward
from selfplay_gym.core.working.steps import structure_of
from selfplay_gym.envs.rewards.past import knowing
from selfplay_gym.selfplay.run.questions.past import RunPast
from selfplay_gym.selfplay.settings.files import stored_config
from selfplay_gym.selfplay.storage.run_folder import LOGS

REWARD = ["uncertainty", "0.2*novelty", "0.3*methods", {"term": "topics", "weight": -0.5}, "0.2*consistency"]
CHANGES = {"roles.challenger.reward": REWARD}


@pytest.fixture(scope="module")
def played(scripted_run, tmp_path_factory):
    """Three rounds whose challenger is rewarded by all that looks back; left alone."""
    return scripted_run(tmp_path_factory.mktemp("past") / "run", rounds=3, changes=CHANGES)


@pytest.fixture
def run(played):
    return SimpleNamespace(config=stored_config(played), folder=played, round=1)


def asked(played, before):
    return [row["text"] for row in played.rows("questions") if row["round"] < before and row["dropped"] is None]


def test_all_questions_of_earlier_rounds_are_known_and_no_later_ones(run, played):
    past = RunPast(run)
    for run.round in (1, 2, 3, 4):
        texts = asked(played, run.round)
        assert len(past.questions()) == len(set(texts))
        assert all(near.similarity == 1.0 for near in past.questions().nearest(texts))
        assert past.questions() is past.questions()
    later = [row["text"] for row in played.rows("questions") if row["round"] == 3]
    run.round = 3
    fresh = RunPast(run).questions()
    known = set(asked(played, 3))
    assert [near.similarity == 1.0 for near in fresh.nearest(later)] == [text in known for text in later]


def test_structures_are_those_of_right_attempts_at_valid_questions(run, played):
    labels = {(row["round"], row["index"]): row for row in played.rows("labels")}
    for row in played.rows("attempts"):
        assert len(row["attempts"]) == len(labels[row["round"], row["index"]]["matches"])
    past, expected = RunPast(run), Counter()
    for run.round in (1, 2, 3, 4):
        expected = Counter(
            structure
            for row in played.rows("attempts")
            if row["round"] < run.round and labels[row["round"], row["index"]]["valid"]
            for text, right in zip(row["attempts"], labels[row["round"], row["index"]]["matches"], strict=True)
            if right and (structure := structure_of(text)) is not None
        )
        assert past.structures() == past.structures() == RunPast(run).structures() == expected


def test_a_round_reads_no_earlier_one_twice(run, monkeypatch):
    past, read = RunPast(run), []
    run.round = 3
    past.questions()
    rows = run.folder.rows_from_end
    monkeypatch.setattr(
        type(run.folder), "rows_from_end", lambda self, log: (read.append(row["round"]) or row for row in rows(log))
    )
    past.questions()
    assert read[-1] == 2
    read.clear()
    run.round = 4
    past.questions()
    assert read[-1] == 2
    assert set(read) == {2, 3}


def test_the_terms_stand_in_the_metrics_from_the_round_on_in_which_they_say_something(played):
    steps = [row for row in played.rows("metrics") if row.get("role") == "challenger"]
    assert {row["round"] for row in steps if "novelty" in row["reward_terms"]} == {2, 3}
    assert {row["round"] for row in steps if "topics" in row["reward_terms"]} == {1, 2, 3}
    assert all(0 <= row["reward_terms"].get("novelty", 0) <= 0.2 for row in steps)


def test_the_rule_of_a_round_knows_the_rounds_before(run, played):
    run.round = 3
    rule = knowing(make_reward(run.config.roles["challenger"].reward), RunPast(run))
    parts = {part.name: part.rule for part in rule.parts}
    assert len(parts["novelty"].earlier) == len(set(asked(played, 3)))
    assert sorted(parts["topics"].earlier) == sorted(asked(played, 3))
    assert parts["methods"].earlier == RunPast(run).structures()


def test_a_run_that_was_stopped_goes_on_to_the_same_end(scripted_run, resume_scripted, played, tmp_path):
    stopped = scripted_run(tmp_path / "run", rounds=2, until="train(challenger)", changes=CHANGES)
    assert stopped.state["round"] == 3
    resumed = resume_scripted(stopped.path)
    for log in LOGS:
        if log != "timings":
            assert list(resumed.rows(log)) == list(played.rows(log)), log
