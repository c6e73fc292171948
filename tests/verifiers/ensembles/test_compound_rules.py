"""Cascade, weighted mean and self-answer with members that say what they are told: who decides, and why."""

import re

import pytest

from selfplay_gym import Judgement, Question, Verdict, make_verifier
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.protocols import BaseVerifier

Q = Question("What is 6*7?", reference="42")
C, W = Verdict.correct("42", "right"), Verdict.wrong("7", "not right")
U = Verdict.undecided("too late", "9")


class First(BaseVerifier):
    """Gives the verdicts it is told, and counts how often it is asked."""

    source = "told"

    def __init__(self, *verdicts, label=None, valid=True, **evidence):
        self.verdicts, self.label, self.valid, self.evidence, self.asked = verdicts, label, valid, evidence, []

    def judge(self, question, attempts):
        self.asked.append((question, list(attempts)))
        return Judgement.of(
            self.verdicts, label=self.label, label_source=self.source, valid=self.valid, evidence=self.evidence
        )


class Second(First):
    pass


class Vote(First):
    source = "vote"


def cascade(*stages):
    return make_verifier("cascade", stages=list(stages))


# --- cascade ---


def test_each_attempt_is_decided_by_the_first_stage_that_can():
    one, two = First(C, U, W, label="42", seen=1), Second(W, C, C, label="7", seen=2)
    judgement = cascade(one, two).judge(Q, ["a", "b", "c"])
    assert judgement.verdicts == (C, C, W)
    assert judgement.evidence == {
        "decided_by": ["First", "Second", "First"],
        "label_from": "First",
        "stages": {"First": {"seen": 1}, "Second": {"seen": 2}},
    }
    assert (judgement.label, judgement.label_source, judgement.valid) == ("42", "cascade", True)
    assert one.asked == two.asked == [(Q, ["a", "b", "c"])]


def test_a_stage_is_not_asked_when_everything_is_decided():
    two = Second(C, label="7")
    judgement = cascade(First(W), two).judge(Q, ["a"])
    assert two.asked == []
    assert list(judgement.evidence["stages"]) == ["First"]


def test_a_group_without_attempts_is_shown_to_the_first_stage_alone():
    one, two = First(label="42", valid=False), Second(label="7")
    judgement = cascade(one, two).judge(Q, [])
    assert (len(one.asked), len(two.asked)) == (1, 0)
    assert (judgement.label, judgement.valid, judgement.verdicts) == ("42", False, ())


def test_what_no_stage_decides_stays_undecided_with_the_last_reason():
    last = Verdict.undecided("asleep", "8")
    judgement = cascade(First(U), Second(last)).judge(Q, ["a"])
    assert judgement.verdicts == (Verdict.undecided("no stage decides: too late", "9"),) or judgement.verdicts == (
        Verdict.undecided("no stage decides: asleep", "8"),
    )
    assert judgement.evidence["decided_by"] == [None]
    assert (judgement.label, judgement.valid, judgement.evidence["label_from"]) == (None, False, None)


def test_an_outcome_that_is_not_final_is_no_reward():
    one = {"name": "exact", "final": ["wrong"]}
    judgement = cascade(one).judge(Q, [r"\boxed{42}", r"\boxed{7}"])
    assert [verdict.score for verdict in judgement.verdicts] == [None, 0.0]
    assert judgement.evidence["decided_by"] == [None, "exact"]


def test_a_box_is_a_reason_to_look_and_not_to_accept():
    judgement = cascade("format").judge(Q, [r"\boxed{42}", "42"])
    assert [verdict.score for verdict in judgement.verdicts] == [None, 0.0]


def test_the_label_is_that_of_who_decided_something_correct():
    judgement = cascade(First(W, U, label="1", valid=False), Second(W, C, label="42")).judge(Q, ["a", "b"])
    assert (judgement.label, judgement.valid, judgement.evidence["label_from"]) == ("42", True, "Second")
    judgement = cascade(First(C, U), Second(W, W, label="42", valid=False)).judge(Q, ["a", "b"])
    assert (judgement.label, judgement.valid, judgement.evidence["label_from"]) == ("42", False, "Second")
    judgement = cascade(First(W, U, label="1"), Second(W, W, label="42", valid=False)).judge(Q, ["a", "b"])
    assert (judgement.label, judgement.valid, judgement.evidence["label_from"]) == ("1", True, "First")


@pytest.mark.parametrize("stages", [[], "format", ""])
def test_a_cascade_is_a_list_of_stages(stages):
    with pytest.raises(ConfigError, match=f"^{re.escape(f'a cascade needs a list of stages, got {stages!r}')}$"):
        make_verifier("cascade", stages=stages)


@pytest.mark.parametrize("final", [[], ["maybe"], ["correct", "undecided"]])
def test_what_is_final_is_correct_or_wrong(final):
    said = f"'final' of a stage takes 'correct' and 'wrong', got {final}"
    with pytest.raises(ConfigError, match=f"^{re.escape(said)}$"):
        cascade({"name": "exact", "final": final})


def test_options_of_a_stage_reach_it():
    strict = cascade({"name": "exact", "extract": "strict"}).judge(Q, ["42"])
    assert strict.verdicts[0].score == 0.0
    assert strict.evidence["decided_by"] == ["exact"]


# --- weighted ---


def weighted(*members, **options):
    return make_verifier("weighted", members=list(members), **options)


