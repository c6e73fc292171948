r"""The truth of small formulas: "What is true and not false?", \boxed{true}."""

from selfplay_gym.core.extraction import last_boxed
from selfplay_gym.core.records import Question
from selfplay_gym.envs.game.domains import GameDomain, folded, given_answer
from selfplay_gym.envs.game.proposals import find_statement
from selfplay_gym.envs.game.templates import Template

from . import formulas


def read(text):
    """A challenger's text as a question, or the reason why it is malformed."""
    found = find_statement(text)
    if isinstance(found, str):
        return found
    if formulas.read(found.text) is None:
        return "the question asks for no formula"
    return Question(found.text, last_boxed(found.behind), "logic", None, "challenger")


def identity(question):
    """The formula, however it is asked for."""
    return formulas.read(question.text) or folded(question)


def known_answer(question):
    """The value of the formula, whatever anybody claims."""
    formula = formulas.read(question.text)
    return given_answer(question) if formula is None else formulas.value(formula)


LOGIC = GameDomain(
    name="logic",
    templates={
        "plain": Template("Write a formula of true, false, and, or, not: <question>What is …?</question>"),
        "r-zero": Template(
            "Write a hard formula of true, false, and, or, not. Reply with <question>What is …?</question> and "
            r"\boxed{its value}.",
            "{question}\n\nReason step by step, and put true or false in \\boxed{}.",
        ),
    },
    read=read,
    generator="formulas",
    verifier="first-letters(letters=1)",
    solver="logician",
    labels={"computed": "first-letters(letters=1)"},
    identify=identity,
    answer=known_answer,
    matcher="first-letters",
    recomputes=True,
)
