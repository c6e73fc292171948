"""LaTeX as text for terminals."""

import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfplay_gym.selfplay.play.readable import readable


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"$\frac{1}{2}x^2$", "1/2x²"),
        (r"\frac12", "1/2"),
        (r"\dfrac{x+1}{\sqrt{3}}", "(x+1)/√3"),
        (r"\frac{(a)+(b)}{c}", "((a)+(b))/c"),
        (r"\sqrt{x+1} \le \sqrt[3]{8}", "√(x+1) ≤ ∛8"),
        (r"2^{10} \times 2^{-3} = 2^7", "2¹⁰ × 2⁻³ = 2⁷"),
        ("2^10", "2¹⁰"),
        (r"x^{a+b}", "x^(a+b)"),
        (r"a_1+a_{12}", "a₁+a₁₂"),
        (r"90^\circ", "90°"),
        (r"\boxed{\tfrac{3}{4}}", "3/4"),
        (r"\text{if } n \geq 0", "if  n ≥ 0"),
        (r"\{1, 2\} \cup \emptyset", "{1, 2} ∪ ∅"),
        (r"\left(\frac{a}{b}\right)^2", "(a/b)²"),
        (r"\binom{n}{2}", "C(n, 2)"),
        (r"\(x\) and \[y\] and $$z$$", "x and y and z"),
        (r"\sin\alpha", "sinα"),
        (r"50\%", "50%"),
        (r"\unknown{a}{b}", r"\unknown{a}b"),
    ],
)
def test_formulas_are_read(written, read):
    assert readable(written) == read


@pytest.mark.parametrize(
    "text",
    [
        "What is 12+7*3?",
        "It costs $5, and then $7.",
        "{1, 2} and snake_case and f_name_2",
        "a ^ b",
        "\\",
        "^",
        r"\frac",
        r"x \unknown y",
        "№ ½ 你好 αβγ",
        "",
    ],
)
def test_other_texts_stay(text):
    assert readable(text) == text


@given(st.text(alphabet=string.ascii_letters + string.digits + " .,;:?!+*/()=<>{}[]'\"äδ你\n", max_size=80))
def test_a_text_without_formulas_stays(text):
    assert readable(text) == text


@given(st.text(alphabet=st.sampled_from("\\{}[]$^_ ab12\n") | st.characters(), max_size=120))
def test_no_text_breaks_it_and_what_is_no_markup_is_kept(text):
    shown = readable(text)
    assert len(shown) <= 3 * len(text)
    kept = {one for one in text if one.isalpha() and not one.isascii()}
    assert kept <= set(shown)


@pytest.mark.parametrize("text", ["\\frac{", "^{", "a_{", "$", "\\sqrt[", "{", "\\text", "\\frac\\frac", "a_1 "])
def test_its_time_is_linear(text):
    begun = time.process_time()
    readable(text * 20_000)
    assert time.process_time() - begun < 5
