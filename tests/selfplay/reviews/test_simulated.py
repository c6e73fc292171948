"""A simulated reviewer knows what can be computed, errs as often as told, and always alike on the same item."""

from __future__ import annotations

import random

import pytest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.records import Question
from selfplay_gym.selfplay.reviews.checks import check_after, read_id
from selfplay_gym.selfplay.reviews.items import Item, Shown
from selfplay_gym.selfplay.reviews.simulated import SimulatedReviewer
from selfplay_gym.selfplay.run.labels import known_answers
from selfplay_gym.selfplay.run.stages.simulated_review import _right

COUNT = 500


def reviewer(error=0.0, name="simulated"):
    return SimulatedReviewer(error, name, known=known_answers, right=_right)


def cases(seed=0):
    """Labels of sums, right or wrong, of questions that nobody can answer among them, with what should be decided."""
    rng = random.Random(seed)
    for index in range(COUNT):
        a, b = rng.randrange(99), rng.randrange(99)
        kind = rng.choice(["right", "wrong", "unknown", "none"])
        text = "Why?" if kind == "unknown" else f"What is {a}+{b}?"
        label = {"right": str(a + b), "wrong": str(a + b + 1), "unknown": "5", "none": None}[kind]
        votes = {str(a + b): 5, str(a + b + 1): 2} if rng.random() < 0.5 else {str(a + b): 7}
        item = Item(f"label/1/{index}", "label: random", "", text, label, votes=votes)
        expected = {"right": ("approve", None), "unknown": ("reject", None)}.get(kind, ("edit", str(a + b)))
        yield item, Question(text), expected


def test_without_errors_labels_are_approved_edited_or_rejected_as_they_should_be():
    for item, question, expected in cases():
        assert reviewer().decide(item, question, 3) == expected


@pytest.mark.parametrize("error", [0.05, 0.2, 1.0])
def test_it_errs_as_often_as_it_is_told_to_and_every_decision_can_be_made(error):
    wrong = tried = 0
    for item, question, expected in cases():
        decision, after = reviewer(error).decide(item, question, 3)
        check_after("label", decision, after, ())
        if item.label is None and question.text != "Why?":
            assert (decision, after) == expected  # there is nothing to approve by mistake
            continue
        tried += 1
        wrong += (decision, after) != expected
    assert wrong / tried == pytest.approx(error, abs=0.05)


def test_a_right_label_is_edited_to_another_vote_or_rejected_where_all_agree():
    item = Item("label/1/0", "", "", "What is 1+2?", "3", votes={"3": 3, "4": 1})
    assert reviewer(1.0).decide(item, Question(item.question), 0) == ("edit", "4")
    alone = Item("label/1/0", "", "", "What is 1+2?", "3", votes={"3": 3, "6/2": 1})
    assert reviewer(1.0).decide(alone, Question(item.question), 0) == ("reject", None)


def test_the_same_item_is_decided_alike_and_another_name_or_seed_errs_elsewhere():
    def decisions(name, seed):
        return [reviewer(0.2, name).decide(item, question, seed) for item, question, _ in cases()]

    assert decisions("anna", 1) == decisions("anna", 1)
    assert decisions("anna", 1) != decisions("ben", 1)
    assert decisions("anna", 1) != decisions("anna", 2)


def test_of_a_pair_the_right_one_is_preferred_and_neither_where_both_are_alike():
    question = Question("What is 1+2?")

    def pair(one, other):
        shown = (Shown(1, f"\\boxed{{{one}}}"), Shown(4, f"so \\boxed{{{other}}}"))
        return Item("pair/1/0/1-4", "", "", question.text, "9", attempts=shown)

    for error, picked in ((0.0, 4), (1.0, 1)):
        assert reviewer(error).decide(pair("5", "3"), question, 0) == ("prefer", picked)
    assert reviewer().decide(pair("3", "6/2"), question, 0) == ("reject", None)
    assert reviewer().decide(pair("7", "8"), question, 0) == ("reject", None)
    decision, after = reviewer(1.0).decide(pair("7", "8"), question, 0)
    assert check_after("pair", decision, after, read_id("pair/1/0/1-4")[3]) in (1, 4)
    assert reviewer().decide(pair("5", "3"), Question("Why?"), 0) == ("reject", None)


def test_questions_are_approved_if_they_can_be_answered_and_attempts_are_not_its_business():
    for text, decision in (("What is 1+2?", "approve"), ("Why?", "reject")):
        for error, said in ((0.0, decision), (1.0, {"approve": "reject", "reject": "approve"}[decision])):
            item = Item("question/1/0", "", "", text)
            assert reviewer(error).decide(item, Question(text), 0) == (said, None)
    assert reviewer().decide(Item("attempt/1/0/2", "", "", "What is 1+2?"), Question("What is 1+2?"), 0) is None


@pytest.mark.parametrize("options", [{"error": 1.5}, {"error": -0.1}, {"error": True}, {"name": ""}, {"name": "a  b"}])
def test_rates_and_names_that_cannot_be_are_refused(options):
    with pytest.raises(ConfigError):
        reviewer(**options)
