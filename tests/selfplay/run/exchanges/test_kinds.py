"""What a solver is told during an attempt: values, outputs, that there is no answer; never a reference or a label."""

import random
from fractions import Fraction

import pytest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.math_language import parse_expression
from selfplay_gym.core.records import Question
from selfplay_gym.core.registries import make_verifier
from selfplay_gym.selfplay.run.exchanges.kinds import (
    DEFAULT_TURNS,
    NO_ANSWER,
    SURE,
    WRONG,
    AskBack,
    Calculator,
    Retry,
    Sandbox,
    calculated,
    make_exchange,
    read_turns,
)

QUESTIONS = {f"ask {n}+{n}": Question(f"What is {n}+{n}?", str(2 * n)) for n in range(20)}


def replies(exchange, *texts, prompt="What is 3+4?"):
    return list(exchange.reply([prompt] * len(texts), [[text] for text in texts]))


def expression(rng, depth=0):
    """Random text of the language, with its value by Python's own exact arithmetic."""
    if depth > 4 or rng.random() < 0.3:
        number = rng.randrange(1000)
        return str(number), Fraction(number)
    (left, a), (right, b) = expression(rng, depth + 1), expression(rng, depth + 1)
    sign = rng.choice("+-*/" if b else "+-*")
    return f"({left}{sign}{right})", {"+": a + b, "-": a - b, "*": a * b, "/": a / b if b else a}[sign]


@pytest.mark.parametrize("seed", range(30))
def test_the_calculator_is_exact(seed):
    text, value = expression(random.Random(seed))
    (said,) = replies(Calculator(3), f" <calc>{text}</calc>\n")
    if len(text) > 200:
        assert "at most 200" in said
    else:
        assert Fraction(said) == value


@pytest.mark.parametrize(
    "text",
    [
        "12*7",
        "the answer is \\boxed{4} <calc>1+1</calc>",
        "<calc>1+1</calc> so \\boxed{2}",
        "<calc>1+1</calc><calc>2</calc>",
        "<calc>1+1",
        "<CALC>1+1</CALC>",
        "",
        "<calc></calc",
    ],
)
def test_what_is_no_call_alone_ends_the_attempt(text):
    assert replies(Calculator(3), text) == [None]


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("", "no expression"),
        ("1/0", "no expression"),
        ("1/(2-2)", "no expression"),
        ("2**10", "no expression"),
        ("__import__('os')", "no expression"),
        ("9" * 13, "no expression"),
        ("٣+٤", "no expression"),
        ("1" * 300, "at most 200"),
        ("(" * 150, "no expression"),
        ("2x+1", "unknown"),
        ("x-x+4", "4"),
        ("7/2", "7/2"),
        ("-6/4", "-3/2"),
        ("9*(1+1)", "18"),
        ("999999999999*" * 12 + "9", str(999_999_999_999**12 * 9)),
    ],
)
def test_what_the_calculator_says(expression, said):
    assert said in calculated(expression)


def test_a_retry_without_known_answers_says_no_more_than_that_there_is_none():
    retry = Retry(2, QUESTIONS.get, None)
    said = replies(retry, "\\boxed{3}", "I do not know.", "", "\\boxed{4}", prompt="ask 2+2")
    assert said == [None, NO_ANSWER, NO_ANSWER, None]


def test_a_retry_with_computed_answers_says_what_is_wrong_and_nothing_else():
    retry = Retry(2, QUESTIONS.get, make_verifier("sympy"))
    prompts = [*QUESTIONS, "unknown"]
    right = [[f"\\boxed{{{question.reference}}}"] for question in QUESTIONS.values()]
    assert retry.reply(prompts, [*right, ["\\boxed{5}"]]) == [None] * 21
    wrong = [["So it is \\boxed{777}"] for _ in QUESTIONS]
    assert retry.reply(prompts, [*wrong, ["?"]]) == [WRONG] * 20 + [NO_ANSWER]


def test_no_reply_depends_on_the_reference_but_by_right_and_wrong():
    """The same attempt at questions of other references is told the same, as long as it is wrong."""
    retry = Retry(2, lambda prompt: Question("What is this?", prompt), make_verifier("sympy"))
    said = {reply for n in range(50) for reply in retry.reply([str(n)], [["\\boxed{-1}"]])}
    assert said == {WRONG}


def test_who_is_asked_back_is_told_nothing():
    assert set(AskBack(2).reply(["a", "b"], [["\\boxed{1}"], [""]])) == {SURE}


def test_the_sandbox_says_what_is_printed():
    box = Sandbox(3)
    said = replies(
        box,
        "<python>print(2**10)</python>",
        "<python>1/0</python>",
        "<python>pass</python>",
        "<python>print('x' * 10000)</python>",
        "<python>open('/etc/passwd').read()</python>",
        "\\boxed{4}",
    )
    assert said[0] == "1024"
    assert "ZeroDivisionError" in said[1]
    assert said[2] == "It printed nothing."
    assert len(said[3]) == 400
    assert "root" not in said[4]
    assert said[5] is None


def test_settings_of_turns():
    assert read_turns("none") is None
    assert {name: read_turns(name) for name in DEFAULT_TURNS} == {n: (n, t) for n, t in DEFAULT_TURNS.items()}
    assert read_turns({"name": "retry", "turns": 5}) == ("retry", 5)
    assert make_exchange("calculator", 4, QUESTIONS.get, None).turns == 4
    for bad in ("retry(turns=1)", "retry(turns=99)", "retry(turns=true)", "calculater", "retry(n=2)", "none(turns=2)"):
        with pytest.raises(ConfigError, match="turns"):
            read_turns(bad)


def test_the_language_of_the_calculator_is_that_of_the_questions():
    assert parse_expression("12*(7+1)").b == 96
    assert calculated("12*(7+1)") == "96"
