"""The question language reads exactly what it defines, exactly, and the split follows the mathematics."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfplay_gym.core.held_out import HELD_OUT_SHARE, is_held_out
from selfplay_gym.core.math_language import answer, build_expression, key, parse_expression, read, written_parts


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("What is 12+7*3?", "33"),
        ("Compute (3+4)*-2.", "-14"),
        ("find the value of 7/2", "7/2"),
        ("Evaluate 2(3+4).", "14"),
        ("Solve 3x+4=19.", "5"),
        ("Solve for x: 2(x+1)=x-4.", "-6"),
        ("If 2x+3=11, what is 3x-1?", "11"),
    ],
)
def test_answers(text, value):
    assert answer(text) == value


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "What is love?",
            "What is 3x?",
            "Solve x=x.",
            "Solve x*x=4.",
            "Compute 1/0.",
            "Compute 1+.",
            "Compute )1(.",
        ),
        *("Compute " + "(" * 50 + "1" + ")" * 50 + ".", "Compute 9**9.", "Compute 1" + "0" * 20 + ".", "What is ٣+4?"),
        "Compute " + "1+" * 300 + "1.",
    ],
)
def test_what_is_not_in_the_language_has_no_answer(text):
    assert answer(text) is None


@given(st.recursive(st.integers(0, 99).map(str), lambda e: st.builds("({}{}{})".format, e, st.sampled_from("+-*"), e)))
def test_values_agree_with_python(expression):
    if len(expression) < 100 and expression.count("(") < 15:
        # built by this test from digits, parentheses and three operators: safe to evaluate
        assert parse_expression(expression).b == Fraction(eval(expression))


@given(st.text(max_size=60))
def test_any_text_is_read_or_declined(text):
    reading = read(text)
    assert reading is None or isinstance(reading.answer, Fraction)
    assert key(f" {text}\n") == key(text)


def test_wording_does_not_change_the_side_of_the_split():
    for a in range(40):
        sides = {
            is_held_out(key(text)) for text in (f"What is {a}+7?", f"Compute {a} + 7.", f"Find the value of {a}+7.")
        }
        assert len(sides) == 1


def test_the_held_out_share_is_what_it_says():
    share = sum(is_held_out(key(f"What is {a}+{b}?")) for a in range(70) for b in range(70)) / 4900
    assert abs(share - HELD_OUT_SHARE) < 0.02


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("What is 12 + 7*3?", ("arithmetic", ("12+7*3",))),
        ("Solve for x: 3x + 4 = 19.", ("equation", ("3x+4", "19"))),
        ("If 2x+3=11, what is 3x-1?", ("composed", ("2x+3", "11", "3x-1"))),
        ("Solve x=x.", None),
        ("What is love?", None),
    ],
)
def test_the_expressions_of_a_question_as_they_are_written(text, written):
    assert written_parts(text) == written


class Spelt(str):
    """An algebra whose values are how they were calculated."""

    def __add__(self, other):
        return Spelt(f"({self}+{other})")

    def __neg__(self):
        return Spelt(f"-{self}")

    def __mul__(self, other):
        return Spelt(f"({self}*{other})")

    def __truediv__(self, other):
        return Spelt(f"({self}/{other})")


def test_an_expression_can_be_made_of_any_algebra_in_the_order_of_calculation():
    assert build_expression("2-3x/(1+4)", lambda n: Spelt(n), Spelt("x")) == "(2+-((3*x)/(1+4)))"
