"""What decisions give to learn from: never what is disputed, taken back, the exam's, or set aside."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest

from selfplay_gym import make_domain
from selfplay_gym.core.records import Question
from selfplay_gym.envs.game.domains import held_out, identity_of
from selfplay_gym.envs.game.screening import RULINGS
from selfplay_gym.selfplay.reviews.decisions import Decision
from selfplay_gym.selfplay.run.feedback.material import HUMAN, is_set_aside, material_of, set_aside
from selfplay_gym.selfplay.run.question_log import question_row
from selfplay_gym.selfplay.settings.config import CHALLENGER, SOLVER


def texts(count, exam=False, start=0):
    """Sums that are the exam's, or not."""
    found, number = [], start
    while len(found) < count:
        number += 1
        text = f"What is {number}+{number % 7}?"
        if held_out(Question(text)) is exam:
            found.append(text)
    return found


class Logs:
    """As much of a run as the material looks at: its logs, and how roles are addressed."""

    def __init__(self, round_=1, share=0.0):
        self.round, self.config, self.domain = round_, SimpleNamespace(seed=5), make_domain("math")
        self.folder, self.written = self, {name: [] for name in ("questions", "attempts", "labels", "reviews")}
        self.schedule = SimpleNamespace(all_stages=[SimpleNamespace(sets_aside=share), object()])
        self.game = SimpleNamespace(
            ask=lambda questions: [f"ask {question.text}" for question in questions],
            instruct=lambda request=None: f"instruct {request and request.near}",
        )
        agent = SimpleNamespace(unreadable=lambda prompts: ["too long" if len(p) > 900 else None for p in prompts])
        self.roles = {SOLVER: SimpleNamespace(agent=agent)}

    def rows(self, name):
        return iter(self.written[name])

    def question(self, text, label="1", attempts=("\\boxed{1}", "\\boxed{2}", "\\boxed{3}"), number=1, **fields):
        """A question of a round with its label and attempts; its index."""
        index = sum(row["round"] == number for row in self.written["questions"])
        here = {"round": number, "index": index}
        question = Question(text, fields.pop("claim", "1"), author=CHALLENGER, meta=fields.pop("meta", {}))
        self.written["questions"].append({**here, "dropped": fields.pop("dropped", None), **question_row(question)})
        self.written["attempts"].append({**here, "attempts": list(attempts)})
        self.written["labels"].append({**here, "label": label, **fields})
        return index

    def decide(self, item, decision, after=None, before=None, who="anna"):
        """A decision; its key."""
        key = f"k{len(self.written['reviews'])}"
        made = Decision(item, decision, who, 0.0, key, before=before, after=after)
        self.written["reviews"].append({"phase": "review", **made.row()})
        return key

    def material(self, share=0.0):
        return material_of(self, share)

    @property
    def labels(self):
        return {one.text: one.reference for one in self.material().labels.train}


def test_approved_labels_stay_edited_ones_change_and_rejected_ones_are_no_labels():
    logs = Logs()
    a, b, c, d = texts(4)
    for text in (a, b, c, d):
        logs.question(text, label="8")
    logs.decide("label/1/0", "approve", before="8")
    logs.decide("label/1/1", "edit", after="9", before="8")
    logs.decide("label/1/2", "reject")
    assert logs.labels == {a: "8", b: "9"}
    assert all(one.meta[HUMAN] is True for one in logs.material().labels.train)


def test_an_edited_question_counts_with_its_label_and_without_one_not_at_all():
    logs = Logs()
    old, new, other, exam = *texts(3), *texts(1, exam=True)
    for text in (old, other, texts(1, start=500)[0]):
        logs.question(text)
    logs.decide("question/1/0", "edit", after={"question": new, "label": "77"})
    logs.decide("question/1/1", "edit", after={"question": "What is 3+9?", "label": None})
    logs.decide("question/1/2", "edit", after={"question": exam, "label": "3"})
    assert logs.labels == {new: "77"}


def test_what_is_disputed_taken_back_or_only_a_rule_says_teaches_nothing():
    logs = Logs()
    for text in texts(3):
        logs.question(text, label="8")
    logs.decide("label/1/0", "approve", before="8")
    logs.decide("label/1/0", "reject", who="ben")
    key = logs.decide("label/1/1", "edit", after="9", before="8")
    logs.decide("label/1/1", "undo", before=key)
    logs.written["reviews"].append({"round": 1, "index": 2, "decision": "approve"})
    assert logs.labels == {}


