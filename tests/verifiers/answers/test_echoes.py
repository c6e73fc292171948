"""A copy of the question is no answer: for the reference, the number and the vote; values and choices stay answers."""

from fractions import Fraction

import pytest

from selfplay_gym import Outcome, Question, make_verifier
from selfplay_gym.core.extraction import extract_answer
from selfplay_gym.core.math_language import read
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.verifiers.answers.echoes import REPEATS, is_echo

ECHOES = [
    ("3+4*2", "What is 3+4*2?"),
    ("$3+4*2$", "What is 3+4*2?"),
    (r"3+4\cdot 2", r"What is $3 + 4 \times 2$?"),
    ("(3+4*2)", "What is 3+4*2?"),
    ("3+4*2.", "What is 3+4*2?"),
    ("3+4*2 =", "What is 3+4*2?"),
    ("x = 3+4*2", "What is 3+4*2?"),
    ("What is 3+4*2?", "What is 3+4*2?"),
    (r"\text{3+4*2}", "What is **3+4*2**?"),
    ("3.0+4*2", "What is 3+4*2?"),
    (r"\left(3+4\right)*2", "(3+4)*2=?"),
    ("3(4+5)", "What is 3*(4+5)?"),
    ("3−4", "What is 3-4?"),
    ("３+４", "What is 3+4?"),
    (r"\frac{1}{2}+\frac{1}{3}", r"Compute $\frac{1}{2}+\frac13$."),
    ("1/2+1/3", r"Compute $\dfrac{1}{2}+\frac{1}{3}$."),
    ("12/4", "What is 12/4?"),
    (r"\frac{12}{4}", "What is 12 ÷ 4?"),
    ("12 / 4", "What is 12 divided by 4?"),
    ("2^{10}", "What is 2^10?"),
    ("2¹⁰", "What is 2**10?"),
    ("3^2", "What is 3 squared?"),
    ("5!", "What is 5!?"),
    (r"\binom{5}{2}", r"Find $\binom{5}{2}$."),
    (r"\sqrt{16}", "What is √16?"),
    (r"\sqrt{8}", r"Simplify $\sqrt{8}$."),
    (r"\log_2 8", r"What is $\log_2 8$?"),
    (r"\sin 30^\circ", r"What is $\sin 30^\circ$?"),
    (r"\gcd(12,18)", "What is gcd(12, 18)?"),
    (r"\sum_{i=1}^{3} i", r"Compute $\sum_{i=1}^3 i$."),
    ("|3-5|", "What is |3-5|?"),
    ("6 mod 4", "What is 6 mod 4?"),
    ("3 plus 4", "What is 3 plus 4?"),
    ("3+4", "What is 3 plus 4?"),
    ("2 x 3", "What is 2 x 3?"),
    ("1,000+1", "What is 1000+1?"),
    ("50% of 20", "What is 50% of 20?"),
    ("12:4", "Simplify the ratio 12:4."),
    ("3+4 apples", "Tom has 3+4 apples. How many?"),
    ("7, 5*2", "What are 3+4 and 5*2?"),
    ("2x+3x", "Simplify 2x+3x."),
    ("x^2*x^3", "Simplify x^2*x^3."),
    ("(x+1)^2-x^2", "Simplify $(x+1)^2 - x^2$."),
    ("x^2-1", "Factor x^2-1."),
    ("3x+4=19", "Solve 3x+4=19."),
]
ANSWERS = [
    ("5/6", "Which is larger, 3/4 or 5/6?"),
    ("2^10", "Is 2^10 or 10^3 larger?"),
    ("2^{10}", "Which of $2^{10}$ and $10^3$ is larger?"),
    ("3+4", "Which is odd: (A) 3+4 (B) 3+5"),
    ("5/6", "What is 5/6?"),
    ("-5/6", "What is -5/6?"),
    ("-3", "Is it -3?"),
    (r"\sqrt{2}", r"The side is \sqrt{2}."),
    (r"3\sqrt{2}", r"The side is 3\sqrt{2}."),
    (r"\frac{\sqrt{2}}{2}", r"The side is \frac{\sqrt{2}}{2}."),
    (r"\frac{1+\sqrt{5}}{2}", r"Which ratio is \frac{1+\sqrt{5}}{2}?"),
    (r"2\pi", r"The period is 2\pi."),
    (r"\frac{\pi}{4}", r"The angle is \frac{\pi}{4}."),
    ("3/4 cup", "He has 3/4 cup."),
    ("50%", "50% of what?"),
    ("3 1/2", "He has 3 1/2."),
    (r"3\frac12", r"He has 3\frac12."),
    ("3:2", "The ratio is 3:2."),
    ("2020-01-05", "Today is 2020-01-05."),
    ("12:30", "It is 12:30."),
    ("5 km/h", "He goes 5 km/h."),
    ("(1,2)", "The point is (1,2)."),
    ("2x", "The sides are 2x and 3."),
    ("e^x", "What is the derivative of e^x?"),
    ("x+1", "Divide x^2+x+1 by x."),
    ("1-2", "Seats 11-2 are free."),
    ("5*12", "There are 5 12-packs. How many?"),
    ("10+1", "What is 3+4*2?"),
    ("3+4*2 = 11", "What is 3+4*2?"),
    ("(19-4)/3", "Solve 3x+4=19."),
    ("11", "What is 3+4*2?"),
]


