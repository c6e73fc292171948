"""Which verifier labels a question, which one rewards in training, and what each is shown."""

from dataclasses import replace

import pytest

from selfplay_gym import Judgement, Question, Verdict, make_domain, make_verifier
from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.core.protocols import BaseVerifier
from selfplay_gym.core.records import Outcome
from selfplay_gym.selfplay.run.labels import (
    KnownReference,
    known_answers,
    label_verifier,
    labels_right,
    make_labeller,
)

MATH, CODE = make_domain("math"), make_domain("code")
CLAIMED = Question("What is 1+2?", "4", author="challenger")
"""A challenger's question with a wrong claim: the answer is 3."""
MADE_UP = Question("How long is the river?", "4", author="challenger")
"""Nothing in it can be computed."""


class Recorder(BaseVerifier):
    """Holds everything for correct, and writes down what it was shown."""

    def __init__(self):
        self.shown = []

    def judge_many(self, questions, groups):
        self.shown.append((list(questions), [list(group) for group in groups]))
        return [
            Judgement.of([Verdict.correct(text) for text in group], label=question.reference, label_source="reference")
            for question, group in zip(questions, groups, strict=True)
        ]


def outcomes(judgement):
    return [verdict.outcome for verdict in judgement.verdicts]


# --- what a labeller is shown ---


def test_a_verifier_of_ones_own_is_shown_what_is_known_and_never_what_is_claimed():
    seen = Recorder()
    labeller = make_labeller(MATH, seen)
    judged = labeller.judge_many([CLAIMED, MADE_UP], [["3", "4"], ["4"]])
    assert seen.shown == [([replace(CLAIMED, reference="3"), replace(MADE_UP, reference=None)], [["3", "4"], ["4"]])]
    assert [judgement.label for judgement in judged] == ["3", None]
    assert labeller.judge(CLAIMED, ["3"]).label == "3"
    assert seen.shown[-1][1] == [["3"]]


@pytest.mark.parametrize("source", ["sympy", "oracle", {"name": "sympy"}, "exact", {"name": "exact"}])
def test_a_computed_label_stands_against_a_wrong_claim(source):
    labeller = make_labeller(MATH, source)
    assert isinstance(labeller, KnownReference)
    assert labeller.domain is MATH
    judgement = labeller.judge(CLAIMED, [r"\boxed{3}", r"\boxed{4}"])
    assert (judgement.label, outcomes(judgement)) == ("3", [Outcome.CORRECT, Outcome.WRONG])


def test_the_vote_is_shown_the_question_as_it_is():
    assert not isinstance(make_labeller(MATH, "vote"), KnownReference)
    judgement = make_labeller(MATH, "vote").judge(CLAIMED, [r"\boxed{5}", r"\boxed{5}", r"\boxed{3}"])
    assert judgement.label == "5"
    assert judgement.label_source == "vote"


def test_a_domain_that_computes_nothing_from_the_text_keeps_the_references_of_its_own_sources():
    taken_as_given = replace(MATH, recomputes=False)
    assert not isinstance(make_labeller(taken_as_given, "sympy"), KnownReference)
    assert isinstance(make_labeller(taken_as_given, "exact"), KnownReference)  # no source of the domain: anybody's


@pytest.mark.parametrize("source", [{"name": "sympy", "extract": "strict"}, "sympy(extract=strict)"])
def test_options_of_a_label_source_reach_its_verifier(source):
    attempts = [r"\boxed{3}", "The answer is 3."]
    assert outcomes(make_labeller(MATH, "sympy").judge(CLAIMED, attempts)) == [Outcome.CORRECT, Outcome.CORRECT]
    assert outcomes(make_labeller(MATH, source).judge(CLAIMED, attempts)) == [Outcome.CORRECT, Outcome.WRONG]


def test_options_of_any_other_verifier_reach_it():
    labeller = make_labeller(MATH, "numeric(absolute=0.5)")
    assert outcomes(labeller.judge(CLAIMED, [r"\boxed{3.4}", r"\boxed{3.6}"])) == [Outcome.CORRECT, Outcome.WRONG]


