"""Programs observed in the sandbox: what they did on each input, and where a failing one went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from . import sandbox
from .code_blocks import syntax_error
from .literals import Value, canonical, show
from .sandbox import CallResult
from .sandbox.standing import probe
from .tests import FAILED, Behaviour, Test, call_text

OUTPUT_MARK = " printed "
GIVE_UP_AFTER = 3
"""Inputs that may hang or crash a program before the rest is not tried any more."""


class Executor(Protocol):
    """Runs a function of a program on inputs; `SandboxExecutor` is the real one, tests bring a fake."""

    def call(
        self, code: str, function: str, inputs: Sequence[tuple[Value, ...]], *, trace: bool = False
    ) -> Sequence[CallResult]:
        """One result per input, in order; never raises for what the program does."""
        ...

    @property
    def isolation(self) -> str:
        """The isolation level that holds, for the evidence."""
        ...


class SandboxExecutor:
    """Runs programs in `verifiers.sandbox`: one fork per program, with all its inputs.

    Args:
        wall_s, cpu_s: seconds per input.
        memory_mb: per program.
        isolation: a lower level by name, `None` for the full one the sandbox finds.

    Raises:
        ConfigError: a limit is not positive.
    """

    def __init__(
        self, *, wall_s: float = 2.0, cpu_s: float = 1.0, memory_mb: int = 256, isolation: str | None = None
    ) -> None:
        self._limits = sandbox.Limits(wall_s=wall_s, cpu_s=cpu_s, memory_mb=memory_mb)
        self._asked = isolation

    def call(
        self, code: str, function: str, inputs: Sequence[tuple[Value, ...]], *, trace: bool = False
    ) -> Sequence[CallResult]:
        return sandbox.call_many(
            code, function, inputs, limits=self._limits, trace=trace, isolation=self._asked, give_up_after=GIVE_UP_AFTER
        )

    @property
    def isolation(self) -> str:
        return probe(self._asked).level or "none"


def behaviour(results: Sequence[CallResult], with_output: bool = False) -> Behaviour:
    """What a program did, comparable between programs.

    Args:
        with_output: whether what it printed belongs to it.
    """
    return tuple(observation(result, with_output) for result in results)


def observation(result: CallResult, with_output: bool = False) -> str:
    """One call as text: the canonical value, or `FAILED` with the kind of failure."""
    if result.status != "ok":
        kind = (result.error or "").split(":", 1)[0].strip()
        return f"{FAILED}{result.status} {kind}".rstrip()
    seen = canonical(result.value)
    return f"{seen}{OUTPUT_MARK}{result.stdout!r}" if with_output else seen


def prints(results: Sequence[CallResult]) -> bool:
    """Whether a program prints: then its output is part of what it does."""
    return any(result.status == "ok" and result.stdout for result in results)


@dataclass(frozen=True, slots=True)
class Fault:
    """A failed test, for a person to act on.

    Attributes:
        call: `f([2, 1])`.
        expected: the right value.
        actual: what came instead: a value, or an error in words.
        line: the line of the program where it went wrong, from 1; `None` if it could not be seen.
        code: that line.
        how: "raised there", "printed there", "last line executed", "does not parse", or "".
    """

    call: str
    expected: str
    actual: str
    line: int | None = None
    code: str = ""
    how: str = ""

    def sentence(self) -> str:
        """`f([2, 1]) gave 3, expected 2 (line 4, last line executed: total += v)`."""
        where = "" if self.line is None else f" (line {self.line}, {self.how}: {self.code})"
        return f"{self.call} gave {self.actual}, expected {self.expected}{where}"

    def record(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "input": self.call,
            "expected": self.expected,
            "actual": self.actual,
            "line": self.line,
            "code": self.code,
            "how": self.how,
        }


def locate(executor: Executor, code: str, function: str, test: Test, with_output: bool = False) -> Fault:
    """Run a failing program once more on the failed input, traced, and say where it went wrong."""
    line, message = syntax_error(code)
    call, expected = call_text(function, test.arguments), show(test.expected)
    if message:
        return Fault(call, expected, f"no value: {message}", line, _line(code, line), "does not parse")
    (result,) = executor.call(code, function, [test.arguments], trace=True)
    if with_output:
        expected = test.observation.replace(OUTPUT_MARK, " and output ")
    if result.status == "ok":
        actual = show(result.value) + (f" and output {show(result.stdout)}" if with_output else "")
        return Fault(call, expected, actual, result.line, _line(code, result.line), "last line executed")
    actual = result.error or result.status
    how = "raised there" if result.status == "error" else "last line executed"
    return Fault(call, expected, actual, result.line, _line(code, result.line), how if result.line else "")


def _line(code: str, line: int | None) -> str:
    lines = code.split("\n")
    return lines[line - 1].strip() if line is not None and 0 < line <= len(lines) else ""
