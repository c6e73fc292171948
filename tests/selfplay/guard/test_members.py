"""Alarms about the members of a coalition: one no better than chance, and one that changed."""

import pytest

from selfplay_gym.selfplay.guard import GuardThresholds
from selfplay_gym.selfplay.guard.members import FEWEST, MemberHistory
from selfplay_gym.selfplay.guard.monitor import Guard

LIMITS = GuardThresholds()


def labelling(reliabilities, chance=0.1, asked=FEWEST):
    members = {name: {"reliability": value, "answered": 1.0, "agrees": 0.5} for name, value in reliabilities.items()}
    return {"asked": asked, "coalition": {"chance": chance, "members": members}}


def raised(history, measures):
    return {alarm.name: alarm for alarm, up in history.observe(LIMITS, measures) if up}


@pytest.mark.parametrize(("worst", "up"), [(0.09, True), (0.1, False), (0.6, False)])
def test_a_member_that_is_right_more_rarely_than_wrong_answers_meet_is_named(worst, up):
    found = raised(MemberHistory(), labelling({"good": 0.7, "bad": worst, "silent": None}))
    assert [(alarm.value, alarm.limit) for alarm in found.values()] == ([(worst, 0.1)] if up else [])
    assert all(alarm.why.startswith("bad is right") for alarm in found.values())


@pytest.mark.parametrize(("now", "up"), [(0.39, True), (0.41, False), (0.99, False)])
def test_a_jump_against_the_last_labelling_is_named(now, up):
    history = MemberHistory()
    raised(history, labelling({"steady": 0.5, "other": 0.7}))
    raised(history, labelling({"steady": 0.5, "other": None}))  # it did not answer there
    found = raised(history, labelling({"steady": 0.5, "other": now}))
    assert [*found] == (["reliability_jump"] if up else [])
    assert all("other" in alarm.why for alarm in found.values())


def test_few_questions_and_other_labels_say_nothing():
    history = MemberHistory()
    assert raised(history, labelling({"bad": 0.0}, asked=FEWEST - 1)) == {}
    assert raised(history, {"asked": 100}) == {}
    assert raised(history, labelling({"silent": None})) == {}
    assert history.last == {}


def test_the_guard_remembers_over_a_restart():
    guard = Guard("watch", LIMITS)
    guard.members.last = {"a": 0.9}
    resumed = Guard("watch", LIMITS)
    resumed.load_state_dict(guard.state_dict())
    assert resumed.members.last == {"a": 0.9}
    resumed.load_state_dict({name: value for name, value in guard.state_dict().items() if name != "reliabilities"})
    assert resumed.members.last == {}  # a run of an earlier version
