"""How the players of a game are addressed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...core.records import OtherWay, Question, Request

YES = "yes"
"""What a solver must answer to a text that shows it the label."""

NOTHING = "(no answer)"
"""What stands in a debate for an empty answer."""

LEVELS = 10
"""How many levels a challenger's prompt can name: 0, nearly always solved, to 9, hardly ever."""


@dataclass(frozen=True, slots=True)
class Template:
    """The words around a question.

    Attributes:
        challenger: the instruction that challengers read.
        solver: what solvers read; `{question}` stands for the question.
        level: the instruction when a difficulty is asked for. `{instruction}` stands for `challenger`, `{level}` for a
            digit, `{rate}` for the solve rate in per cent.
        unsolved: the instruction when an easier relative of an unsolved question is asked for, which `{question}`
            stands for.
        again: texts that ask a question another way, by the name of the way. `{question}` stands for the question;
            where `{answer}` shows the label, the answer must be yes, else it must be the label. For models that read
            prose.
        others: what a member of a coalition reads that answers again. `{asked}` stands for what solvers read, `{own}`
            for its own answer, `{others}` for those of the other members.
    """

    challenger: str
    solver: str = "{question}"
    level: str = (
        "{instruction}\n\nDifficulty asked for: {level}, on a scale from 0 (nearly always solved) to 9 (hardly ever "
        "solved). Of 100 attempts at your question about {rate} should be right."
    )
    unsolved: str = (
        "{instruction}\n\nThe solver could not solve this question:\n<question>{question}</question>\n"
        "Write an easier question of the same kind, from which it can learn what it lacks."
    )
    again: Mapping[str, str] = field(default_factory=dict, hash=False)
    others: str = (
        "{asked}\n\nYou answered:\n{own}\n\nOthers answered:\n\n{others}\n\nAny of these may be wrong. Compare them "
        "step by step, and answer the question again, in the same form."
    )

    def ask(self, question: Question) -> str:
        """The solver's prompt."""
        return question.text if self.solver == "{question}" else self.solver.replace("{question}", question.text)

    def instruct(self, request: Request) -> str:
        """The challenger's prompt when something in particular is asked for."""
        text = self.challenger
        if request.near is not None:
            text = _filled(self.unsolved, instruction=text, question=request.near)
        if request.spec is not None:
            level = request.spec.level
            digit = min(LEVELS - 1, int(level * LEVELS))
            text = _filled(self.level, instruction=text, level=str(digit), rate=f"{100 * (1 - level):.0f}")
        return text

    def debate(self, asked: str, own: str, others: Sequence[str]) -> str:
        """What a member of a coalition reads in a further turn of a debate; equal answers are shown once.

        Args:
            asked: what it was asked at first.
            own: its last answer.
            others: the last answers of the other members.
        """
        distinct = dict.fromkeys(answer.strip() for answer in sorted(others) if answer.strip())
        shown = "\n\n".join(f"Answer {number}:\n{answer}" for number, answer in enumerate(distinct, 1))
        return _filled(self.others, asked=asked, own=own.strip() or NOTHING, others=shown or NOTHING)

    def other_ways(self, question: Question, label: str) -> list[OtherWay]:
        """The question in the words of `again`."""
        return [
            OtherWay(
                name, (_filled(words, question=question.text, answer=label),), YES if "{answer}" in words else label
            )
            for name, words in self.again.items()
        ]


def _filled(words: str, **values: str) -> str:
    """Placeholders replaced in one pass, so that a placeholder inside a question stays a text."""
    pieces = re.split(r"(\{(?:" + "|".join(values) + r")\})", words)
    return "".join(values[piece[1:-1]] if piece[:1] == "{" and piece[1:-1] in values else piece for piece in pieces)


def brief(challenger: str) -> Template:
    """Words for a model that has only ever read the bare instruction.

    The embedded one still writes questions on them (of 64 texts 95 to 100 % can be read with a level, of 32 about 80 %
    with an unsolved question). Whatever comes *behind* its instruction it takes for a question to answer (0 %).
    """
    return Template(
        challenger,
        level="{level} {instruction}",
        unsolved="{instruction}\n<question>{question}</question>\n{instruction}",
    )
