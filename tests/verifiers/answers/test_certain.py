"""No text equals two different references: huge sizes on the way neither hide a difference nor make one up."""

import random

import pytest

from selfplay_gym.verifiers import equal
from selfplay_gym.verifiers.answers.values import certain

REFERENCES = [
    "5", "0", "-3", "\\frac12", "\\sqrt2", "\\pi", "1+2i", "x", "x^2+1", "\\sin x", "n!", "\\log_2 3", "7", "1",
    "\\sqrt2\\cdot10^{-70}", "10^{60}\\sqrt3", "\\sin(10^{100})", "e^{\\pi}",
]  # fmt: skip
SHAPES = ["{}", "x>{}", "y={}", "x^2+y^2={}", "(1,{})", "\\begin{{pmatrix}}1&{}\\end{{pmatrix}}", "{}\\text{{ cm}}"]
HUGE = ["9^{99}", "10^{60}", "100!", "10^{200}", "2^{900}", "10^{120}\\cdot10^{250}", "\\pi^{300}", "e^{500}"]
SMALL = ["\\sqrt2", "\\pi", "1", "\\sqrt3", "x", "\\frac17", "\\ln 2"]


def hostile(draw, depth=2):
    """An expression whose parts are huge and whose value is not, most of the time."""
    if depth == 0:
        return draw.choice(SMALL)
    inner, huge = hostile(draw, depth - 1), draw.choice(HUGE)
    return draw.choice(
        [
            f"\\ln({inner}+{huge})",
            f"\\cos({inner}+{huge})",
            f"\\sin({inner}\\cdot {huge})",
            f"\\arctan({inner}+{huge})",
            f"\\frac{{{inner}}}{{{inner}+{huge}}}",
            f"0\\cdot({inner}+{huge})",
            f"({inner}+{huge}-{huge})",
            f"({inner}\\cdot {huge}-\\sqrt7\\cdot {huge})",
            f"\\lfloor\\pi {huge}\\rfloor-\\lfloor\\pi {huge}\\rfloor",
            f"\\sqrt[9]{{{inner}+{huge}}}",
            f"\\tanh({inner}+{huge})",
            f"|{inner}-{huge}|",
            f"({inner}+(2^{{61}}-1)(2^{{89}}-1)x)",
        ]
    )


def test_references_are_different():
    pairs = [(a, b) for a in REFERENCES for b in REFERENCES if a != b]
    assert [pair for pair in pairs if equal(*pair, timeout_s=0)] == []


@pytest.mark.parametrize("shape", SHAPES)
def test_no_text_equals_two_references(shape):
    draw = random.Random(shape)
    for _ in range(8):
        text = shape.format(hostile(draw, draw.choice((1, 2, 3))))
        paid = [reference for reference in REFERENCES if equal(shape.format(reference), text, timeout_s=0)]
        assert len(paid) < 2, (text, paid)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\\sqrt3", "\\sqrt3+10^{260}-10^{260}"),
        ("\\cos(2\\pi/7)", "\\cos(2\\pi(7\\cdot10^{60}+1)/7)"),
        ("\\lfloor\\pi 9^{99}\\rfloor-\\lfloor\\pi 9^{99}\\rfloor", "0"),
        ("\\ln(\\sqrt2\\cdot 9^{99})", "99\\ln 9+\\frac12\\ln 2"),
        ("\\sqrt{10^{80}+1}-10^{40}", "\\frac{1}{\\sqrt{10^{80}+1}+10^{40}}"),
    ],
)
def test_huge_parts_get_the_digits_they_need(one, other):
    assert equal(one, other, timeout_s=0)


def test_a_jump_within_rounding_errors_is_undecided():
    jumping = "\\lfloor(\\sqrt2+\\sqrt3)^2-2\\sqrt6\\rfloor"  # 5 exactly, or 4 for whoever rounds
    assert not equal(jumping, "4", timeout_s=0)


def test_more_digits_than_allowed_are_undecided(monkeypatch):
    monkeypatch.setattr(certain, "MOST_DIGITS", 60)
    assert equal("\\sqrt3", "\\sqrt3+10^{60}-10^{60}", timeout_s=0).outcome.value == "undecided"
