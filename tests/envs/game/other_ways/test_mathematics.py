"""Other ways to ask: with the right label everything asked comes out as expected, with a wrong one it does not."""

import random
from dataclasses import replace
from fractions import Fraction

import pytest

from selfplay_gym import Question, make_generator
from selfplay_gym.core.math_language import answer, key, read
from selfplay_gym.core.records import TaskSpec
from selfplay_gym.envs.game.other_ways.mathematics import as_number, math_kind, math_ways


def expression(rng, depth=2):
    """An expression of the whole grammar, not only what the generators write."""
    if depth == 0 or rng.random() < 0.3:
        return str(rng.randrange(0, 13))
    one, other = expression(rng, depth - 1), expression(rng, depth - 1)
    form = rng.choice(["{}+{}", "{}-{}", "{}-{}", "{}*{}", "({}+{})*2", "{}-({})", "-{}+{}", "{}/{}", "({})({})"])
    return form.format(one, other)


def generated(count):
    rng = random.Random(1)
    generator, word_problems = make_generator("mixed"), make_generator("word-problem")
    for _ in range(count):
        yield generator.generate(TaskSpec(rng.random()), rng).text
        yield word_problems.generate(TaskSpec(rng.random()), rng).text
    for _ in range(count):
        yield f"What is {expression(rng)}?"
        yield f"Solve {rng.randrange(1, 9)}x-{expression(rng, 1)}={expression(rng, 1)}-x."
        yield f"If {expression(rng, 1)}={rng.randrange(1, 9)}x, what is {rng.randrange(9)}-{rng.randrange(1, 9)}x?"


READABLE = [text for text in generated(300) if answer(text) is not None]


def comes_out(way):
    """Whether somebody who calculates without error answers as the way expects."""
    given = {answer(text) for text in way.texts}
    return given == {way.expected} if way.expected is not None else len(given) == 1


@pytest.mark.parametrize("seed", [0, 1])
def test_the_right_label_is_confirmed_every_way(seed):
    rng = random.Random(seed)
    for text in READABLE:
        for way in math_ways(Question(text), answer(text), rng):
            assert way.texts
            assert None not in [answer(asked) for asked in way.texts], (text, way)
            assert comes_out(way), (text, way)


def test_a_wrong_label_is_confirmed_no_way():
    rng = random.Random(2)
    for text in READABLE:
        wrong = str(Fraction(answer(text)) + rng.choice([-10, -2, -1, 1, 2, 10]))
        for way in math_ways(Question(text), wrong, rng):
            assert not comes_out(way), (text, wrong, way)


def test_whatever_the_generators_write_can_be_asked_another_way():
    rng = random.Random(3)
    for text in list(generated(300))[:300]:
        assert math_ways(Question(text), answer(text), rng), text


@pytest.mark.parametrize(
    ("text", "label"),
    [("What is ((9)*2-9)?", "9"), ("What is 2*007-7?", "7"), ("What is (0)*12-0?", "0")],
)
def test_other_brackets_and_zeros_are_no_other_way(text, label):
    """Worked backwards each of these is itself, spelt otherwise."""
    ways = math_ways(Question(text), label, random.Random(1))
    assert "backward" not in [way.name for way in ways]
    assert all(key(one).replace("007", "7") != key(text) for way in ways for one in way.texts)


def test_no_way_asks_the_question_itself():
    rng = random.Random(4)
    for text in READABLE:
        if read(text).kind == "arithmetic":
            asked = [one for way in math_ways(Question(text), answer(text), rng) for one in way.texts]
            assert read(text).key not in [read(one).key for one in asked], (text, asked)


@pytest.mark.parametrize("claim", [None, "7", "8", "no number"])
def test_a_reference_changes_nothing(claim):
    question = Question("What is 3+4*5-2?", claim, author="somebody")
    assert math_ways(question, "21", random.Random(5)) == math_ways(
        replace(question, reference=None), "21", random.Random(5)
    )


