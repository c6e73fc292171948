"""Extraction by meaning: right answers are found, and no number that an attempt denies or discards is ever rewarded.

A row of tests/data/extraction.jsonl: `text`, the `answer` that lenient extraction must find (or `null`: not asked),
numbers that must `never` be correct in either mode, and what `strict` must find (`null`: nothing, "-": not asked).
"""

import json
import sys
from pathlib import Path

import pytest

from selfplay_gym import Outcome, Question, make_verifier
from selfplay_gym.verifiers.answers.parsing.locate import find, locate_reference

ROOT = Path(__file__).parents[3]
ROWS = [json.loads(line) for line in (ROOT / "tests" / "data" / "extraction.jsonl").read_text("utf-8").splitlines()]
LENIENT = make_verifier("sympy", timeout_s=0)
STRICT = make_verifier("sympy", timeout_s=0, extract="strict")


def outcome(judge, reference, text):
    return judge.judge(Question("", reference=reference), [text]).verdicts[0].outcome


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["text"][:40])
def test_the_answer_is_found_and_nothing_discarded_is_paid(row):
    if row["answer"] is not None:
        assert outcome(LENIENT, row["answer"], row["text"]) is Outcome.CORRECT, find(row["text"], "lenient")
    for discarded in row["never"]:
        assert outcome(LENIENT, discarded, row["text"]) is not Outcome.CORRECT
        assert outcome(STRICT, discarded, row["text"]) is not Outcome.CORRECT
    if row["strict"] is None:
        assert find(row["text"], "strict") is None
    elif row["strict"] != "-":
        assert outcome(STRICT, row["strict"], row["text"]) is Outcome.CORRECT


def test_composed_outputs_are_read_rightly(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    sys.modules.pop("extraction", None)
    import extraction

    found = [extraction.outcome(output) for output in extraction.outputs(1500, seed=1)]
    assert found.count("right") >= 0.99 * len(found)
    assert found.count("discarded") == 0


def test_an_unfinished_thought_is_a_policy():
    text = "<think>So it is \\boxed{7}, let me check"
    assert outcome(LENIENT, "7", text) is Outcome.WRONG
    reads = make_verifier("sympy", timeout_s=0, policy={"unfinished": "read"})
    assert outcome(reads, "7", text) is Outcome.CORRECT
    assert make_verifier("majority").judge(Question("q"), [text] * 3).label is None
    assert make_verifier("majority", policy={"unfinished": "read"}).judge(Question("q"), [text] * 3).label == "7"


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        ("n is a multiple of 6", "n is a multiple of 6"),
        ("\\text{all primes of the form } 4k+1", "\\text{all primes of the form } 4k+1"),
        ("There are exactly 3 such pairs: (1,2), (2,1), (3,3)", "There are exactly 3 such pairs: (1,2), (2,1), (3,3)"),
        ("The probability is 3/4.", "The probability is 3/4"),
        ("She bought 3 apples and paid 7 dollars. #### 7", "7"),
        ("So \\boxed{7} apples in 3 bags", "7"),
        ("The answer is 7.", "7"),
        ("**12**", "12"),
        ("5!", "5!"),
        ("  x = 5 ", "x = 5"),
        ("", None),
        (" \n", None),
        (None, None),
    ],
)
def test_a_reference_is_an_answer_and_nothing_is_guessed_from_it(reference, answer):
    assert locate_reference(reference) == answer


@pytest.mark.parametrize(
    ("reference", "right", "wrong"),
    [
        ("n is a multiple of 6", "\\boxed{n is a multiple of 6}", "\\boxed{6}"),
        ("\\text{all primes of the form } 4k+1", "\\boxed{\\text{All primes of the form }4k+1}", "\\boxed{1}"),
        ("The probability is 3/4.", "\\boxed{The probability is 3/4}", "\\boxed{4}"),
        ("all integers n such that n^2 < 10", "\\boxed{all integers n such that n^2<10}", "\\boxed{10}"),
        ("the larger of 2 and 7", "\\boxed{the larger of 2 and 7}", "\\boxed{7}"),
    ],
)
def test_a_sentence_is_equal_to_its_own_words_only(reference, right, wrong):
    assert outcome(LENIENT, reference, right) is Outcome.CORRECT
    assert outcome(LENIENT, reference, wrong) is not Outcome.CORRECT


@pytest.mark.parametrize("name", ["sympy", "exact", "numeric"])
@pytest.mark.parametrize("reference", ["", "  ", None, "\n"])
def test_an_empty_reference_is_none(name, reference):
    judgement = make_verifier(name).judge(Question("q", reference=reference), ["\\boxed{5}", "", "5"])
    assert {verdict.outcome for verdict in judgement.verdicts} == {Outcome.UNDECIDED}
    assert (judgement.label, judgement.valid) == (None, False)
