"""What decisions come to: two reviewers, undo, rules beside people, and what trains afterwards."""

import pytest

from selfplay_gym.core.errors import PluginError
from selfplay_gym.selfplay.reviews.outcomes import outcomes, same_answer
from selfplay_gym.selfplay.run import round_log

QUESTION = {"question": "What is 2+3?", "label": "5"}


def row(decision, item="label/1/0", who="anna", key="", **more):
    key = key or f"{who}-{decision}-{item}-{len(str(more))}"
    return {"id": item, "decision": decision, "reviewer": who, "time": 0.0, "key": key, "before": "12", **more}


def stage(decision, **more):
    return {"round": 1, "phase": "gate", "index": 0, "decision": decision, **more}


@pytest.mark.parametrize(
    ("rows", "decision", "label"),
    [
        ([row("approve")], "approve", None),
        ([row("edit", after="13")], "edit", "13"),
        ([row("reject"), row("approve", key="2")], "approve", None),  # the same reviewer, later
        ([row("approve"), row("approve", who="ben")], "approve", None),
        ([row("approve"), row("reject", who="ben")], "disputed", None),
        ([row("reject", who="ben"), row("approve")], "disputed", None),
        ([row("edit", after="13"), row("edit", who="ben", after=" 13.0 ")], "edit", " 13.0 "),
        ([row("edit", after="1/2"), row("edit", who="ben", after="0.5")], "edit", "0.5"),
        ([row("edit", after="1/3"), row("edit", who="ben", after="0.3")], "disputed", None),
        ([row("edit", after="1/2"), row("edit", who="ben", after="2/4")], "edit", "2/4"),
        ([row("edit", after="13"), row("edit", who="ben", after="14")], "disputed", None),
        ([row("approve"), row("edit", who="ben", after="24/2")], "edit", "24/2"),
        ([row("approve"), row("reject", who="ben"), row("approve", who="cem")], "disputed", None),
        ([row("approve"), row("reject", who="ben"), row("approve", who="ben", key="2")], "approve", None),
        ([row("reject", key="k"), row("undo", before="k")], None, None),
        ([stage("reject")], "reject", None),
        ([stage("reject"), row("approve")], "approve", None),
        ([row("approve"), stage("reject")], "approve", None),
        ([stage("approve"), stage("edit", after="77")], "edit", "77"),
        ([row("approve"), row("reject", "question/1/0")], "reject", None),
        ([row("reject"), row("approve", "question/1/0")], "reject", None),
        ([row("edit", after="9"), row("edit", "question/1/0", after=QUESTION)], "edit", "5"),
        ([row("prefer", "pair/1/0/0-1", after=1), row("undo", "pair/1/0/0-1", before="x")], None, None),
        ([{"index": 0, "decision": "prefer"}], None, None),
    ],
)
def test_what_decisions_come_to(rows, decision, label):
    found = outcomes(rows).get(0)
    assert (None if found is None else found.decision) == decision
    assert (None if found is None else found.label) == label


def test_equal_answers():
    assert same_answer("1/2", "2/4")
    assert same_answer(" x ", "x")
    assert not same_answer("1/0", "2/0")
    assert not same_answer("x", "y")


def logs(reviews, **labels):
    """A round of five questions: 0 and 1 kept, 2 too easy, 3 with a label that is not valid, 4 without one."""
    shape = [("10", True, True), ("11", True, True), ("12", True, False), ("13", False, False), (None, False, False)]
    rows = {
        "questions": [{"index": i, "text": f"Compute {i}+10.", "reference": "9", "dropped": None} for i in range(5)],
        "attempts": [{"index": i, "attempts": ["a", "b", "c"]} for i in range(5)],
        "labels": [
            {
                "index": i,
                "label": label,
                "valid": valid,
                "kept": kept,
                "solve_rate": 0.9,
                "answers": [label, "13", None],
                "matches": [label is not None, False, False],
            }
            for i, (label, valid, kept) in enumerate(shape)
        ],
        "reviews": reviews,
    }
    rows.update(labels)
    return lambda name: rows[name]


def kept(reviews):
    return {index: (question.text, question.reference) for index, question in round_log.kept(logs(reviews))}


