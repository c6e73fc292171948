"""What a code question holds besides its text: the contract between those who write one and those who judge it.

It travels in `Question.meta`, as JSON values; programs and values are text (Python source, Python literals):

    task        "program" | "deduction" | "abduction" | "induction"
    function    name of the function, "f" when missing
    signature   "f(x: int, xs: list[int]) -> int", optional
    program     source of the reference program; `None` only for the task "program"
    inputs      argument tuples the solver is shown, "(4,)"
    outputs     claims about their values: compared, never believed; missing when nobody claims any
    hidden      argument tuples the solver is not shown (induction, program)

The tasks are *program* (write a function to a specification) and the three of Absolute Zero (arXiv 2505.03335,
section 3.2): *deduction* (program and input, find the output), *abduction* (program and output, find an input) and
*induction* (pairs of input and output, find the program).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import ConfigError, with_article
from .literals import Value, checked, read_literal, text_of
from .records import Question

TASKS = ("program", "deduction", "abduction", "induction")
PROGRAM_TASKS = ("program", "induction")
"""The tasks whose answer is a program."""

OUTPUT_PLACEHOLDER, PAIRS_PLACEHOLDER = "<<output>>", "<<pairs>>"
"""Where the text of a proposal wants executed values."""

MOST_VALUES = 256
"""The longest list of inputs, outputs or hidden inputs that is read."""


LONGEST_VALUE = 4_000
"""Characters of an executed value that can still be asked for, as text."""


@dataclass(frozen=True, slots=True)
class CodeQuestion:
    """A code question, with values as Python values.

    Attributes:
        task: one of `TASKS`.
        function: name of the function in question.
        program: source of the reference program, `None` when there is none.
        inputs: argument tuples the solver is shown.
        hidden: argument tuples the solver is not shown.
        signature: with annotations, `None` when unknown.
        outputs: claimed values of `inputs`, `None` when nobody claims any.
    """

    task: str
    function: str
    program: str | None
    inputs: tuple[tuple[Value, ...], ...]
    hidden: tuple[tuple[Value, ...], ...] = ()
    signature: str | None = None
    outputs: tuple[Value, ...] | None = None

    @classmethod
    def of(cls, question: Question) -> CodeQuestion:
        """The code question in a question's `meta`; unknown keys are ignored.

        Raises:
            ConfigError: not a code question, or a field that cannot be read; the message says which.
        """
        meta = question.meta
        task = meta.get("task")
        if task not in TASKS:
            raise ConfigError(f"no code question: meta['task'] is {task!r}, expected one of {', '.join(TASKS)}")
        program = meta.get("program")
        if program is not None and not isinstance(program, str):
            raise ConfigError(f"meta['program'] must be source text, got {type(program).__name__}")
        if program is None and task != "program":
            raise ConfigError(f"{with_article(task)} question needs meta['program']")
        return cls(
            task=task,
            function=str(meta.get("function", "f")),
            program=program,
            inputs=_arguments(meta, "inputs"),
            outputs=None if meta.get("outputs") is None else _values(meta, "outputs"),
            hidden=_arguments(meta, "hidden"),
            signature=str(meta["signature"]) if meta.get("signature") else None,
        )

    @property
    def asks_for_program(self) -> bool:
        """Whether the answer is a program, which unit tests can test."""
        return self.task in PROGRAM_TASKS

    def as_meta(self) -> dict[str, Any]:
        """The fields as JSON values, for `Question.meta`; what is `None` is left out, except the program."""
        meta: dict[str, Any] = {"task": self.task, "function": self.function}
        if self.signature is not None:
            meta["signature"] = self.signature
        meta |= {"program": self.program, "inputs": [text_of(arguments) for arguments in self.inputs]}
        if self.outputs is not None:
            meta["outputs"] = [text_of(value) for value in self.outputs]
        return meta | {"hidden": [text_of(arguments) for arguments in self.hidden]}


def _values(meta: Mapping[str, Any], field: str) -> tuple[Value, ...]:
    texts = meta.get(field) or ()
    if not isinstance(texts, list | tuple) or len(texts) > MOST_VALUES:
        raise ConfigError(f"meta[{field!r}] must be a list of at most {MOST_VALUES} Python literals, as text")
    try:
        return tuple(read_literal(text) if isinstance(text, str) else checked(text) for text in texts)
    except ValueError as error:
        raise ConfigError(f"meta[{field!r}]: {error}") from None


def _arguments(meta: Mapping[str, Any], field: str) -> tuple[tuple[Value, ...], ...]:
    found = []
    for value in _values(meta, field):
        if not isinstance(value, tuple | list):
            raise ConfigError(f"meta[{field!r}] holds argument tuples such as '(4,)', got {text_of(value)[:80]}")
        found.append(tuple(value))
    return tuple(found)
