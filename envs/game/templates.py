"""How the players of a game are addressed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ...core.records import OtherWay, Question

YES = "yes"
"""What a solver must answer to a text that shows it the label."""


@dataclass(frozen=True, slots=True)
class Template:
    """The words around a question.

    Attributes:
        challenger: the instruction that challengers read.
        solver: what solvers read; `{question}` stands for the question.
        again: texts that ask a question another way, by the name of the way. `{question}` stands for the question;
            where `{answer}` shows the label, the answer must be yes, else it must be the label. For models that read
            prose.
    """

    challenger: str
    solver: str = "{question}"
    again: Mapping[str, str] = field(default_factory=dict, hash=False)

    def ask(self, question: Question) -> str:
        """The solver's prompt."""
        return question.text if self.solver == "{question}" else self.solver.replace("{question}", question.text)

    def other_ways(self, question: Question, label: str) -> list[OtherWay]:
        """The question in the words of `again`."""
        return [
            OtherWay(name, (_filled(words, question.text, label),), YES if "{answer}" in words else label)
            for name, words in self.again.items()
        ]


def _filled(words: str, question: str, answer: str) -> str:
    """Both put in at once, so that a question that holds `{answer}` stays as it is."""
    parts = {"{question}": question, "{answer}": answer}
    return re.sub(r"\{question\}|\{answer\}", lambda found: parts[found[0]], words)
