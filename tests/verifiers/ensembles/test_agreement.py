"""Rewards without labels that look at the group: steps in common, and answers that differ from the majority's."""

import pytest

from selfplay_gym import Question, make_verifier
from selfplay_gym.testing import check_verifier

QUESTION = Question("What is 1+2+3?")
UP, DOWN = r"1+2=3, 3+3=6. \boxed{6}", r"8-1=7, 7-1=6. \boxed{6}"


def boxed(*answers):
    return ["hm" if answer is None else f"\\boxed{{{answer}}}" for answer in answers]


def scores(name, attempts):
    return [verdict.score for verdict in make_verifier(name).judge(QUESTION, attempts).verdicts]


@pytest.mark.parametrize("name", ["path-consistency", "negative"])
def test_they_are_verifiers(name):
    check_verifier(make_verifier(name))


def test_path_consistency_is_the_share_of_others_with_the_same_steps():
    assert scores("path-consistency", [UP, UP, DOWN, r"\boxed{6}"]) == pytest.approx([1 / 3, 1 / 3, 0, 0])
    half = r"1+2=3, 3+4=7. \boxed{7}"
    judgement = make_verifier("path-consistency").judge(QUESTION, [UP, UP, half])
    assert [verdict.score for verdict in judgement.verdicts] == pytest.approx([0.75, 0.75, 0.5])
    assert judgement.correct_count == 3
    assert judgement.label is None
    assert scores("path-consistency", [UP]) == [0.0]


def test_negative_punishes_what_differs_from_the_majority_the_more_the_fewer_agree():
    attempts = boxed(6, "6.0", 6, 6, 5, 4, None, "10/2")
    assert scores("negative", attempts) == pytest.approx([1, 1, 1, 1, 2 / 8, 1 / 8, 0, 2 / 8])
    assert scores("negative", boxed(3, 3)) == [1.0, 1.0]
    assert scores("negative", boxed(None, None)) == [0.0, 0.0]
    assert scores("negative", []) == []


def test_nobody_that_differs_earns_as_much_as_the_majority():
    found = make_verifier("negative").judge(QUESTION, boxed(1, 2, 1, 2, 3))
    assert [verdict.score for verdict in found.verdicts] == pytest.approx([1, 0.4, 1, 0.4, 0.2])
    assert found.label == make_verifier("majority").judge(QUESTION, boxed(1, 2, 1, 2, 3)).label == "1"
