"""Records can only be built legal, and travel between processes."""

import pickle

import pytest

from selfplay_gym import Judgement, Outcome, Question, TaskSpec, Verdict
from selfplay_gym.core.errors import ConfigError


def test_undecided_has_no_score_and_everything_else_has_one():
    assert Verdict.undecided("time-out").score is None
    with pytest.raises(ConfigError):
        Verdict(Outcome.UNDECIDED, 0.0)
    with pytest.raises(ConfigError):
        Verdict(Outcome.WRONG, None)
    with pytest.raises(ConfigError):
        Verdict.correct("1", score=1.5)


def test_the_solve_rate_counts_every_attempt():
    verdicts = [Verdict.correct("7"), Verdict.wrong("8"), Verdict.wrong(None), Verdict.undecided("?")]
    judgement = Judgement.of(verdicts, label="7", label_source="vote")
    assert (judgement.solve_rate, judgement.correct_count, judgement.valid) == (0.25, 1, True)
    assert Judgement.of([], label=None, label_source="vote").solve_rate == 0.0
    assert not Judgement.of(verdicts, label=None, label_source="vote").valid


def test_levels_outside_the_unit_interval_are_refused():
    with pytest.raises(ConfigError, match=r"1\.5"):
        TaskSpec(1.5)


def test_records_are_frozen_hashable_and_picklable():
    question = Question("What is 1+2?", "3", meta={"a": [1]})
    with pytest.raises(AttributeError):
        question.text = "other"
    assert pickle.loads(pickle.dumps(question)) == question
    assert len({question, Question("What is 1+2?", "3")}) == 2
    judgement = Judgement.of([Verdict.correct("3")], label="3", label_source="vote", evidence={"n": 1})
    assert pickle.loads(pickle.dumps(judgement)) == judgement
