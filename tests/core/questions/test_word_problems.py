"""Word problems: what the generator writes is read back, and nothing else that asks for no sum."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfplay_gym.core.math_language import MAX_LENGTH, answer, key, read, written_parts
from selfplay_gym.core.questions.word_problems import GAINS, LONGEST, LOSSES, sum_of
from selfplay_gym.curricula.generators.word_problems import word_problem

SUMS = {
    "Tom has 5 apples. He buys 7 more apples. How many apples does Tom have now?": "5+7",
    "Tom has 5 apples. Tom buys 7 more. Then he gives away 3 of them. How many apples does Tom have left?": "5+7-3",
    "Tom has 79 coins. Later, he spends 28. Finally he gives 6 to his aunt. How many coins does Tom have?": "79-28-6",
    "Mia has 3 bags with 4 coins in each. How many coins does Mia have?": "3*4",
    "Mia has 3 bags with 4 coins in each. They lose 2 coins. How many coins does Mia have?": None,  # not in this form
    "Mia has 3 bags with 4 coins. She loses 2 coins. How many coins does Mia have?": None,
    "Tom has 9 apples. He gets 2 apples from Ann. How many apples does Tom have now?": "9+2",
    "Tom has 9 apples. He takes 2 apples from the tree. How many apples does Tom have now?": "9+2",
    "Tom has 9 apples. He buys 2 apples at a market. How many apples does Tom have now?": "9+2",
    "Tom has 9 apples. He takes 2 apples to school. How many apples does Tom have now?": None,
    "Tom has 9 apples. He takes 2 to Ann. How many apples does Tom have now?": None,
    "Tom has 9 apples. He takes 2 apples. How many apples does Tom have now?": None,
    "Tom has 9 apples. He makes 2 apples to the shop. How many apples does Tom have now?": None,
    "Tom has 5 apples. He buys 3 apples in each of four shops. How many apples does Tom have now?": None,
    "Tom has 9 apples. He eats 2 apples in the morning and four at night. How many apples does Tom have now?": None,
    "Tom has 9 apples. He eats 2 apples at noon and three. How many apples does Tom have now?": None,
    "Tom has 9 apples. He eats 2 apples in ten minutes. How many apples does Tom have now?": None,
    "Tom has 5 apples in each. He buys 7 more apples. How many apples does Tom have now?": None,
    "Tom has 5 apples. How many apples does Tom have now?": None,  # nothing happens
    "Tom has 5 apples. He buys 7 more pears. How many apples does Tom have now?": None,
    "Tom has 5 apples. He buys 7 apples. How many pears does Tom have now?": None,
    "Tom has 5 apples. He buys 7 apples. How many apples does Ann have now?": None,
    "Tom has 5 apples. Ann buys 7 apples. How many apples does Tom have now?": None,
    "Tom has 5 apples. He loses 6 apples. How many apples does Tom have now?": None,  # more than there is
    "Tom has 5 apples. He loses 2 more apples. How many apples does Tom have now?": None,  # more than when?
    "Tom has 5 apples. He paints 2 apples. How many apples does Tom have now?": None,
    "Tom has ٥ apples. He buys 7 apples. How many apples does Tom have now?": None,
    "Tom has 5 apples.  He buys 7 apples. How many apples does Tom have now?": None,
    "Tom has 5 apples. He buys 7 apples. How many apples does Tom have now? 13": None,
    "What is 5+7?": None,
    "": None,
}


@pytest.mark.parametrize(("text", "expected"), SUMS.items())
def test_the_sum_of_a_text(text, expected):
    assert sum_of(text) == expected
    assert (written_parts(text) == ("word-problem", (expected,))) == (expected is not None)


@given(st.floats(0.0, 1.0), st.integers(0, 10**9))
def test_what_is_written_is_read_back(level, seed):
    text = word_problem(level, random.Random(seed))
    found = sum_of(text)
    assert found is not None
    assert re.findall(r"\d+", text) == re.findall(r"\d+", found)
    assert int(answer(text)) >= 0
    assert read(text).kind == "word-problem"
    assert read(text).operations == len(re.findall(r"[-+*]", found)) == (1 if level < 1 / 3 else 2)
    assert len(text) <= MAX_LENGTH


@given(st.integers(0, 10**6), st.data())
def test_a_word_changed_leaves_the_numbers_or_nothing(seed, data):
    text = word_problem(0.5, random.Random(seed))
    words = text.split(" ")
    at = data.draw(st.integers(0, len(words) - 1))
    words[at] = data.draw(
        st.sampled_from(["he", "Tom", "and", "shells", "buys", "loses", "each.", "12", "ten", "<b>", ""])
    )
    found = sum_of(" ".join(words))
    if found is not None:  # a verb or a number may be another one; then the sum is
        assert re.findall(r"\d+", found) == re.findall(r"\d+", " ".join(words))


def test_names_and_things_do_not_change_what_is_asked():
    one = "Tom has 5 apples. He buys 7 more apples. How many apples does Tom have now?"
    other = "Eva has 5 eggs. She finds 7 eggs. How many eggs does Eva have?"
    assert key(one) == key(other) == "word-problem:5+7"
    assert not set(GAINS) & set(LOSSES)


def test_long_texts_are_not_read_and_do_not_hang():
    event = "He buys 7 more apples. "
    assert sum_of(f"Tom has 5 apples. {event * 1000}How many apples does Tom have now?") is None
    assert sum_of("Tom has " * 100_000) is None
    assert sum_of(f"Tom has 5 apples. {event * 5}How many apples does Tom have?".ljust(LONGEST + 1)) is None
