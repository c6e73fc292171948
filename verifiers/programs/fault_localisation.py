"""Where a failing program went wrong: the symptom (the line that raised, printed or ran last) and the suspected line.

The suspect is found as in spectrum-based fault localisation (Ochiai: Abreu, Zoeteweij and van Gemund 2007): lines run
by failing tests and not by passing ones are suspicious. Three things are added. An explicit `raise` where a value was
expected accuses the condition that led to it. Wrong output accuses the line that printed the first wrong character. And
of equally suspicious lines the symptom is taken, else the one that ran last before it.

Coverage is recorded inside the sandbox by the program's own process: a program could falsify it, which would mislead
whoever reads the evidence, and change no verdict.
"""

from __future__ import annotations

import ast
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..sandbox import CallResult
from .code_blocks import parse, syntax_error
from .execution import OUTPUT_MARK, Executor
from .literals import canonical, show
from .test_suites import FAILED, Behaviour, Test, call_text, catches

SPECTRUM_TESTS = 32
"""Tests whose coverage is recorded: tracing is slow, and more tests hardly change the ranking."""

MOST_SEEN = 200
"""Characters of an observation that are shown where there was no time to run the program once more."""

_TRACED = "__selfplay_traced__"
_TRACER = """

def __selfplay_traced__(*arguments):
    import io, sys
    lines, marks, out = [], [], io.StringIO()
    own = __selfplay_traced__.__code__

    def watch(frame, event, argument):
        code = frame.f_code
        if code.co_filename != own.co_filename or code.co_firstlineno >= own.co_firstlineno:
            return None
        if event == "line" and len(lines) < 2000:
            lines.append(frame.f_lineno)
            marks.append(out.tell())
        return watch

    kept, sys.stdout = sys.stdout, out
    sys.settrace(watch)
    try:
        FUNCTION(*arguments)
    except BaseException:
        pass
    finally:
        sys.settrace(None)
        sys.stdout = kept
    return [lines, marks]
"""


@dataclass(frozen=True, slots=True)
class Trace:
    """One traced call: the lines in the order in which they ran, and how much had been printed before each."""

    lines: Sequence[int]
    marks: Sequence[int]


@dataclass(frozen=True, slots=True)
class Fault:
    """A failed test, for a person to act on.

    Attributes:
        call: `f([2, 1])`.
        expected: the right value.
        actual: what came instead: a value, or an error in words.
        line: the suspected line of the program, from 1; `None` if nothing could be seen.
        code: that line.
        symptom: the line that raised, printed the first wrong output, or ran last.
        how: "raised", "printed", "ended" (ran last) or "does not parse", of the symptom.
    """

    call: str
    expected: str
    actual: str
    line: int | None = None
    code: str = ""
    symptom: int | None = None
    how: str = ""

    def sentence(self) -> str:
        """`f([2, 1]) gave 3, expected 2 (line 4: total += v; ended at line 5)`."""
        if self.line is None:
            where = ""
        elif self.how == "does not parse" or self.symptom == self.line:
            where = f" (line {self.line}, {self.how}: {self.code})"
        else:
            where = f" (line {self.line}: {self.code}; {self.how} at line {self.symptom})"
        return f"{self.call} gave {self.actual}, expected {self.expected}{where}"

    def record(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "input": self.call,
            "expected": self.expected,
            "actual": self.actual,
            "line": self.line,
            "code": self.code,
            "symptom": self.symptom,
            "how": self.how,
        }


def locate_fault(
    executor: Executor, code: str, function: str, tests: Sequence[Test], seen: Behaviour, index: int, with_output: bool
) -> Fault:
    """Run a failing program once more, traced, and find the line at fault.

    Args:
        seen: what the program did on the tests.
        index: the failed test to explain.
    """
    test = tests[index]
    call, expected = call_text(function, test.arguments), show(test.expected)
    if with_output:
        expected += f" and output {show(_output(test))}"
    line, message = syntax_error(code)
    if message:
        return Fault(call, expected, f"no value: {message}", line, _source_line(code, line), line, "does not parse")
    (result,) = executor.call(code, function, [test.arguments], trace=True)
    if result.detail.get("untried"):
        return Fault(call, expected, seen[index].lstrip(FAILED)[:MOST_SEEN])
    actual = show(result.value) if result.status == "ok" else result.error or result.status
    if with_output and result.status == "ok":
        actual += f" and output {show(result.stdout)}"
    chosen = _spectrum_tests(tests, seen, index)
    traces = _traces(executor, code, function, [tests[i] for i in chosen])
    symptom, how = _symptom(result, test, traces.get(0), with_output)
    failing = {k for k, i in enumerate(chosen) if catches(tests[i].observation, seen[i])}
    suspect = _suspected_line(code, symptom, traces, failing)
    return Fault(call, expected, actual, suspect, _source_line(code, suspect), symptom, how)


