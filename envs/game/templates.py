"""How the players of a game are addressed."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.records import Question


@dataclass(frozen=True, slots=True)
class Template:
    """The words around a question.

    Attributes:
        challenger: the instruction that challengers read.
        solver: what solvers read; `{question}` stands for the question.
    """

    challenger: str
    solver: str = "{question}"

    def ask(self, question: Question) -> str:
        """The solver's prompt."""
        return question.text if self.solver == "{question}" else self.solver.replace("{question}", question.text)
