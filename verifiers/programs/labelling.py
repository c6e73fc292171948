"""Code questions labelled by execution: a tested reference program, or the reason why no question can be made of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...core.code_questions import LONGEST_VALUE, OUTPUT_PLACEHOLDER, PAIRS_PLACEHOLDER, CodeQuestion
from ...core.literals import Value, read_literal, text_of
from ...core.records import Question
from ...core.seeding import python_stream
from ..sandbox import CallResult
from .execution import TimedExecutor, behaviour, prints
from .input_generation import Input, generate_inputs
from .literals import canonical, show
from .test_suites import Test, call_text, failed
from .validity import check_program

PROBES = 8
"""Inputs on which deduction and abduction programs are tried for depending on their input at all."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """What executing the reference program showed.

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


def label(executor: TimedExecutor, code: CodeQuestion, inputs: Sequence[Input]) -> Labelled:
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


def _claimed(executor: TimedExecutor, code: CodeQuestion, inputs: Sequence[Input]) -> Labelled | None:
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
    pairs = zip(code.inputs, code.outputs or (), strict=False)
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
    for test in shown:
        if len(text_of(test.expected)) > LONGEST_VALUE:
            return f"its value {show(test.expected)} has more than {LONGEST_VALUE} characters"
        if not _can_be_written(test.expected):
            return f"its value {show(test.expected)} cannot be written as a Python literal"
    executed: dict[str, Any] = {"outputs": tuple(test.expected for test in shown)}
    if code.task == "induction":
        executed["hidden"] = tuple(test.arguments for key, test in known.items() if key not in keys)
    written = replace(code, **executed).as_meta()
    meta = dict(question.meta) | {field: written[field] for field in executed}
    pairs = "\n".join(f"{call_text(code.function, test.arguments)} == {text_of(test.expected)}" for test in shown)
    text, reference = question.text.replace(PAIRS_PLACEHOLDER, pairs), code.program
    if code.task in ("deduction", "abduction"):
        text = text.replace(OUTPUT_PLACEHOLDER, text_of(shown[0].expected))
        reference = text_of(shown[0].expected if code.task == "deduction" else shown[0].arguments)
    return replace(question, text=text, reference=reference, meta=meta)


def _can_be_written(value: Value) -> bool:
    """Whether a literal stands for the value: then it can be asked for, and kept with the question."""
    try:
        return canonical(read_literal(text_of(value))) == canonical(value)
    except ValueError:
        return False
