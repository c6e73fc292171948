"""Procedural code questions with computable references: the code game without a model.

The tasks are those of `core.code_questions`: *program*, and Absolute Zero's *deduction*, *abduction* and *induction*
(arXiv 2505.03335, section 3.2). What differs: programs come from a grammar with a level (`program_grammar`), and their
values from its own interpreter, so that label accuracy can be measured.

`Question.reference` is the output (deduction), one fitting argument tuple (abduction) or the source (the other two).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...core.code_questions import CodeQuestion
from ...core.errors import ConfigError
from ...core.protocols import Rng
from ...core.records import Question, TaskSpec
from ...core.sums import finite_total
from .program_expressions import Value
from .program_grammar import draw_program, draw_short
from .program_tree import Program

STYLES = ("full", "short")


class DeductionGenerator:
    r"""Program and input are given, the output is asked.

    Args:
        style: "full" shows a `def` in a code block and asks for a Python literal in `\boxed{}`. "short" is one line,
            `f=lambda x: 3*x+2. f(4)=?`, for models that read characters; `program_grammar.short_program` lists it.
    """

    def __init__(self, style: str = "full") -> None:
        self._style = _checked_style(style)

    def generate(self, spec: TaskSpec, rng: Rng) -> Question:
        program, inputs = _draw(self._style, spec.level, rng)
        arguments = inputs[0]
        if self._style == "short":
            text = f"{program.one_line()}. {program.name}({_short(arguments)})=?"
        else:
            text = (
                f"Here is a Python function:\n\n{_fenced(program)}\n\nWhat does {_call(program, arguments)} return? "
                "Put the value, as a Python literal, in \\boxed{}."
            )
        return _question("deduction", text, program, inputs[:1], spec, repr(program.run(arguments)))


class AbductionGenerator:
    r"""Program and output are given, any input with that output is asked.

    Args:
        style: as for `DeductionGenerator`; the short form is `f=lambda x: 3*x+2. f(?)=14`.
    """

    def __init__(self, style: str = "full") -> None:
        self._style = _checked_style(style)

    def generate(self, spec: TaskSpec, rng: Rng) -> Question:
        program, inputs = _draw(self._style, spec.level, rng)
        arguments = inputs[0]
        output = program.run(arguments)
        if self._style == "short":
            blanks = ",".join("?" * len(arguments))
            text = f"{program.one_line()}. {program.name}({blanks})={output}"
        else:
            text = (
                f"Here is a Python function:\n\n{_fenced(program)}\n\nFind arguments for which {program.name} returns "
                f"{output!r}. Put them, as a Python tuple such as {_example_tuple(program)}, in \\boxed{{}}."
            )
        return _question("abduction", text, program, inputs[:1], spec, repr(arguments))


class InductionGenerator:
    """Pairs of input and output are given, the program is asked; it is tested on hidden pairs.

    Args:
        shown: pairs the solver sees, 1 … 6.
    """

    def __init__(self, shown: int = 4) -> None:
        if not 1 <= shown <= 6:
            raise ConfigError(f"induction shows 1 to 6 pairs, got shown={shown!r}")
        self._shown = shown

    def generate(self, spec: TaskSpec, rng: Rng) -> Question:
        program, inputs = draw_program(spec.level, rng)
        given = inputs[: self._shown]
        pairs = "\n".join(f"{_call(program, arguments)} == {program.run(arguments)!r}" for arguments in given)
        text = (
            f"A Python function {program.signature()} gives these values:\n\n{pairs}\n\n"
            f"Write {program.name} so that it also gives the right values elsewhere. Answer with one ```python block."
        )
        return _question("induction", text, program, given, spec, program.source(), hidden=inputs[self._shown :])


class ProgramGenerator:
    """A specification in English and two examples are given, the function is asked.

    Args:
        examples: pairs the specification shows, 0 … 6.
    """

    def __init__(self, examples: int = 2) -> None:
        if not 0 <= examples <= 6:
            raise ConfigError(f"program shows 0 to 6 examples, got examples={examples!r}")
        self._examples = examples

    def generate(self, spec: TaskSpec, rng: Rng) -> Question:
        program, inputs = draw_program(spec.level, rng)
        given = inputs[: self._examples]
        pairs = "".join(f"\n{_call(program, arguments)} == {program.run(arguments)!r}" for arguments in given)
        text = (
            f"Write a Python function {program.signature()} that does this: {program.specification()}\n"
            + (f"\nExamples:{pairs}\n" if pairs else "")
            + "\nAnswer with one ```python block."
        )
        return _question("program", text, program, given, spec, program.source(), hidden=inputs[self._examples :])


class CodeGenerator:
    """Draws one of the four tasks for every question.

    Args:
        parts: task → weight > 0; `None` is all four alike, in the short style deduction and abduction.
            `TaskSpec.kind`, when set, names the task instead.
        style: "full" or "short"; short knows deduction and abduction only.

    Raises:
        ConfigError: unknown task or style, no parts, a weight that is not positive.
    """

    def __init__(self, parts: Mapping[str, float] | None = None, style: str = "full") -> None:
        known = {"deduction": DeductionGenerator(style), "abduction": AbductionGenerator(style)}
        makers: dict[str, Any] = dict(known)
        if style == "full":
            makers |= {"program": ProgramGenerator(), "induction": InductionGenerator()}
        parts = dict.fromkeys(makers, 1.0) if parts is None else dict(parts)
        unknown = sorted(set(parts) - set(makers))
        if (
            unknown
            or not parts
            or any(weight <= 0 for weight in parts.values())
            or finite_total(parts.values()) is None
        ):
            raise ConfigError(
                f"code ({style}) takes positive weights of a finite sum for {sorted(makers)}, got {dict(parts)!r}"
            )
        self._makers, self._parts = makers, parts

    def generate(self, spec: TaskSpec, rng: Rng) -> Question:
        if spec.kind is not None and spec.kind not in self._makers:
            raise ConfigError(f"code has no task {spec.kind!r}; its tasks are {sorted(self._makers)}")
        question: Question = self._makers[spec.kind or self._task(rng)].generate(spec, rng)
        return question

    def _task(self, rng: Rng) -> str:
        left = rng.random() * sum(self._parts.values())
        for task, weight in self._parts.items():
            left -= weight
            if left < 0:
                return task
        return task


def _checked_style(style: str) -> str:
    if style not in STYLES:
        raise ConfigError(f"style must be one of {', '.join(STYLES)}, got {style!r}")
    return style


def _draw(style: str, level: float, rng: Rng) -> tuple[Program, list[tuple[Value, ...]]]:
    return draw_short(level, rng) if style == "short" else draw_program(level, rng)


def _question(
    task: str,
    text: str,
    program: Program,
    inputs: Sequence[tuple[Value, ...]],
    spec: TaskSpec,
    reference: str,
    hidden: Sequence[tuple[Value, ...]] = (),
) -> Question:
    code = CodeQuestion(
        task=task,
        function=program.name,
        signature=program.signature(),
        program=program.source(),
        inputs=tuple(inputs),
        outputs=tuple(program.run(arguments) for arguments in inputs),
        hidden=tuple(hidden),
    )
    return Question(text, reference, "code", spec.level, task, code.as_meta())


def _fenced(program: Program) -> str:
    return f"```python\n{program.source()}\n```"


def _call(program: Program, arguments: Sequence[Value]) -> str:
    return f"{program.name}({', '.join(map(repr, arguments))})"


def _short(arguments: Sequence[Value]) -> str:
    return ",".join(map(repr, arguments))


def _example_tuple(program: Program) -> str:
    samples: dict[str, Value] = {"int": 1, "str": "ab", "list[int]": [1, 2]}
    return repr(tuple(samples[kind] for _, kind in program.parameters))