def test_the_mean_by_hand():
    half = Verdict.correct("42", score=0.5)
    one, two = First(C, W, half, label=None), Second(W, C, U, label="42")
    judgement = weighted((one, 3.0), (two, 1.0)).judge(Q, ["a", "b", "c"])
    assert [verdict.score for verdict in judgement.verdicts] == [1.0, 0.0, 1.0]
    assert [verdict.reason for verdict in judgement.verdicts] == [
        "weighted score 0.750",
        "weighted score 0.250",
        "weighted score 0.500",
    ]
    assert [verdict.answer for verdict in judgement.verdicts] == ["42", "7", "42"]
    assert judgement.evidence == {"solve_rates": [2 / 3, 1 / 3]}
    assert (judgement.label, judgement.label_source, judgement.valid) == ("42", "weighted", True)
    kept = weighted((one, 3.0), (two, 1.0), partial=True).judge(Q, ["a", "b", "c"])
    assert [verdict.score for verdict in kept.verdicts] == [0.75, 0.25, 0.5]
    assert [verdict.outcome for verdict in kept.verdicts] == [verdict.outcome for verdict in judgement.verdicts]


def test_the_threshold_itself_is_enough():
    members = (First(C), 1.0), (Second(W), 3.0)
    assert weighted(*members, threshold=0.25).judge(Q, ["a"]).correct_count == 1
    assert weighted(*members, threshold=0.26).judge(Q, ["a"]).correct_count == 0
    assert weighted(*members).judge(Q, ["a"]).correct_count == 0
    assert weighted((First(C), 1.0), (Second(W), 1.0)).judge(Q, ["a"]).correct_count == 1
    assert weighted((First(C), 1.0), threshold=1.0).judge(Q, ["a"]).correct_count == 1


def test_nobody_who_decides_is_undecided_with_what_was_found():
    judgement = weighted((First(Verdict.undecided("?")), 1.0), (Second(U), 9.0)).judge(Q, ["a"])
    assert judgement.verdicts == (Verdict.undecided("no member decides", "9"),)
    assert judgement.label is None


def test_a_vote_is_heard_where_no_member_that_knows_is_undecided():
    vote = Vote(W, W, label="7")
    known = weighted((First(C, U, label="42"), 1.0), (vote, 3.0), partial=True).judge(Q, ["a", "b"])
    assert [verdict.score for verdict in known.verdicts] == [0.25, None]
    unknown = weighted((First(U, U), 1.0), (vote, 3.0), partial=True).judge(Q, ["a", "b"])
    assert [verdict.score for verdict in unknown.verdicts] == [0.0, 0.0]


def test_one_invalid_member_makes_the_judgement_invalid():
    assert not weighted((First(C, label="1"), 1.0), (Second(C, label="2", valid=False), 1.0)).judge(Q, ["a"]).valid
    assert weighted((First(C, label="1"), 1.0), (Second(C, label="2"), 1.0)).judge(Q, ["a"]).label == "1"


def test_members_may_be_named_with_their_weights():
    judgement = make_verifier("weighted", members={"exact": 1.0, "sympy": 3.0}, partial=True).judge(
        Q, [r"\boxed{42.0}"]
    )
    assert judgement.verdicts[0].score == 0.75


@pytest.mark.parametrize("weight", [0.0, -1.0, float("inf"), float("nan")])
def test_weights_are_positive_and_finite(weight):
    with pytest.raises(ConfigError, match=f"^{re.escape('members need weights > 0 of a finite sum, got ')}"):
        make_verifier("weighted", members={"exact": weight})
    with pytest.raises(ConfigError, match="members need weights > 0 of a finite sum, got"):
        make_verifier("weighted", members=[])


@pytest.mark.parametrize("threshold", [0.0, 1.01, -1.0])
def test_a_threshold_is_a_share_above_nothing(threshold):
    with pytest.raises(ConfigError, match=f"^{re.escape(f'threshold must be in (0, 1], got {threshold!r}')}$"):
        make_verifier("weighted", members={"exact": 1.0}, threshold=threshold)


# --- self-answer ---


@pytest.mark.parametrize(
    ("reference", "label", "valid", "said"),
    [
        ("42", "42", True, "correct"),
        (r"So \boxed{42.0}", "42", True, "correct"),
        ("41", "42", False, "wrong"),
        (None, "42", False, None),
        ("42", None, False, None),
    ],
)
def test_a_vote_counts_only_where_the_author_agrees(reference, label, valid, said):
    vote = First(C, W, label=label, valid=True, seen=1)
    judgement = make_verifier("self-answer", vote=vote).judge(Question("q", reference=reference), ["a", "b"])
    assert judgement.verdicts == (C, W)
    assert (judgement.label, judgement.label_source, judgement.valid) == (label, "told", valid)
    assert judgement.evidence == {"seen": 1, "self_answer": said}


def test_an_invalid_vote_stays_invalid():
    vote = First(C, label="42", valid=False)
    assert not make_verifier("self-answer", vote=vote).judge(Q, ["a"]).valid


def test_the_policy_of_a_self_answer_is_its_own():
    vote = First(C, label="51", valid=True)
    near = Question("q", reference="50")
    assert not make_verifier("self-answer", vote=vote).judge(near, ["a"]).valid
    assert make_verifier("self-answer", vote=vote, policy={"tolerance": 0.05}).judge(near, ["a"]).valid


def test_weights_that_overflow_together_are_refused() -> None:
    with pytest.raises(ConfigError, match="finite sum"):
        make_verifier("weighted", members={"sympy": 1e308, "exact": 1e308})
