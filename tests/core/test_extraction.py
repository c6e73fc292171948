"""Extraction: where the answer stands, strictly and leniently, in linear time."""

import time

import pytest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.extraction import boxed_answer, extract_answer, last_boxed, last_number


@pytest.mark.parametrize(
    ("text", "strict", "lenient"),
    [
        (r"so \boxed{42}.", "42", "42"),
        (r"\boxed{1} then \boxed{2}", "2", "2"),
        (r"\boxed{\boxed{1}}", "1", "1"),
        (r"\boxed {7}", "7", "7"),
        (r"\fbox{\frac{1}{2}}", r"\frac{1}{2}", r"\frac{1}{2}"),
        (r"\boxed{\{1,2\}}", r"\{1,2\}", r"\{1,2\}"),
        (r"\boxed{2} and \boxed{3}", "2, 3", "2, 3"),
        (r"$\boxed{k = 45} \quad \text{and} \quad \boxed{n = 2}$", "k = 45, n = 2", "k = 45, n = 2"),
        (r"\boxed{3}, so the answer is \boxed{4}", "4", "4"),
        (r"\boxed{3}. Wait, \boxed{4}", "4", "4"),
        (r"\boxed{}", None, None),
        (r"\boxed{12", None, "12"),
        (r"so \boxed 5", None, "5"),
        ("#### 1,234", None, "1,234"),
        ("<answer> 7 </answer>", None, "7"),
        ("The answer is 42.", None, "42"),
        ("Final Answer: The final answer is $x+1$. I hope it is correct.", None, "x+1"),
        ("The answer is not 42.", None, None),
        ("She has 3 apples and now 1,200 pears.", None, "1,200"),
        ("It isn't 5", None, None),
        ("$1$ and $2$ and $3$", None, "1, 2, 3"),
        ("The domain of $f(x)$ is 19", None, "19"),
        ("$125$ miles", None, "125 miles"),
        ("x+1", None, "x+1"),
        ("Evelyn", None, "Evelyn"),
        ("5!", None, "5!"),
        ("I do not know.", None, None),
        ("", None, None),
        (" \n", None, None),
    ],
)
def test_both_modes(text, strict, lenient):
    assert extract_answer(text, "strict") == strict
    assert extract_answer(text, "lenient") == lenient
    assert extract_answer(text) == lenient


def test_unknown_mode_is_refused():
    with pytest.raises(ConfigError, match="strict"):
        extract_answer("x", "loose")  # type: ignore[arg-type]


def test_none_is_never_the_word():
    assert last_boxed("no box") is None
    assert boxed_answer("no box") is None
    assert last_number("no number") is None
    assert extract_answer(r"\boxed{None}") == "None"


@pytest.mark.parametrize(
    "unit",
    [
        "\\boxed{", "}", "$", "\\(", "answer is ", "1,", "1", "1 ", "and ", "$x$ and ", "*", "answer ",
        "\\boxed{1} and ", "####", "<answer>", "(", "\\text{", "not ", "\\",
    ],
)  # fmt: skip
def test_linear_on_hostile_repetition(unit):
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        start = time.process_time()
        extract_answer(text, "lenient")
        extract_answer(text, "strict")
        return time.process_time() - start

    seconds(1_000)
    assert seconds(100_000) < 0.5
    assert seconds(1_000_000) < 2.0