@pytest.mark.parametrize(
    ("text", "label", "names"),
    [
        ("What is 12-5?", "7", ["split", "backward"]),  # no other order begins with a term that is added
        ("What is 3+4?", "7", ["permuted", "split", "backward"]),
        ("What is 7*8?", "56", ["permuted", "split"]),
        ("What is 5*5?", "25", ["split"]),
        ("What is 5*3*3?", "45", ["split"]),  # 3*5*3 would leave the last factor where it is
        ("What is 2+2+2?", "6", ["split", "backward"]),
        ("What is 8/2?", "4", ["split", "backward"]),
        ("What is -3-4?", "-7", ["permuted", "split", "backward"]),
        ("Solve 3x+4=19.", "5", ["backward"]),
        ("If 2x+3=11, what is 3x-1?", "11", ["backward"]),
        ("If 2x+3=11, what is 5?", "5", []),  # the label says nothing about x
        ("What is x-x+3?", "3", []),
        ("Solve x+1=x+1.", "3", []),  # every label would solve it
        ("How many apples are left?", "3", []),
        ("What is 3+4?", "seven", []),
        ("What is 3+4?", "1/0", []),
    ],
)
def test_which_ways_there_are(text, label, names):
    assert [way.name for way in math_ways(Question(text), label, random.Random(6))] == names


@pytest.mark.parametrize(
    ("text", "label", "asked", "expected"),
    [
        ("Solve 3x+4=19.", "5", ("What is 3*5+4?",), "19"),
        ("Solve 19=3x+4.", "5", ("What is 3*5+4?",), "19"),
        ("Solve 4x+3=-5.", "-2", ("What is 4*2-3?",), "5"),  # with the signs turned, so that none stands in front
        ("Solve 5x+1=2x+10.", "3", ("What is 5*3+1?", "What is 2*3+10?"), None),
        ("If 2x+3=11, what is 3x-1?", "11", ("What is 2*4+3?",), "11"),
        ("Solve 4x+4=9.", "1", ("What is 4*1+4?",), "9"),
        ("Solve 4x+4=9.", r"\frac{5}{4}", ("What is 4*5/4+4?",), "9"),
    ],
)
def test_roots_are_put_back(text, label, asked, expected):
    (way,) = math_ways(Question(text), label, random.Random(7))
    assert (way.texts, way.expected) == (asked, expected)


def test_a_permutation_leaves_nothing_in_its_place():
    for seed in range(50):
        way = math_ways(Question("What is 6*2-10+4*8?"), "34", random.Random(seed))[0]
        assert way.name == "permuted"
        (asked,) = way.texts
        for same in ("is 6*2", "is 2*6", "-10+", "+4*8", "+8*4", "6*2", "4*8"):
            assert same not in asked


def test_equal_streams_draw_equal_ways():
    question = Question("What is 3+4*5-2+11?")
    assert math_ways(question, "32", random.Random(8)) == math_ways(question, "32", random.Random(8))
    assert len({math_ways(question, "32", random.Random(seed))[0].texts for seed in range(20)}) > 1


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("What is 3+4-2?", "sum"),
        ("Compute (3+4)-2.", "sum"),
        ("What is 3*4?", "product"),
        ("What is 8/2+1?", "product"),
        ("What is 2(3+4)?", "product"),
        ("What is (1+2)(3+4)?", "product"),
        ("Solve 3x=12.", "equation"),
        ("If x=3, what is x+1?", "composed"),
        ("What is the capital of 7?", "other"),
        ("Solve x=x.", "other"),
    ],
)
def test_kinds(text, kind):
    assert math_kind(Question(text)) == kind


def test_what_cannot_be_read_has_the_kind_that_its_generator_gave_it():
    assert math_kind(Question("Who lies?", meta={"kind": "knights"})) == "knights"
    assert math_kind(Question("What is 3+4?", meta={"kind": "knights"})) == "sum"
    assert math_kind(Question("Who lies?", meta={"kind": None})) == "other"


@pytest.mark.parametrize(
    ("label", "number"),
    [
        ("7", 7),
        (" -3/4 ", Fraction(-3, 4)),
        ("1.25", Fraction(5, 4)),
        ("x = -2", -2),
        (r"-\frac{3}{4}", Fraction(-3, 4)),
        ("3/0", None),
        (r"\frac{1}{0}", None),
        ("1e5", None),
        ("9" * 31, None),
        ("7 apples", None),
        ("", None),
    ],
)
def test_labels_that_are_numbers(label, number):
    assert as_number(label) == number


def test_a_word_problem_is_asked_again_as_a_bare_sum():
    question = Question(
        "Tom has 5 apples. He buys 7 more apples. Then he eats 2 apples. How many apples does Tom have?"
    )
    ways = math_ways(question, "10", random.Random(0))
    assert [way.name for way in ways] == ["permuted", "split", "backward"]
    assert all(text.startswith("What is ") for way in ways for text in way.texts)
    assert math_kind(question) == "word-problem"
