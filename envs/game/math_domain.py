"""`math`: questions with one exact answer; how players are addressed, and how a challenger's text is read.

Two templates. `plain` is short enough for a one-million-parameter model: the solver reads the bare question. `r-zero`
asks for the same things as the prompts of R-Zero (arXiv 2508.05004, appendix), in our own words, for instruction-tuned
models.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...core.extraction import last_boxed
from ...core.math_language import answer
from ...core.math_notation import identity_of_text
from ...core.records import Question
from .domains import GameDomain, given_answer
from .other_ways.mathematics import math_kind, math_ways
from .other_ways.parts import math_parts
from .proposals import find_statement, forbidden
from .templates import Template, brief
from .validator import NAME, VALIDATOR

MATH_TEMPLATES: Mapping[str, Template] = {
    "plain": brief("Write a question at the edge of the solver's ability."),
    "r-zero": Template(
        challenger=(
            "You set problems for a mathematics competition. Think first, privately: choose a field at random, "
            "sketch a problem in it, and work out its answer.\n"
            "Then write one new problem, not a known one with other numbers. It must have exactly one answer, a "
            "number or a short expression, and it should be as hard as you can make it while a strong student still "
            "solves it about half the time.\n"
            "Reply with exactly two things and nothing after them:\n"
            "<question>\nthe full statement of the problem\n</question>\n"
            r"\boxed{its final answer}"
        ),
        solver="{question}\n\nReason step by step, and put your final answer in \\boxed{}.",
        again={
            "reworded": (
                "Say in your own words what the following problem gives and what it asks for. Then solve it, by "
                "another method than the first one that comes to mind.\n\n{question}"
            ),
            "backward": (
                "Problem:\n{question}\n\nSomebody's final answer: {answer}\n\n"
                "Suppose that this answer is right, and work back from it to what the problem gives. Is every "
                "condition of the problem met exactly? Your final answer is yes or no."
            ),
        },
    ),
}


def read_math(text: str) -> Question | str:
    r"""A challenger's text as a question, or the reason why it is malformed.

    The last `<question>…</question>` counts (see `proposals.find_statement`), and outside of it the last balanced
    `\boxed{}` is the claimed answer: behind the question if there is one, else before it.
    """
    found = find_statement(text)
    if isinstance(found, str):
        return found
    claimed = last_boxed(found.behind) or last_boxed(found.before)
    if claimed is None:
        return r"no \boxed{} answer"
    why = forbidden(claimed, "answer")
    if why is not None:
        return why
    return Question(found.text, claimed, "math", None, "challenger")


def identity(question: Question) -> str:
    """The mathematics of a question that can be read, also in other notation, else its folded text."""
    return identity_of_text(question.text)


def known_answer(question: Question) -> str | None:
    """The answer computed from the text of a question that can be read, whatever reference its author claims."""
    computed = answer(question.text) if question.domain == "math" else None
    return given_answer(question) if computed is None else computed


MATH = GameDomain(
    name="math",
    templates=MATH_TEMPLATES,
    read=read_math,
    generator="arithmetic",
    verifier="sympy",
    solver="noisy",
    labels={"vote": "majority", "checked": "majority", "validated": "majority", "sympy": "sympy", "oracle": "exact"},
    grader="sympy",
    identify=identity,
    answer=known_answer,
    recomputes=True,
    roles={NAME: VALIDATOR},
    kinds=math_kind,
    other_ways=math_ways,
    parts=math_parts,
)
