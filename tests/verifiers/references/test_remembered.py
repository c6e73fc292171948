"""What verifiers remember of answers and questions changes no judgement, whatever was judged before."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfplay_gym.core import math_language
from selfplay_gym.core.records import Question
from selfplay_gym.core.registries import make_verifier
from selfplay_gym.verifiers.answers import readings
from selfplay_gym.verifiers.answers.parsing import locate, parse

REMEMBERING = (readings._read_short, parse._parse_short, locate._located_reference, math_language._read)

NUMBERS = st.integers(-30, 30).map(str) | st.sampled_from(
    [r"\frac{1}{2}", "0.5", "1/2", "50\\%", "x=3", "(1, 2)", "3 cm"]
)
ODD = st.sampled_from(["", "None", "½", "２", "1e999", "\\boxed{", "x" * 400, "7" * 130, "\ud800", r"\sqrt{2}"])
ANSWERS = NUMBERS | ODD | st.text(max_size=8)
ATTEMPTS = st.lists(ANSWERS.map(lambda answer: rf"3+4=7. \boxed{{{answer}}}") | ANSWERS, max_size=4)
GROUPS = st.lists(st.tuples(ANSWERS, ATTEMPTS), min_size=1, max_size=6)


def forget():
    for one in REMEMBERING:
        one.cache_clear()


def judged(verifier, groups):
    questions = [Question("What is 3+4?", reference=gold) for gold, _ in groups]
    return verifier.judge_many(questions, [attempts for _, attempts in groups])


@pytest.mark.parametrize("name", ["sympy", "majority"])
@settings(deadline=None, max_examples=40)
@given(groups=GROUPS)
def test_judgements_are_the_same_whatever_was_judged_before(name, groups):
    verifier = make_verifier(name, timeout_s=0)
    forget()
    fresh = judged(verifier, groups)
    assert judged(verifier, groups) == fresh
    assert judged(verifier, groups[::-1]) == fresh[::-1]
    forget()
    alone = [one for group in groups[::-1] for one in judged(verifier, [group])][::-1]
    assert alone == fresh


@settings(deadline=None)
@given(st.lists(st.integers(0, 40).map(lambda n: f"What is {n}+{n}*x?" if n % 7 == 0 else f"What is {n}+3/2?")))
def test_a_question_reads_the_same_whatever_was_read_before(texts):
    remembered = [math_language.read(text) for text in texts]
    assert remembered == [math_language._read.__wrapped__(text) for text in texts]


def test_memory_is_bounded_in_entries_and_in_the_length_of_each():
    forget()
    long = "What is 1+1?" + " " * 10**6
    assert math_language.read(long) is None
    verifier = make_verifier("sympy", timeout_s=0)
    judged(verifier, [("9" * 10**5, [rf"\boxed{{{'8' * 10**5}}}"])])
    assert all(one.cache_info().currsize == 0 for one in REMEMBERING)
    assert all(one.cache_info().maxsize <= 2**14 for one in REMEMBERING)
