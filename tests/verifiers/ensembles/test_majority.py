"""The vote: classes of meaning, non-answers, ties, weights, order."""

import random
import time

import pytest

from selfplay_gym import Outcome, Question, make_verifier

Q = Question("q", reference="999")


def vote(attempts: list[str], question: Question = Q, **options: object):
    return make_verifier("majority", **options).judge(question, attempts)


def test_spellings_of_one_number_are_one_class():
    judgement = vote(
        [
            "\\boxed{\\frac{1}{2}}",
            "0.5",
            "\\boxed{50\\%}",
            "\\boxed{x=1/2}",
            "\\boxed{3}",
            "\\boxed{\\frac{\\sqrt4}{4}}",
        ]
    )
    assert judgement.solve_rate == 5 / 6
    assert judgement.evidence["class_sizes"] == [5, 1]
    assert judgement.label == "0.5"
    assert judgement.label_source == "vote"


def test_classes_that_only_floats_can_tell_are_united():
    judgement = vote(
        ["\\boxed{\\sqrt{8}}", "\\boxed{2\\sqrt2}", "\\boxed{\\frac{4}{\\sqrt2}}", "\\boxed{2.8}", "\\boxed{2.828}"]
    )
    assert judgement.evidence["class_sizes"] == [3, 1, 1]
    assert vote(["\\boxed{2}", "\\boxed{\\frac{\\sqrt8}{\\sqrt2}}", "\\boxed{3}"]).evidence["class_sizes"] == [2, 1]


def test_the_reference_is_ignored():
    assert vote(["\\boxed{1}", "\\boxed{1}", "\\boxed{999}"]).label == "1"


def test_non_answers_count_but_never_win():
    judgement = vote(["", "I don't know", "\\boxed{}", "no idea", "\\boxed{7}"])
    assert (judgement.label, judgement.solve_rate) == ("7", 0.2)
    assert judgement.evidence["non_answers"] == 4
    assert [v.answer for v in judgement.verdicts[:4]] == [None] * 4
    nobody = vote(["", "I don't know"])
    assert (nobody.label, nobody.solve_rate, nobody.valid) == (None, 0.0, False)
    assert [v.outcome for v in nobody.verdicts] == [Outcome.WRONG] * 2


def test_order_does_not_matter():
    attempts = [
        "\\boxed{1/3}",
        "\\boxed{0.33333}",
        "\\boxed{\\sqrt2}",
        "\\boxed{\\frac{2}{\\sqrt2}}",
        "\\boxed{x}",
        "",
        "\\boxed{1,2}",
        "\\boxed{2,1}",
    ]
    expected = dict(zip(attempts, vote(attempts).verdicts, strict=True))
    for seed in range(10):
        shuffled = attempts[:]
        random.Random(seed).shuffle(shuffled)
        judgement = vote(shuffled)
        assert judgement.label == vote(attempts).label
        assert dict(zip(shuffled, judgement.verdicts, strict=True)) == expected


def test_ties_and_minimum_share_are_explicit():
    tied = ["\\boxed{12}", "\\boxed{3}", "\\boxed{12}", "\\boxed{3}"]
    assert vote(tied).label == "3"
    assert vote(tied).valid
    assert vote(tied).evidence["tie"]
    assert not vote(tied, ties="invalid").valid
    assert vote(tied).evidence["runner_up_share"] == 0.5
    assert vote(["\\boxed{1}", "\\boxed{1}", "", ""], min_share=0.5).valid
    assert not vote(["\\boxed{1}", "\\boxed{1}", "", "", ""], min_share=0.5).valid
    with pytest.raises(ValueError, match="ties"):
        vote([], ties="first")


def test_weights_decide_who_wins_but_not_the_solve_rate():
    question = Question("q", meta={"confidence": [0.1, 0.1, 0.9]})
    attempts = ["\\boxed{1}", "\\boxed{1}", "\\boxed{2}"]
    judgement = vote(attempts, question, weights="confidence")
    assert (judgement.label, judgement.solve_rate) == ("2", 1 / 3)
    assert vote(attempts, question).label == "1"
    with pytest.raises(ValueError, match="confidence"):
        vote(attempts[:2], question, weights="confidence")


def test_cost_grows_almost_linearly_with_the_group():
    rng = random.Random(0)

    def group(m: int) -> list[str]:
        return [f"so it is \\boxed{{\\frac{{{rng.randint(1, 9)}}}{{{rng.randint(1, 3)}}}}}" for _ in range(m)]

    def seconds(m: int) -> float:
        groups = [group(m) for _ in range(20)]
        verifier = make_verifier("majority")
        start = time.process_time()
        verifier.judge_many([Q] * 20, groups)
        return time.process_time() - start

    seconds(8)
    assert min(seconds(256) for _ in range(3)) < 60 * min(seconds(16) for _ in range(3))
