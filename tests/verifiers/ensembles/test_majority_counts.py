"""The vote counted by hand: who wins, by what share, what is written down, and which options are refused."""

import re

import pytest

from selfplay_gym import Outcome, Question, Verdict, make_verifier
from selfplay_gym.core.errors import ConfigError

Q = Question("q", reference="999")


def boxed(*answers):
    return ["no idea" if answer is None else rf"\boxed{{{answer}}}" for answer in answers]


def vote(*answers, meta=None, **options):
    return make_verifier("majority", **options).judge(Question("q", "999", meta=meta or {}), boxed(*answers))


def counted(judgement):
    return {name: value for name, value in judgement.evidence.items() if name != "policy"}


def test_a_vote_is_written_down_with_its_numbers():
    judgement = vote(7, 8, 7, None, 7, 8, 5, None)
    assert counted(judgement) == {
        "class_sizes": [3, 2, 1],
        "class_answers": ["7", "8", "5"],
        "classes": [0, 1, 0, None, 0, 1, 2, None],
        "non_answers": 2,
        "winner_share": 0.375,
        "runner_up_share": 0.25,
        "tie": False,
    }
    assert (judgement.label, judgement.label_source, judgement.solve_rate) == ("7", "vote", 0.375)
    right = Verdict.correct("7", "in the winning class")
    lost, nothing = Verdict.wrong("8", "outvoted"), Verdict.wrong(None, "no answer")
    assert judgement.verdicts == (right, lost, right, nothing, right, lost, Verdict.wrong("5", "outvoted"), nothing)
    assert judgement.valid


def test_a_single_class_has_no_runner_up():
    assert counted(vote(7, 7, None, None)) == {
        "class_sizes": [2],
        "class_answers": ["7"],
        "classes": [0, 0, None, None],
        "non_answers": 2,
        "winner_share": 0.5,
        "runner_up_share": 0.0,
        "tie": False,
    }


@pytest.mark.parametrize("answers", [(), (None,), (None, None, None)])
def test_nobody_who_answers_is_no_label(answers):
    judgement = vote(*answers)
    assert (judgement.label, judgement.valid, judgement.solve_rate, judgement.label_source) == (
        None,
        False,
        0.0,
        "vote",
    )
    assert judgement.verdicts == (Verdict.wrong(None, "no answer"),) * len(answers)
    assert (judgement.evidence["winner_share"], judgement.evidence["runner_up_share"]) == (0.0, 0.0)
    assert judgement.evidence["non_answers"] == len(answers)


def test_a_tie_goes_to_the_shortest_and_then_the_first_by_alphabet():
    assert vote(12, 3).label == "3"
    assert vote(9, 8).label == "8"
    assert vote("b", "a", "b", "a").label == "a"
    assert counted(vote(12, 3))["tie"] is True
    assert vote(12, 3).valid
    judgement = vote(12, 3, ties="invalid")
    assert (judgement.label, judgement.valid) == ("3", False)
    assert vote(12, 12, 3, ties="invalid").valid


def test_a_class_bears_its_shortest_spelling():
    judgement = vote("4/2", "2.0", "2", "8/4")
    assert judgement.label == "2"
    assert counted(judgement)["class_answers"] == ["2"]
    assert vote("8/4", "4/2").label == "4/2"


@pytest.mark.parametrize(("least", "valid"), [(0.0, True), (0.5, True), (0.51, False), (1.0, False)])
def test_a_least_share_is_of_all_attempts(least, valid):
    assert vote(1, 1, None, None, min_share=least).valid == valid
    assert vote(1, 1, min_share=1.0).valid


def test_weights_elect_and_attempts_are_counted():
    judgement = vote(1, 1, 2, 3, meta={"sure": [0.25, 0.25, 1.0, 0.5]}, weights="sure")
    assert (judgement.label, judgement.solve_rate) == ("2", 0.25)
    assert counted(judgement)["class_answers"] == ["2", "1", "3"]
    assert counted(judgement)["class_sizes"] == [1, 2, 1]
    assert (judgement.evidence["winner_share"], judgement.evidence["runner_up_share"]) == (0.5, 0.25)
    assert judgement.verdicts[2] == Verdict.correct("2", "in the winning class")


def test_weights_of_non_answers_count_in_the_whole():
    assert vote(1, None, meta={"sure": [1, 3]}, weights="sure").evidence["winner_share"] == 0.25


def test_without_any_weight_nobody_wins():
    judgement = vote(1, None, meta={"sure": [0, 5]}, weights="sure")
    assert (judgement.label, judgement.valid) == (None, False)
    assert [verdict.reason for verdict in judgement.verdicts] == ["no weight", "no answer"]
    assert [verdict.outcome for verdict in judgement.verdicts] == [Outcome.WRONG] * 2
    assert vote(1, meta={"sure": [0]}, weights="sure").evidence["winner_share"] == 0.0


@pytest.mark.parametrize("given", [None, [1.0], [1.0, -1.0], [1.0, float("inf")], [1.0, float("nan")], 3])
def test_weights_that_do_not_fit_are_named(given):
    said = f"question.meta['sure'] must hold 2 numbers >= 0, got {given!r}"
    with pytest.raises(ConfigError, match=f"^{re.escape(said)}$"):
        vote(1, 2, meta={"sure": given}, weights="sure")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"ties": "first"}, "ties must be 'smallest' or 'invalid', got 'first'"),
        ({"min_share": -0.1}, "min_share must be in [0, 1], got -0.1"),
        ({"min_share": 1.1}, "min_share must be in [0, 1], got 1.1"),
        ({"timeout_s": -1.0}, "timeout_s must be in [0, 3600] seconds, got -1.0"),
        ({"timeout_s": 3601.0}, "timeout_s must be in [0, 3600] seconds, got 3601.0"),
        ({"extract": "loose"}, "unknown extract of majority 'loose'. Known: lenient, strict."),
    ],
)
def test_options_that_cannot_be_are_named(options, said):
    with pytest.raises(ConfigError, match=f"^{re.escape(said)}"):
        make_verifier("majority", **options)


@pytest.mark.parametrize("options", [{"min_share": 0.0}, {"min_share": 1.0}, {"timeout_s": 0.0}, {"timeout_s": 3600.0}])
def test_the_edges_of_options_are_allowed(options):
    (name, value), *_ = options.items()
    assert getattr(make_verifier("majority", **options), name) == value


def test_strictly_only_boxes_vote():
    verifier = make_verifier("majority", extract="strict")
    judgement = verifier.judge(Q, ["The answer is 7.", "The answer is 7.", r"\boxed{8}"])
    assert (judgement.label, judgement.evidence["non_answers"]) == ("8", 2)


def test_a_tolerance_of_the_policy_unites_what_is_near():
    near = vote("3.14", "3.15", "9", policy={"tolerance": 0.01})
    assert near.evidence["class_sizes"] == [2, 1]
    assert vote("3.14", "3.15", "9").evidence["class_sizes"] == [1, 1, 1]
    assert vote("100", "101", "9", policy={"tolerance": 0.05}).evidence["class_sizes"] == [2, 1]


def test_what_only_algebra_can_tell_is_united_if_there_is_time():
    assert vote(r"\sqrt{8}", r"2\sqrt{2}", "1", timeout_s=0.0).evidence["class_sizes"] == [2, 1]
    assert vote(r"\sqrt{8}", r"2\sqrt{2}").evidence["class_sizes"] == [2]
    assert vote("x+x", "2x", "3x").evidence["class_sizes"] == [2, 1]