@pytest.mark.parametrize(("answer", "question"), ECHOES)
def test_a_computation_of_the_question_is_an_echo(answer: str, question: str) -> None:
    assert is_echo(answer, question)


@pytest.mark.parametrize(("answer", "question"), ANSWERS)
def test_a_value_a_choice_and_another_computation_are_answers(answer: str, question: str) -> None:
    assert not is_echo(answer, question)


@pytest.mark.parametrize(
    ("answer", "question", "reference"),
    [
        ("2^{10}", "Write 1024 as a power: 2^10 is it.", "2^{10}"),
        ("1-x", "What is the inverse of 1-x?", "-x+1"),
        ("12/4", "Copy 12/4.", r"\frac{12}{4}"),
    ],
)
def test_what_the_reference_is_written_like_is_an_answer(answer: str, question: str, reference: str) -> None:
    assert is_echo(answer, question)
    assert not is_echo(answer, question, reference)


@pytest.mark.parametrize("verifier", ["sympy", "numeric", "majority", "cascade", "negative"])
@pytest.mark.parametrize("attempt", [r"\boxed{3+4*2}", "The answer is 3+4*2", "3+4*2", r"\boxed{x = 3+4\cdot 2}"])
def test_no_verifier_pays_for_an_echo(verifier: str, attempt: str) -> None:
    question = Question("What is 3+4*2?", "11")
    judgement = make_verifier(verifier).judge(question, [attempt, attempt, attempt, r"\boxed{11}"])
    *echoes, right = judgement.verdicts
    assert (right.outcome, right.score) == (Outcome.CORRECT, 1.0)
    assert judgement.label == "11"
    assert all(verdict.outcome is Outcome.WRONG and verdict.score == 0.0 for verdict in echoes)
    if verifier != "cascade" or "boxed" in attempt:
        assert {verdict.reason for verdict in echoes} == {REPEATS}


def test_a_group_of_echoes_has_no_label() -> None:
    judgement = make_verifier("majority").judge(Question("What is 3+4*2?"), [r"\boxed{3+4*2}"] * 4)
    assert (judgement.label, judgement.valid, judgement.evidence["non_answers"]) == (None, False, 4)


def test_no_copied_question_of_the_arithmetic_language_is_paid() -> None:
    rng, verifier = python_stream(5, "echoes"), make_verifier("sympy")
    for _ in range(200):
        numbers = [rng.randint(1, 99) for _ in range(rng.randint(2, 5))]
        text = str(numbers[0]) + "".join(rng.choice("+-*") + str(number) for number in numbers[1:])
        known = read(f"What is {text}?")
        assert known is not None
        question = Question(f"What is {text}?", str(known.answer))
        tex = text.replace("*", r" \cdot ").replace("-", " - ")
        copies = [
            rf"\boxed{{{text}}}",
            rf"So it is \boxed{{{tex}}}.",
            f"${tex}$",
            question.text,
            f"The answer is {tex}.",
        ]
        verdicts = verifier.judge(question, [*copies, rf"\boxed{{{known.answer}}}"]).verdicts
        assert [verdict.outcome for verdict in verdicts] == [*[Outcome.WRONG] * len(copies), Outcome.CORRECT], text


@pytest.mark.parametrize("fraction", [Fraction(a, b) for a in (1, 3, 7, 10) for b in (2, 9, 11) if a % b])
def test_a_fraction_in_lowest_terms_is_never_an_echo(fraction: Fraction) -> None:
    text = f"{fraction.numerator}/{fraction.denominator}"
    assert not is_echo(text, f"Tom has {text} of it.")
    assert is_echo(
        f"{2 * fraction.numerator}/{2 * fraction.denominator}",
        f"Reduce {2 * fraction.numerator}/{2 * fraction.denominator}.",
    )


@pytest.mark.parametrize("unit", ["+", "(", "\\frac{", "3+4 ", "\\boxed{", "x^", "1,000", "**", "²", "\ud800", "or "])
def test_hostile_texts_are_looked_through(unit: str) -> None:
    text = unit * (60_000 // len(unit))
    assert is_echo("3+4*2", f"What is 3+4*2? {text}")
    is_echo(text, text)


@pytest.mark.parametrize("text", ["What is $3+4*2$?", "$3+4*2$?", r"How much is \(3+4\)?"])
def test_a_formula_that_is_asked_for_is_no_conclusion(text: str) -> None:
    assert extract_answer(text) is None
    assert extract_answer(f"It is $5$. {text}") == "5"