def test_a_question_asked_again_counts_once_as_it_was_decided_last():
    logs = Logs(round_=2)
    (text,) = texts(1)
    logs.question(text, label="8")
    logs.question(text, label="8", number=2)
    logs.decide("label/2/0", "edit", after="11", before="8")
    logs.decide("label/1/0", "edit", after="10", before="8")  # later in time, of an earlier round
    assert logs.labels == {text: "11"}


def test_questions_of_the_exam_dropped_ones_too_long_ones_and_later_rounds_teach_nothing():
    logs = Logs()
    (exam,) = texts(1, exam=True)
    logs.question(exam)
    logs.question(texts(1)[0], dropped="repeated")
    long = next(text for n in range(100) if not held_out(Question(text := f"What is {'1+' * 600}{n}?")))
    logs.question(long)
    for index in range(3):
        logs.decide(f"label/1/{index}", "approve", before="1")
    logs.question(texts(1)[0], number=2)
    logs.decide("label/2/0", "approve", before="1")
    assert logs.labels == {}


@pytest.mark.parametrize(("after", "chosen", "rejected"), [(0, "\\boxed{1}", "b"), (2, "b", "\\boxed{1}")])
def test_a_pair_is_the_preferred_attempt_over_the_other(after, chosen, rejected):
    logs = Logs()
    (text,) = texts(1)
    logs.question(text, attempts=("\\boxed{1}", "", "b"))
    logs.decide("pair/1/0/0-2", "prefer", after=after)
    assert logs.material().preferences.train == [(f"ask {text}", chosen, rejected)]


def test_no_pair_where_reviewers_differ_none_is_better_both_are_alike_or_a_policy_refused_one():
    logs = Logs()
    for text in texts(4):
        logs.question(text, attempts=("a", "a", "b", "c"), **{RULINGS: [None, None, None, "refused: S1"]})
    logs.decide("pair/1/0/0-2", "prefer", after=0)
    logs.decide("pair/1/0/0-2", "prefer", after=2, who="ben")
    logs.decide("pair/1/1/0-2", "reject")
    logs.decide("pair/1/2/0-1", "prefer", after=0)
    logs.decide("pair/1/3/2-3", "prefer", after=2)
    logs.decide("pair/1/9/2-3", "prefer", after=2)
    assert logs.material().preferences.train == []


def test_a_rejected_proposal_stands_beside_an_approved_one_of_the_same_round_and_prompt():
    logs = Logs(round_=2)
    good, bad, near, alone, last = texts(5)
    logs.question(good)
    logs.question(bad)
    logs.question(near, meta={"near": "What is 5?"})
    logs.question(alone, number=2)
    logs.question(last, claim=None)
    logs.decide("label/1/0", "edit", after="2", before="1")  # the question is good, its label was not
    for item in ("question/1/1", "label/1/2", "question/2/0", "question/1/3"):
        logs.decide(item, "reject")
    write = logs.domain.write
    (pair,) = logs.material().proposals.train
    assert pair == ("instruct None", write(Question(good, "1")), write(Question(bad, "1")))
    assert logs.material() == logs.material()


def test_what_is_set_aside_is_on_the_other_side_in_every_part_and_named_by_what_it_asks():
    rng, logs = random.Random(3), Logs(share=0.3)
    asked = texts(120)
    for text in asked:
        index = logs.question(text)
        logs.decide(f"label/1/{index}", rng.choice(["approve", "reject"]), before="1")
        logs.decide(f"pair/1/{index}/0-1", "prefer", after=rng.choice([0, 1]))
    found = logs.material(0.3)
    for split in (found.labels, found.preferences, found.proposals):
        assert split.train
        assert split.held_out
    aside = {text for text in asked if is_set_aside(Question(text), 0.3)}
    assert 0.2 < len(aside) / len(asked) < 0.4
    assert {one.text for one in found.labels.held_out} <= aside
    assert not {one.text for one in found.labels.train} & aside
    assert {pair.prompt.removeprefix("ask ") for pair in found.preferences.held_out} == aside
    for split, inside in ((found.proposals.train, False), (found.proposals.held_out, True)):
        shown = [logs.domain.read(text) for pair in split for text in (pair.chosen, pair.rejected)]
        assert all((question.text in aside) is inside for question in shown)
    assert set_aside(logs) == {identity_of(Question(text)) for text in aside}
    assert not is_set_aside(Question(asked[0]), 0.0)
    assert is_set_aside(Question("Compute 5+6."), 1.0)


def test_nothing_is_set_aside_without_a_stage_that_does_so():
    logs = Logs()
    logs.question(texts(1)[0])
    logs.decide("label/1/0", "approve", before="1")
    assert set_aside(logs) == set()