def test_approve_edit_reject_and_disputes_decide_what_trains():
    assert {index: label for index, (_, label) in kept([]).items()} == {0: "10", 1: "11"}
    assert set(kept([row("reject", "label/1/0")])) == {1}
    assert set(kept([row("reject", "label/1/0"), row("approve", "label/1/0", "ben")])) == {1}
    assert kept([row("edit", "label/1/0", after="13")])[0] == ("Compute 0+10.", "13")
    assert kept([row("approve", "label/1/3")])[3] == ("Compute 3+10.", "13")  # a person vouches for it
    assert 3 not in kept([stage("approve", index=3)])  # a rule does not
    assert 2 not in kept([row("approve", "label/1/2")])  # still too easy
    assert kept([row("edit", "label/1/2", after="99")])[2][1] == "99"  # its solve rate says nothing any more
    assert 4 not in kept([row("approve", "label/1/4")])
    assert kept([row("edit", "label/1/4", after="14")])[4][1] == "14"
    assert set(kept([row("approve", "label/1/77"), row("edit", "label/1/78", after="1")])) == {0, 1}


def test_attempts_at_an_edited_label_are_right_if_they_gave_it():
    edited = logs([row("edit", "label/1/0", after="26/2")])
    assert round_log.labelled(edited)[0].matches == (False, True, False)
    assert [one.matches for one in round_log.solved(edited)] == [(False, True, False), (True, False, False)]


def test_a_question_edited_after_its_attempts_trains_without_them():
    reviews = [row("edit", "question/1/0", after={"question": "What is 2+3?", "label": "5"})]
    assert kept(reviews)[0] == ("What is 2+3?", "5")
    assert round_log.labelled(logs(reviews))[0].matches == (False, False, False)
    unknown = [row("edit", "question/1/0", after={"question": "What is 2+3?", "label": None})]
    assert set(kept(unknown)) == {1}


def test_a_question_edited_before_its_attempts_is_asked_in_the_new_words():
    reviews = [
        row("edit", "question/1/0", after={"question": "What is 2+3?", "label": "5"}),
        row("edit", "question/1/1", after={"question": "What is 3+4?", "label": None}),
        row("reject", "question/1/2"),
        row("approve", "question/1/3"),
        row("approve", "question/1/3", "ben"),
        row("reject", "question/1/4"),
        row("approve", "question/1/4", "ben"),
    ]
    before = logs(reviews, attempts=[], labels=[])
    asked = {index: (question.text, question.reference) for index, question in round_log.asked(before)}
    assert asked == {0: ("What is 2+3?", "5"), 1: ("What is 3+4?", None), 3: ("Compute 3+10.", "9")}
    attempts = [{"index": i, "attempts": ["a", "b", "c"]} for i in (0, 1, 3)]
    attempts[0]["question"], attempts[1]["question"] = "What is 2+3?", "What is 3+4?"
    after = logs(reviews, attempts=attempts, labels=[one for one in logs([])("labels") if one["index"] in (0, 1, 3)])
    assert [index for index, _ in round_log.asked(after)] == [0, 1, 3]
    found = {index: (question.text, question.reference) for index, question in round_log.kept(after)}
    assert found == {0: ("What is 2+3?", "5"), 1: ("What is 3+4?", "11")}
    assert [one.matches for one in round_log.labelled(after)] == [(False, False, False), (True, False, False)]


def test_no_edit_makes_a_question_of_the_exam_a_training_question():
    from selfplay_gym.core.records import Question
    from selfplay_gym.envs.game.domains import held_out

    exam = next(text for n in range(99) if held_out(Question(text := f"Compute {n}+{n}.")))
    reviews = [row("edit", "question/1/0", after={"question": exam, "label": "1"})]
    assert set(kept(reviews)) == {1}
    assert 0 not in dict(round_log.asked(logs(reviews, attempts=[], labels=[])))


@pytest.mark.parametrize(
    "bad",
    [
        {"index": 0, "decision": "maybe", "round": 1},
        {"index": -1, "decision": "reject", "round": 1},
        {"index": 0, "decision": "edit", "round": 1},
        {**row("approve"), "reviewer": "\x1b"},
        {**row("score", "attempt/1/0/1"), "after": {"completeness": 9, "soundness": 1}},
    ],
)
def test_stages_cannot_log_what_nobody_would_obey(bad):
    with pytest.raises(PluginError, match="review"):
        round_log.checked("reviews", [bad])


def test_long_texts_are_the_same_answer_only_if_they_are_equal():
    long = "1+" * 100_000 + "1"
    assert same_answer(long, f" {long}\n")
    assert not same_answer(long, "100001")
    assert not same_answer("1" * 999 + "+0", "1" * 1_000)
    assert same_answer("1/2", "0.5")
