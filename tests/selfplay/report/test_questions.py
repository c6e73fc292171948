"""The signs at the answers of a question: where the right answer is known, every answer is right or wrong."""

import pytest

from selfplay_gym.selfplay.report.questions import read_questions

PERTURBED = {"perturbation": {"kind": "reworded", "of": "other:1", "keeps": True}}
READABLE = {"text": "What is 12+7*3?", "reference": None, "author": "challenger"}
GIVEN = {"text": "How many legs have three hens?", "reference": "6", "author": "file"}
CLAIMED = {"text": "How many legs have three hens?", "reference": "6", "author": "challenger"}


class Logs:
    """The logs of one question with its attempts."""

    def __init__(self, question, label, label_right, answers):
        here = {"round": 1, "index": 0}
        judged = {"label": label, "solve_rate": 0.5, "kept": True, "valid": True, "label_right": label_right}
        judged |= {"answers": answers, "matches": [answer == label for answer in answers]}
        self._rows = {
            "questions": [{**here, "level": None, "dropped": None, **question}],
            "labels": [{**here, **judged}],
            "attempts": [{**here, "attempts": [f"It is {answer}." for answer in answers]}],
        }

    def by_round(self, *names):
        yield 1, {name: self._rows[name] for name in names}


def sample_of(*row):
    return read_questions(Logs(*row))[0].samples[0]


@pytest.mark.parametrize(
    ("question", "truth", "right"),
    [
        (READABLE, "33", {"33": True, "6": False, "33.0": True, None: False}),
        (GIVEN, "6", {"33": False, "6": True, "33.0": False, None: False}),
        ({**GIVEN, "meta": PERTURBED}, "6", {"33": False, "6": True, "33.0": False, None: False}),
        ({**GIVEN, "domain": "nobody-knows-it"}, "6", {"33": False, "6": True, "33.0": False, None: False}),
        (CLAIMED, None, dict.fromkeys(["33", "6", "33.0", None])),
    ],
)
def test_every_answer_is_right_or_wrong_where_the_right_one_is_known(question, truth, right):
    sample = sample_of(question, "6", truth and truth == "6", ["33", "6", "6", "33.0", None])
    assert sample.truth == truth
    assert {answer.text: answer.right for answer in sample.answers} == right


def test_a_wrong_label_is_told_what_is_right():
    sample = sample_of(GIVEN, "33", False, ["33", "33", "6"])
    assert (sample.truth, [answer.right for answer in sample.answers]) == ("6", [False, True])
