"""What the seats of the math game are told, and how a challenger's text becomes a question.

Two templates. `plain` is short enough for a one-million-parameter model: the solver reads the bare question. `r-zero`
asks for the same things as the prompts of R-Zero (arXiv 2508.05004, appendix), in our own words, for instruction-tuned
models.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...core.extraction import last_boxed
from ...core.records import Question

MAX_QUESTION = 4_000
"""A longer question is malformed."""

_OPEN, _CLOSE = "<question>", "</question>"


@dataclass(frozen=True, slots=True)
class Template:
    """The words around a round.

    Attributes:
        challenger: the instruction the challenger reads.
        solver: what the solver reads; `{question}` stands for the question.
    """

    challenger: str
    solver: str = "{question}"

    def ask(self, question: Question) -> str:
        """The solver's prompt."""
        return question.text if self.solver == "{question}" else self.solver.replace("{question}", question.text)


MATH_TEMPLATES: Mapping[str, Template] = {
    "plain": Template("Write a question at the edge of the solver's ability."),
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
    ),
}


def read_math(text: str) -> Question | str:
    r"""A challenger's text as a question, or the reason why it is malformed.

    The last `<question>…</question>` counts, and outside of it the last balanced `\boxed{}` is the claimed answer:
    behind the question if there is one, else before it.
    """
    end = text.rfind(_CLOSE)
    start = text.rfind(_OPEN, 0, max(end, 0))
    if start < 0:
        return "no <question>…</question>"
    statement = text[start + len(_OPEN) : end].strip()
    if not statement:
        return "the question is empty"
    if len(statement) > MAX_QUESTION:
        return f"the question has more than {MAX_QUESTION} characters"
    claimed = last_boxed(text[end + len(_CLOSE) :]) or last_boxed(text[:start])
    if claimed is None:
        return r"no \boxed{} answer"
    return Question(statement, claimed, "math", None, "challenger")
