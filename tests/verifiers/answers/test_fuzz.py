"""A short run of the fuzzer, and Hypothesis on raw text; the long run is benchmarks/fuzz_verifiers.py."""

import importlib.util
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfplay_gym import Outcome, Question, make_verifier
from selfplay_gym.core.extraction import extract_answer
from selfplay_gym.verifiers import equal

FUZZER = Path(__file__).parents[3] / "benchmarks" / "fuzz_verifiers.py"
LETTERS = st.sampled_from(
    [*"0123456789xyznabei+-*/^_=<>(){}[]|,;:.!%'$& \\", "\\frac", "\\sqrt", "\\text{", "\\{", "\\}"]
)
ANSWERS = st.lists(LETTERS, max_size=30).map("".join) | st.text(max_size=40)
CALM = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


@pytest.fixture(scope="module")
def fuzzer():
    spec = importlib.util.spec_from_file_location("fuzz_verifiers", FUZZER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_mutated_answers(fuzzer):
    assert fuzzer.fuzz(3_000, seed=11, report=False) == []


@CALM
@given(ANSWERS, ANSWERS)
def test_equality_is_symmetric_and_never_fails(a, b):
    forth, back = equal(a, b, timeout_s=0), equal(b, a, timeout_s=0)
    assert forth.outcome is back.outcome
    assert "the checker failed" not in forth.reason + back.reason
    assert equal(a, a, timeout_s=0).outcome is Outcome.CORRECT


@CALM
@given(st.text(max_size=300) | ANSWERS)
def test_extraction_returns_text_or_none_and_is_never_blank(text):
    for mode in ("strict", "lenient"):
        answer = extract_answer(text, mode)
        assert answer is None or answer.strip()


@CALM
@given(st.lists(ANSWERS, max_size=6), st.randoms(use_true_random=False))
def test_a_vote_does_not_depend_on_order(attempts, rng):
    verifier = make_verifier("majority", timeout_s=0)
    judgement = verifier.judge(Question("q"), attempts)
    order = list(range(len(attempts)))
    rng.shuffle(order)
    shuffled = verifier.judge(Question("q"), [attempts[index] for index in order])
    assert shuffled.label == judgement.label
    assert list(shuffled.verdicts) == [judgement.verdicts[index] for index in order]


@CALM
@given(st.integers(-(10**30), 10**30), st.integers(-(10**30), 10**30), st.integers(1, 10**12))
def test_integers_and_fractions_are_exact(a, b, q):
    assert bool(equal(str(a), str(b))) is (a == b)
    assert bool(equal(f"\\frac{{{a}}}{{{q}}}", f"{a * 7}/{q * 7}"))
    assert not equal(f"\\frac{{{a}}}{{{q}}}", f"\\frac{{{a + 1}}}{{{q}}}")