def ochiai(traces: Mapping[int, Trace], failing: set[int]) -> dict[int, float]:
    """Ochiai's coefficient of every line that a failing test ran, in (0, 1]."""
    in_failing: Counter[int] = Counter()
    in_passing: Counter[int] = Counter()
    for index, trace in traces.items():
        (in_failing if index in failing else in_passing).update(set(trace.lines))
    total = len(failing & set(traces))
    return {line: n / math.sqrt(total * (n + in_passing[line])) for line, n in in_failing.items()}


def _spectrum_tests(tests: Sequence[Test], seen: Behaviour, index: int) -> list[int]:
    """The test to explain, then passing and failing ones in turn."""
    failing = [i for i, test in enumerate(tests) if catches(test.observation, seen[i]) and i != index]
    passing = [i for i, test in enumerate(tests) if seen[i] == test.observation]
    half = SPECTRUM_TESTS // 2
    return [index, *failing[: max(half, SPECTRUM_TESTS - len(passing)) - 1], *passing[: SPECTRUM_TESTS - half]]


def _traces(executor: Executor, code: str, function: str, tests: Sequence[Test]) -> dict[int, Trace]:
    """Traces by index of the test; those that could not be taken (a program that hangs) are missing."""
    instrumented = code + _TRACER.replace("FUNCTION", function)
    found = {}
    for index, result in enumerate(executor.call(instrumented, _TRACED, [t.arguments for t in tests])):
        match result.value:
            case [list(lines), list(marks)] if lines and len(lines) == len(marks):
                if all(type(n) is int for n in (*lines, *marks)):
                    found[index] = Trace(lines, marks)
    return found


def _symptom(result: CallResult, test: Test, trace: Trace | None, with_output: bool) -> tuple[int | None, str]:
    """The line at which the fault shows, and how it shows."""
    if result.status == "error":
        return result.line, "raised"
    if result.status == "ok" and with_output and trace is not None:
        right = _output(test)
        if result.stdout != right:
            return _printing_line(trace, result.stdout, right), "printed"
    return result.line, "ended"


def _printing_line(trace: Trace, actual: str, expected: str) -> int:
    """The line that printed the first wrong character, or was to print the first missing one."""
    pairs = enumerate(zip(actual, expected, strict=False))
    first = next((i for i, (a, b) in pairs if a != b), min(len(actual), len(expected)))
    ends = [*trace.marks[1:], len(actual)]
    for line, begin, end in zip(trace.lines, trace.marks, ends, strict=True):
        if begin <= first < end:
            return line
    return trace.lines[-1]


def _suspected_line(code: str, symptom: int | None, traces: Mapping[int, Trace], failing: set[int]) -> int | None:
    accused = _condition_of_raise(code, symptom)
    trace = traces.get(0)
    if trace is None:
        return accused
    scores = ochiai(traces, failing)
    best = max(scores.values(), default=0.0)
    top = {line for line in trace.lines if scores.get(line, 0.0) >= best - 1e-9}
    if not top or accused in top:
        return accused
    reached = list(trace.lines)
    if accused in reached:
        reached = reached[: len(reached) - reached[::-1].index(accused)]
    return next((line for line in reversed(reached) if line in top), max(top))


def _condition_of_raise(code: str, line: int | None) -> int | None:
    """The line itself, or, if it is a `raise`, the line of the innermost `if` or loop around it."""
    tree = parse(code)
    if tree is None or line is None:
        return line
    blocks = [n for n in ast.walk(tree) if isinstance(n, ast.If | ast.While | ast.For)]
    if not any(isinstance(n, ast.Raise) and n.lineno == line for n in ast.walk(tree)):
        return line
    around = [n.lineno for n in blocks if any(s.lineno <= line <= (s.end_lineno or 0) for s in (*n.body, *n.orelse))]
    return max(around, default=line)


def _output(test: Test) -> str:
    """What a right program prints on a test whose output counts."""
    written = test.observation.removeprefix(canonical(test.expected) + OUTPUT_MARK)
    return str(ast.literal_eval(written)) if written != test.observation else ""


def _source_line(code: str, line: int | None) -> str:
    lines = code.split("\n")
    return lines[line - 1].strip() if line is not None and 0 < line <= len(lines) else ""
