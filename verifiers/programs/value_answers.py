"""Answers that are values: the output of a program (deduction), or an input that gives a wanted output (abduction)."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.code_questions import CodeQuestion
from ...core.extraction import Mode, extract_answer, last_boxed
from ...core.literals import Value
from ...core.records import Verdict
from ..sandbox import CallResult
from .code_blocks import parameters
from .execution import TimedExecutor
from .literals import canonical, find_arguments, find_literal, same, show
from .test_suites import Test, call_text


def value_text(attempt: str, extract: Mode) -> str | None:
    """The text of the value an attempt gives: boxed, else (lenient) the whole attempt if it is a literal, else what
    `core.extraction` finds; `None` if there is none."""
    boxed = last_boxed(attempt)
    if boxed is not None or extract == "strict":
        return boxed
    whole = attempt.strip()
    return whole if whole and find_literal(whole) is not None else extract_answer(attempt, extract)


def judge_output(code: CodeQuestion, test: Test, answer: str | None) -> Verdict:
    """Deduction: the answer is right if it is, as data, what the program returned."""
    if answer is None:
        return Verdict.wrong(None, "no answer")
    value = find_literal(answer)
    if value is not None and same(value[0], test.expected):
        return Verdict.correct(answer, "is what the program returned")
    if isinstance(test.expected, str) and answer == test.expected:
        return Verdict.correct(answer, "is what the program returned, without quotes")
    return Verdict.wrong(answer, f"{call_text(code.function, test.arguments)} returned {show(test.expected)}")


def _arity(code: CodeQuestion) -> int:
    """Number of arguments of the function; -1 when it is unknown or starred."""
    names = parameters(code.program, code.function) if code.program is not None else None
    if names is not None:
        return -1 if any(name.startswith("*") for name in names) else len(names)
    return len(code.inputs[0]) if code.inputs else -1


def judge_inputs(
    executor: TimedExecutor, code: CodeQuestion, test: Test, answers: Sequence[str | None]
) -> list[Verdict]:
    """Abduction: an answer is right if the program, run on it, returns what it returned on the hidden input.

    Every distinct proposal is run once; `code.program` must be there.
    """
    read = [None if answer is None else find_arguments(answer, _arity(code)) for answer in answers]
    proposals = {canonical(arguments): arguments for arguments in read if arguments is not None}
    results = dict(zip(proposals, _call_each(executor, code, list(proposals.values())), strict=True))
    verdicts = []
    for answer, arguments in zip(answers, read, strict=True):
        if answer is None:
            verdicts.append(Verdict.wrong(None, "no answer"))
        elif arguments is None:
            verdicts.append(Verdict.wrong(answer, "not an argument tuple of Python literals"))
        else:
            verdicts.append(_verdict(code, answer, arguments, results[canonical(arguments)], test.expected))
    return verdicts


def _call_each(executor: TimedExecutor, code: CodeQuestion, inputs: list[tuple[Value, ...]]) -> list[CallResult]:
    """All inputs in one fork, in half of the time; those that a bad neighbour may have spoilt once more, alone, with
    equal shares of what is left."""
    program = code.program or ""
    if len(inputs) <= 1:
        return list(executor.call(program, code.function, inputs)) if inputs else []
    results = list(executor.call(program, code.function, inputs, seconds=executor.left / 2))
    spoilt = [index for index, result in enumerate(results) if result.status not in ("ok", "error", "refused")]
    untried = [index for index in spoilt if index and results[index] is results[index - 1]]
    again = [*untried, *(index for index in spoilt if index not in untried)]
    for done, index in enumerate(again):
        share = executor.left / (len(again) - done)
        (result,) = executor.call(program, code.function, [inputs[index]], seconds=share)
        if index in untried or not result.detail.get("untried"):
            results[index] = result
    return results


def _verdict(
    code: CodeQuestion, answer: str, arguments: tuple[Value, ...], result: CallResult, expected: Value
) -> Verdict:
    call = call_text(code.function, arguments)
    if result.status == "refused":
        return Verdict.undecided("the sandbox refuses to run", answer)
    if result.detail.get("untried"):
        return Verdict.undecided(f"{call} could not be run: {result.error}", answer)
    if result.status != "ok":
        return Verdict.wrong(answer, f"{call} gave {result.error or result.status}, expected {show(expected)}")
    if same(result.value, expected):
        return Verdict.correct(answer, f"{call} returned {show(expected)}")
    return Verdict.wrong(answer, f"{call} returned {show(result.value)}, expected {show(expected)}")
