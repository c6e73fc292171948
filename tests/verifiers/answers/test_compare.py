"""Comparisons: symmetric and reflexive on a pool of real notations; bends are found whatever the letters are."""

import itertools
import json
import random
import string
from pathlib import Path

import pytest

from selfplay_gym.verifiers import equal
from selfplay_gym.verifiers.answers.compare import Comparison
from selfplay_gym.verifiers.answers.equal import no_oracle
from selfplay_gym.verifiers.answers.policy import VOTE, Policy
from selfplay_gym.verifiers.answers.readings import read

DATA = Path(__file__).parents[2] / "data"
POOL_SIZE = 160


def pool():
    rows = [
        json.loads(line)
        for name in ("meaning.jsonl", "notation.jsonl")
        for line in (DATA / name).read_text(encoding="utf-8").splitlines()
    ]
    texts = list(dict.fromkeys(row[side] for row in rows for side in ("gold", "pred")))
    return random.Random(0).sample(texts, POOL_SIZE)


@pytest.mark.parametrize("policy", [Policy(), VOTE], ids=["default", "vote"])
def test_same_is_symmetric_and_reflexive(policy):
    comparison = Comparison(policy, no_oracle)
    forms = [(text, read(text, policy).forms[0]) for text in pool()]
    assert [text for text, form in forms if comparison.same(form, form) is not True] == []
    assert [
        (a, b)
        for (a, one), (b, other) in itertools.combinations(forms, 2)
        if comparison.same(one, other) is not comparison.same(other, one)
    ] == []


LETTERS = [letter for letter in string.ascii_lowercase if letter not in "dei"]
"""Without the numbers e and i, and the d of differentials."""


def test_signs_of_two_variables_are_independent_for_all_letters():
    pairs = [(a, b) for a, b in itertools.combinations(LETTERS, 2) if a + b not in ("ln", "or", "pi", "mu", "nu")]
    assert [(a, b) for a, b in pairs if equal(f"|{a}|+|{b}|", f"|{a}+{b}|")] == []
    assert [(a, b) for a, b in pairs if not equal(f"|{a}{b}|", f"|{b}|\\cdot|{a}|")] == []


@pytest.mark.parametrize("bend", ["0.01", "0.3", "3", "17", "120", "4000", "10^6", "\\frac{7}{3}", "10^9"])
@pytest.mark.parametrize("letter", ["x", "t", "a", "z"])
def test_a_bend_is_found_wherever_it_is(bend, letter):
    assert not equal(f"|{letter}-{bend}|", f"{bend}-{letter}")
    assert not equal(f"|{letter}-{bend}|", f"{letter}-{bend}")
    assert not equal(f"\\max({letter},{bend})", letter)
    assert not equal(f"\\min({letter},-{bend})", letter)
    assert equal(f"|{letter}-{bend}|", f"\\sqrt{{({bend}-{letter})^2}}")


@pytest.mark.parametrize("count", [5, 70], ids=["pairwise", "by key"])
def test_items_of_lists_are_compared_by_value(count):
    """-1 and -2 have one hash, and so have 0 and 2^61 - 1."""
    rest = ", ".join(str(number) for number in range(10, 10 + count))
    for one, other in (("-1", "-2"), ("0", str(2**61 - 1))):
        assert not equal(f"{rest}, {one}", f"{rest}, {other}")
        assert equal(f"{rest}, {one}", f"{one}, {rest}")
    assert not equal("(-1, 2), (3, 4)", "(-2, 2), (3, 4)")


def test_duplicates_count_once_also_zero():
    zeros = ", ".join(["0"] * 70)
    assert equal(zeros, "0, 0")
    assert not equal(zeros, "0, 1")
