"""How many people are asked about an item: until so many have decided it is open, in whatever order they come."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.selfplay.dashboard.review.queue_index import Entry, Look
from selfplay_gym.selfplay.reviews.closing import Closed
from selfplay_gym.selfplay.reviews.decisions import Decision, ReviewLog, standing
from selfplay_gym.selfplay.reviews.items import Item
from selfplay_gym.selfplay.reviews.outcomes import outcome_of
from selfplay_gym.selfplay.reviews.review_queue import Queue, asked_of, queue_of
from selfplay_gym.selfplay.settings.gates import GateConfig
from selfplay_gym.selfplay.storage.run_folder import RunFolder

PEOPLE = ("", "anna", "ben", "cleo")
"""The first one is a rule of a stage."""


def items(asked):
    """An item for each of these numbers of people."""
    return {
        one.id: one
        for one in (Item(f"label/1/{at}", "g", "", "q", "2", reviewers=wanted) for at, wanted in enumerate(asked))
    }


@st.composite
def scenes(draw):
    """Queues and what people did there, decisions and undos in any order."""
    queue = items(draw(st.lists(st.integers(1, 3), min_size=1, max_size=4)))
    made = []
    for number in range(draw(st.integers(0, 14))):
        name, who = draw(st.sampled_from(sorted(queue))), draw(st.sampled_from(PEOPLE))
        own = [one for one in made if (one.id, one.reviewer) == (name, who) and one.decision != "undo" and who]
        undone = {one.before for one in made}
        left = [one for one in own if one.key not in undone]
        if left and draw(st.booleans()):
            made.append(Decision(name, "undo", who, number, f"k{number}", before=left[-1].key))
        else:
            choice = draw(st.sampled_from(["approve", "reject"]))
            made.append(Decision(name, choice, who, number, f"k{number}" if who else "", before="2"))
    return queue, made


@settings(max_examples=200, deadline=None)
@given(scene=scenes())
def test_an_item_is_open_until_so_many_people_have_decided(scene):
    asked, made = scene
    decided = standing(made)
    queue = Queue(asked, decided)
    enough = set()
    for item in asked.values():
        own = decided.get(item.id, {})
        someone = {who for who in own if who}
        if len(someone) >= item.reviewers or (item.reviewers == 1 and own):
            enough.add(item.id)
    assert {item.id for item in queue.undecided} == set(asked) - enough
    assert {item.id for item in queue.disputed} == {
        name for name, own in decided.items() if name in asked and outcome_of(own).decision == "disputed"
    }
    for who in PEOPLE[1:]:
        found = [item.id for item in queue.open_for(who)]
        assert set(found) == {name for name in asked if who not in decided.get(name, {})}
        assert [name in enough for name in found] == sorted(name in enough for name in found)
    entries = {
        name: Entry(name, "label", 1, "g", "q", 0, 0, item.reviewers) for name, item in asked.items()
    }  # the browser counts alike
    look = Look(entries, made, decided)
    assert {name for name, entry in entries.items() if look.has_enough(entry)} == enough


def test_two_who_agree_settle_it_and_two_who_do_not_leave_it_unsettled_whatever_a_third_says():
    def said(**by):
        return {who: Decision("label/1/0", choice, who, 0, f"{who}-1", before="2") for who, choice in by.items()}

    assert outcome_of(said(anna="approve", ben="approve")).decision == "approve"
    assert outcome_of(said(anna="approve", ben="reject")).decision == "disputed"
    assert outcome_of(said(anna="approve", ben="reject", cleo="approve")).decision == "disputed"
    assert outcome_of(said(anna="approve", ben="approve", cleo="approve")).decision == "approve"


@pytest.mark.parametrize("asked", [1, 2, 3])
def test_what_is_adopted_is_closed_for_whoever_decided_and_for_all_once_there_are_enough(run, asked):
    run.commit({**run.own_state(), "phase": "train(solver)"})
    item = replace(next(one for one in queue_of(run).items.values() if one.kind == "label"), reviewers=asked)
    log = ReviewLog(run.log_path("reviews"))
    for number, who in enumerate(("anna", "ben", "cleo"), start=1):
        assert Closed(RunFolder.open(run.path)).why(item, who) is None if number <= asked else True
        log.add(Decision(item.id, "approve", who, 0.0, f"key-{who}", before=item.seen))
        run.adopt("reviews")
        run.commit(run.own_state())
        closed = Closed(RunFolder.open(run.path))
        assert "adopted" in closed.why(item, who)
        assert (closed.why(item, "dora") is None) == (number < asked)


@pytest.mark.parametrize("number", [0, -1, 10, 1.5, True, "two"])
def test_no_other_number_of_people_can_be_asked(number):
    with pytest.raises(ConfigError, match="reviewers"):
        GateConfig(reviewers=number)


def test_how_many_have_decided_is_said_in_words():
    assert asked_of(2, 0) == "2 people are asked, nobody has decided"
    assert asked_of(2, 1) == "2 people are asked, one has decided"
    assert asked_of(3, 2) == "3 people are asked, 2 have decided"
