"""Code questions read from their `meta`, and labelled: a tested reference program, or the reason why there is none.

`meta` is the contract between generators, challengers and the verifier; programs and values are text:

    task        "program" | "deduction" | "abduction" | "induction"
    function    name of the function, "f" when missing
    signature   "f(x: int) -> int", optional
    program     source of the reference program, optional for "program"
    inputs      argument tuples the solver is shown, "(4,)"
    outputs     claims about their values: compared, never believed
    hidden      argument tuples kept back
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...core.records import Question
from ...core.seeding import python_stream
from ..sandbox import CallResult
from .code_blocks import parameters
from .execution import Executor, behaviour, prints
from .input_generation import Input, generate_inputs
from .literals import Value, canonical, read_literal
from .test_suites import Test, call_text, failed
from .validity import check_program

TASKS = ("program", "deduction", "abduction", "induction")
OUTPUT_PLACE, PAIRS_PLACE = "<<output>>", "<<pairs>>"
"""Where the text of a proposal wants executed values."""

MOST_INPUTS = 256
PROBES = 8
"""Inputs on which deduction and abduction programs are tried for depending on their input at all."""


@dataclass(frozen=True, slots=True)
class CodeQuestion:
    """A code question, read; fields as in `meta`, values as values."""

    task: str
    function: str
    signature: str | None
    program: str | None
    inputs: tuple[tuple[Value, ...], ...]
    outputs: tuple[Value, ...]
    hidden: tuple[tuple[Value, ...], ...]

    @property
    def arity(self) -> int:
        """Number of arguments; -1 when unknown or starred."""
        names = parameters(self.program, self.function) if self.program is not None else None
        if names is not None:
            return -1 if any(name.startswith("*") for name in names) else len(names)
        return len(self.inputs[0]) if self.inputs else -1


@dataclass(frozen=True, slots=True)
class Labelled:
    """What executing the reference program said.

    Attributes:
        tests: inputs with the values the program returned.
        with_output: whether the program prints, and printing therefore counts.
        reason: why no question can be made of it, "" if one can.
        refused: whether the reason is that nothing could be run here.
        claims_right: whether the claimed outputs agree with the executed ones; `None` when nothing was claimed.
    """

    tests: tuple[Test, ...]
    with_output: bool = False
    reason: str = ""
    refused: bool = False
    claims_right: bool | None = None


def read_question(question: Question) -> CodeQuestion:
    """The code question in a question's `meta`.

    Raises:
        ValueError: no code question, or a field that cannot be read; the message says which.
    """
    meta = question.meta
    task = meta.get("task")
    if task not in TASKS:
        raise ValueError(f"no code question: meta['task'] is {task!r}, expected one of {', '.join(TASKS)}")
    program = meta.get("program")
    if program is not None and not isinstance(program, str):
        raise ValueError(f"meta['program'] must be source text, got {type(program).__name__}")
    if program is None and task != "program":
        raise ValueError(f"a {task} question needs meta['program']")
    return CodeQuestion(
        task=task,
        function=str(meta.get("function", "f")),
        signature=str(meta["signature"]) if meta.get("signature") else None,
        program=program,
        inputs=tuple(_arguments(meta, "inputs")),
        outputs=tuple(_values(meta, "outputs")),
        hidden=tuple(_arguments(meta, "hidden")),
    )


def _values(meta: Mapping[str, Any], field: str) -> list[Value]:
    texts = meta.get(field) or ()
    if not isinstance(texts, list | tuple) or len(texts) > MOST_INPUTS:
        raise ValueError(f"meta[{field!r}] must be a list of at most {MOST_INPUTS} Python literals, as text")
    return [read_literal(text) if isinstance(text, str) else text for text in texts]


def _arguments(meta: Mapping[str, Any], field: str) -> list[tuple[Value, ...]]:
    found = []
    for value in _values(meta, field):
        if not isinstance(value, tuple | list):
            raise ValueError(f"meta[{field!r}] holds argument tuples such as '(4,)', got {value!r}")
        found.append(tuple(value))
    return found


def digest(question: Question) -> str:
    """What identifies a question for caches and random streams: its `meta`, whatever the order of its keys."""
    text = json.dumps(dict(question.meta), sort_keys=True, default=repr)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def inputs_for(code: CodeQuestion, key: str, seed: int, count: int, programs: Sequence[str] = ()) -> list[Input]:
    """The inputs a question is tested on: those it shows, those it hides, and, for "program", generated ones.

    An induction question with hidden inputs is tested on just these: what its pairs leave open, nobody generates.
    """
    given = [Input(arguments, "given") for arguments in (*code.inputs, *code.hidden)]
    if code.task in ("deduction", "abduction"):
        given, count = given[:1], 1 + PROBES
    elif code.task == "induction" and code.hidden:
        return given
    rng = python_stream(seed, "tests", key)
    return generate_inputs(
        [i.arguments for i in given],
        rng,
        signature=code.signature,
        count=max(count, len(given)),
        programs=programs if code.program is None else [code.program],
    )


def label(executor: Executor, code: CodeQuestion, inputs: Sequence[Input]) -> Labelled:
    """Execute the reference program and keep what it returned as tests.

    A program whose claimed outputs come out as claimed has been executed twice already, once by whoever claimed them;
    otherwise it is run a second time, and must depend on its input.
    """
    assert code.program is not None
    needed = len(code.inputs) if code.task != "program" else min(1, len(inputs))
    if code.outputs and code.task in ("deduction", "abduction", "induction"):
        quick = _claimed(executor, code, inputs)
        if quick is not None:
            return quick
    validity = check_program(executor, code.program, code.function, [i.arguments for i in inputs], needed)
    if validity.reason:
        return Labelled((), reason=validity.reason, refused=validity.refused)
    with_output = prints(validity.results)
    tests = _tests(inputs, validity.results, with_output)
    if code.task in ("deduction", "abduction"):
        tests = tests[:1]
    right = _claims_right(code, tests) if code.outputs else None
    return Labelled(tuple(tests), with_output, claims_right=right)


def _claimed(executor: Executor, code: CodeQuestion, inputs: Sequence[Input]) -> Labelled | None:
    """The tests if every claim comes out as claimed in one run on the given inputs, else `None`."""
    assert code.program is not None
    given = [i for i in inputs if i.source == "given"]
    results = executor.call(code.program, code.function, [i.arguments for i in given])
    if any(result.status != "ok" for result in results) or prints(results):
        return None
    tests = _tests(given, results, False)
    return Labelled(tuple(tests), claims_right=True) if _claims_right(code, tests) else None


def _claims_right(code: CodeQuestion, tests: Sequence[Test]) -> bool:
    known = {canonical(test.arguments): test.observation for test in tests}
    pairs = zip(code.inputs, code.outputs, strict=False)
    return all(known.get(canonical(arguments)) == canonical(output) for arguments, output in pairs)


def _tests(inputs: Sequence[Input], results: Sequence[CallResult], with_output: bool) -> list[Test]:
    """One test per input on which there is a value; the others are outside the program's domain."""
    seen = behaviour(results, with_output)
    return [
        Test(one.arguments, result.value, text, one.source)
        for one, result, text in zip(inputs, results, seen, strict=True)
        if not failed(text)
    ]


def completed(question: Question, code: CodeQuestion, tests: Sequence[Test]) -> Question | str:
    """A proposal with its executed values filled in, or why there is none to fill in.

    Fills `meta["outputs"]`, an induction's `meta["hidden"]`, the reference, and `<<output>>`, `<<pairs>>` in the text.
    """
    known = {canonical(test.arguments): test for test in tests}
    keys = [canonical(arguments) for arguments in code.inputs]
    shown = [known[key] for key in keys if key in known]
    if not shown and code.task != "program":
        return "no input is given"
    meta = dict(question.meta) | {"outputs": [repr(test.expected) for test in shown]}
    if code.task == "induction":
        meta["hidden"] = [repr(test.arguments) for key, test in known.items() if key not in keys]
    pairs = "\n".join(f"{call_text(code.function, test.arguments)} == {test.expected!r}" for test in shown)
    text, reference = question.text.replace(PAIRS_PLACE, pairs), code.program
    if code.task in ("deduction", "abduction"):
        text = text.replace(OUTPUT_PLACE, repr(shown[0].expected))
        reference = repr(shown[0].expected if code.task == "deduction" else shown[0].arguments)
    return replace(question, text=text, reference=reference, meta=meta)
