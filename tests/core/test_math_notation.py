"""Questions in other notation are the same question; what can be read stays what it was."""

import pytest

from selfplay_gym.core.math_language import key
from selfplay_gym.core.math_notation import identity_of_text
from selfplay_gym.selfplay.exams.questions import held_out_questions as exam

SAME = [
    "What is 3+7×3?",
    "what is 3 + 7·3 ?",
    r"Compute 3+7\times 3.",
    r"3+7\cdot3",
    "What is $3+7*3$?",
    "$3+7*3$",
    r"\(3+7*3\)",
    r"What is \left(3+7*3\right)?",
    "(3+7*3)",
    "What is ((3+7*3))?",
    "What is 3+7*3??",
    "3+7*3=?",
    "3+7*3 =",
    "What\u00a0is 3+7*3?",
    "What is 3\u00a0+\u202f7*3 ?",
    "What is 3\u200b+7*3?",
    "What is 3\uff0b7*3\uff1f",
    "What is 3+7*3?\n\nShow your work.",
    "Please compute 3+7*3. Explain your reasoning!",
]


@pytest.mark.parametrize("text", SAME)
def test_other_notation_is_the_same_question(text):
    assert identity_of_text(text) == key("What is 3+7*3?")


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("Solve 3x − 4 = 19.", "Solve 3x-4=19."),
        (r"Solve $3\cdot x+4=19$. Show all your steps.", "Solve 3x+4=19."),
        ("What is 12÷4?", "What is 12/4?"),
    ],
)
def test_so_are_equations_and_quotients(text, same):
    if "cdot" in text:
        same = "Solve 3*x+4=19."
    assert identity_of_text(text) == key(same)


@pytest.mark.parametrize(
    "text",
    ["", "()", "(((", "What is 3²+7?", "What is (1+2)*(3+4)?", "x" * 10**6, "\\times", "What is $3?", ")("],
)
def test_what_asks_something_else_stays_apart(text):
    assert identity_of_text(text) == key(text) or "$" in text


@pytest.mark.parametrize("name", ["arithmetic", "equation", "composed", "mixed"])
def test_no_generated_question_changes_its_identity(name):
    """Exams that were drawn before hold what they held."""
    texts = [question.text for question in exam(name, 200, seed=7)]
    assert [identity_of_text(text) for text in texts] == [key(text) for text in texts]
