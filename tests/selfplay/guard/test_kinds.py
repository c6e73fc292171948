"""Alarms about kinds of questions: one that takes over what is kept, and one whose checks begin to fail."""

import pytest

from selfplay_gym.selfplay.guard import GuardThresholds
from selfplay_gym.selfplay.guard.kinds import FEWEST, KindHistory
from selfplay_gym.selfplay.guard.monitor import Guard

LIMITS = GuardThresholds()


def kinds(kept, checked=0, disagreement=None):
    """Measures of a labelling: how many are kept of each kind, and one check rate for all."""
    return {kind: {"kept": n, "checked": checked, "disagreement": disagreement} for kind, n in kept.items()}


def raised(history, measures):
    return [(alarm.name, alarm.value, alarm.limit) for alarm, up in history.observe(LIMITS, measures) if up]


def test_the_first_round_raises_nothing():
    assert raised(KindHistory(), kinds({"sum": 10}, FEWEST, 1.0)) == []


def test_a_kind_that_takes_over_what_is_kept_is_named():
    history = KindHistory()
    history.observe(LIMITS, kinds({"sum": 10, "product": 15, "equation": 75}))
    history.observe(LIMITS, kinds({"sum": 20, "product": 15, "equation": 65}))
    found = history.observe(LIMITS, kinds({"sum": 10, "product": 50, "equation": 40}))
    assert [(alarm.name, alarm.value, alarm.limit, up) for alarm, up in found] == [("kind_share", 0.5, 0.3, True)]
    assert "product" in found[0][0].why


@pytest.mark.parametrize(
    ("before", "now", "up"),
    [
        ({"sum": 20, "equation": 80}, {"sum": 40, "equation": 60}, False),  # doubled, and not more
        ({"sum": 20, "equation": 80}, {"sum": 41, "equation": 59}, True),
        ({"sum": 5, "equation": 95}, {"sum": 29, "equation": 71}, False),  # grew, and is still few
        ({"equation": 100}, {"sum": 30, "equation": 70}, True),  # was not there at all
        ({"sum": 20, "equation": 80}, {}, False),
    ],
)
def test_a_share_must_be_large_and_more_than_doubled(before, now, up):
    history = KindHistory()
    history.observe(LIMITS, kinds(before))
    assert bool(raised(history, kinds(now))) is up


def test_a_round_that_keeps_nothing_is_not_remembered():
    history = KindHistory()
    history.observe(LIMITS, kinds({"sum": 0}))
    history.observe(LIMITS, kinds({"sum": FEWEST - 1}))
    assert history.shares == []


@pytest.mark.parametrize(("kept", "up"), [(1, False), (FEWEST - 1, False), (FEWEST, True), (FEWEST + 1, True)])
def test_few_questions_of_a_kind_are_no_alarm(kept, up):
    history = KindHistory()
    history.observe(LIMITS, kinds({"sum": 40}))
    assert bool(raised(history, kinds({"equation": kept, "sum": 1}))) is up
    assert bool(raised(history, kinds({"power": kept, "sum": 20}))) is up


def test_a_kind_with_few_questions_does_not_hide_one_with_many():
    history = KindHistory()
    history.observe(LIMITS, kinds({"sum": 40}))
    assert raised(history, kinds({"equation": 10, "power": 9, "sum": 1}))[0][0] == "kind_share"


def test_a_round_of_few_questions_is_nothing_to_compare_with():
    history = KindHistory()
    history.observe(LIMITS, kinds({"sum": 1}))
    assert raised(history, kinds({"equation": 30})) == []


@pytest.mark.parametrize(("rate", "up"), [(0.5, False), (0.51, True), (0.0, False)])
def test_checks_that_fail_far_more_often_than_before_are_an_alarm(rate, up):
    history = KindHistory()
    for earlier in (0.1, 0.3):
        history.observe(LIMITS, kinds({"sum": 5}, FEWEST, earlier))
    found = raised(history, kinds({"sum": 5}, FEWEST, rate))
    assert found == ([("disagreement", rate, pytest.approx(0.5))] if up else [])


def test_few_checks_say_nothing():
    history = KindHistory()
    history.observe(LIMITS, kinds({"sum": 5}, FEWEST, 0.0))
    assert raised(history, kinds({"sum": 5}, FEWEST - 1, 1.0)) == []
    assert history.disagreements == {"sum": [0.0]}


def test_what_a_guard_remembers_of_kinds_survives_its_state():
    labels = {"asked": 1, "written": 1, "repeated": 0, "solve_rate": 0.5, "answered_share": 1.0, "kept": 99}
    labels |= {"label_accuracy": None, "kept_label_accuracy": None}
    one, other = Guard("watch", LIMITS), Guard("watch", LIMITS)
    one.labelled({**labels, "by_kind": kinds({"sum": 11, "equation": 88}, FEWEST, 0.0)})
    other.load_state_dict(one.state_dict())
    for guard in (one, other):
        guard.labelled({**labels, "by_kind": kinds({"sum": 88, "equation": 11}, FEWEST, 0.9)})
        assert [row["name"] for row in guard.take_rows()] == ["kind_share", "disagreement"]


def test_a_state_from_before_kinds_were_watched_still_loads():
    state = Guard("watch", LIMITS).state_dict()
    del state["kind_shares"], state["kind_disagreements"]
    guard = Guard("watch", LIMITS)
    guard.load_state_dict(state)
    assert guard.kinds.shares == []