def test_an_unknown_label_source_lists_those_of_the_domain_and_everybodys():
    with pytest.raises(
        UnknownNameError, match=r"unknown label source of math 'oracel'\. Did you mean 'oracle'\?"
    ) as no:
        make_labeller(MATH, "oracel")
    assert {"vote", "sympy", "oracle", "numeric"} <= set(no.value.known)
    with pytest.raises(ConfigError, match="no_such_module") as no:
        make_labeller(MATH, "no_such_module:thing")  # an address, not a name: whoever loads it says what is wrong
    assert "label source" not in str(no.value)


# --- what holds attempts against labels in training ---

HALF = Question("Half of 1?", "1/2", author="file")


def test_the_reward_label_compares_as_the_domain_does():
    judge = label_verifier(MATH, "label", "vote")(0)
    assert outcomes(judge.judge(HALF, [r"\boxed{0.5}", r"\boxed{0.6}"])) == [Outcome.CORRECT, Outcome.WRONG]


def test_labels_of_the_grader_are_graded_by_it_and_votes_by_the_matcher():
    assert type(label_verifier(CODE, "label", "executor")(0).verifier) is type(make_verifier(CODE.grader))
    assert type(label_verifier(CODE, "label", {"name": "executor"})(0).verifier) is type(make_verifier(CODE.grader))
    assert type(label_verifier(CODE, "label", "vote")(0).verifier) is type(make_verifier(CODE.matcher))
    assert type(label_verifier(CODE, "label", "oracle")(0).verifier) is type(make_verifier(CODE.matcher))
    assert type(label_verifier(CODE, "label", Recorder())(0).verifier) is type(make_verifier(CODE.matcher))


def test_another_reward_is_the_verifier_of_that_name_one_for_all_seeds():
    make = label_verifier(MATH, "exact", "vote")
    assert make(0) is make(1)
    assert outcomes(make(0).judge(HALF, [r"\boxed{0.5}", r"\boxed{1/2}"])) == [Outcome.WRONG, Outcome.CORRECT]
    live = Recorder()
    assert label_verifier(MATH, live, "vote")(0) is live
    assert label_verifier(MATH, "numeric(absolute=0.5)", "vote")(0).judge(HALF, [r"\boxed{0.9}"]).correct_count == 1


def test_the_random_control_is_another_one_for_every_seed():
    make = label_verifier(MATH, "random", "vote")
    flips = [tuple(outcomes(make(seed).judge(HALF, ["x"] * 32))) for seed in (1, 1, 2)]
    assert flips[0] == flips[1] != flips[2]
    fixed = label_verifier(MATH, "random(seed=5)", "vote")
    assert fixed(1) is fixed(2)


def test_an_unknown_reward_lists_what_is_known():
    with pytest.raises(UnknownNameError, match=r"unknown reward 'lable'\. Did you mean 'label'\?") as no:
        label_verifier(MATH, "lable", "vote")
    assert {"label", "random", "exact"} <= set(no.value.known)
    with pytest.raises(ConfigError, match="no_such_module") as no:
        label_verifier(MATH, "no_such_module:thing", "vote")
    assert "unknown reward" not in str(no.value)


# --- how often labels are right ---


def test_what_is_known_of_a_question():
    given = Question("How long is the river?", "4", author="file")
    elsewhere = Question("e4?", "e5", domain="chess", author="file")
    assert known_answers([CLAIMED, MADE_UP, given]) == ["3", None, "4"]
    assert known_answers([elsewhere, replace(elsewhere, author="challenger")]) == ["e5", None]


def test_a_label_is_held_against_what_is_known_whatever_was_claimed():
    elsewhere = Question("Half?", "1/2", domain="chess", author="file")  # not registered: compared as mathematics
    questions = [CLAIMED, CLAIMED, MADE_UP, elsewhere, CLAIMED]
    assert labels_right(questions, ["3", "4", "4", "0.5", None]) == [True, False, None, True, False]
    assert labels_right([], []) == []
