"""Programs observed in the sandbox: what they did on each input, within the time that a program and a group have."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from ...core.literals import Value
from .. import sandbox
from ..sandbox import CallResult, probe
from .code_blocks import syntax_error
from .literals import canonical
from .test_suites import FAILED, UNTRIED, Behaviour

OUTPUT_MARK = " printed "
PATIENCE = 3
"""Inputs that may hang or crash a reference program before the rest is not tried any more; others get one."""


class Executor(Protocol):
    """Runs a function of a program on inputs; `SandboxExecutor` is the real one, tests bring a fake."""

    def call(
        self,
        code: str,
        function: str,
        inputs: Sequence[tuple[Value, ...]],
        *,
        trace: bool = False,
        patience: int = 1,
        seconds: float | None = None,
    ) -> Sequence[CallResult]:
        """One result per input, in order; never raises for what the program does.

        After `patience` inputs that hung or crashed the program, the last of these results stands for all the rest.
        After `seconds` by the clock, what is left has the status "timeout" and `detail["untried"]`; `None`: no bound.
        """
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
        output_kb, result_kb: what one call may print and return; `None` is what the sandbox has.
        isolation: a lower level by name, `None` for the full one the sandbox finds.

    Raises:
        ConfigError: a limit is not positive, or no such isolation level.
    """

    def __init__(
        self,
        *,
        wall_s: float = 2.0,
        cpu_s: float = 1.0,
        memory_mb: int = 256,
        output_kb: float | None = None,
        result_kb: float | None = None,
        isolation: str | None = None,
    ) -> None:
        sandbox.check_level(isolation)
        sizes: dict[str, Any] = {
            name: kb for name, kb in (("output_kb", output_kb), ("result_kb", result_kb)) if kb is not None
        }
        self._limits = sandbox.Limits(wall_s=wall_s, cpu_s=cpu_s, memory_mb=memory_mb, **sizes)
        self._asked = isolation

    def call(
        self,
        code: str,
        function: str,
        inputs: Sequence[tuple[Value, ...]],
        *,
        trace: bool = False,
        patience: int = 1,
        seconds: float | None = None,
    ) -> Sequence[CallResult]:
        return sandbox.call_many(
            code,
            function,
            inputs,
            limits=self._limits,
            trace=trace,
            isolation=self._asked,
            give_up_after=patience,
            total_s=seconds,
        )

    @property
    def isolation(self) -> str:
        return probe(self._asked).level or "none"


class TimedExecutor:
    """Runs one program, however often, within a number of seconds by the clock; further inputs are untried."""

    def __init__(self, executor: Executor, seconds: float) -> None:
        self._executor, self.left = executor, seconds

    def call(
        self,
        code: str,
        function: str,
        inputs: Sequence[tuple[Value, ...]],
        *,
        seconds: float | None = None,
        **options: Any,
    ) -> Sequence[CallResult]:
        most = self.left if seconds is None else min(seconds, self.left)
        if most <= 0:
            return [CallResult("timeout", error=sandbox.UNTRIED, detail={"untried": True})] * len(inputs)
        started = time.monotonic()
        try:
            return self._executor.call(code, function, inputs, seconds=most, **options)
        finally:
            self.left -= time.monotonic() - started

    @property
    def isolation(self) -> str:
        return self._executor.isolation


OF_A_PROGRAM, OF_A_GROUP = 3.5, 16.0
"""Times `wall_s`: how long one program runs at most, the search for its fault included, and all programs of one call of
the verifier together. What starting and ending the last fork takes comes on top of the first: 4 is what we promise."""


def executors(executor: Executor, programs: Iterable[str], wall_s: float) -> dict[str, TimedExecutor]:
    """An executor for each distinct program, with equal shares of the group's time: nobody's slowness takes time from
    the neighbours."""
    distinct = dict.fromkeys(programs)
    share = min(OF_A_PROGRAM, OF_A_GROUP / max(1, len(distinct))) * wall_s
    return {program: TimedExecutor(executor, share) for program in distinct}


def results_of(
    runs: Mapping[str, TimedExecutor], function: str, inputs: Sequence[tuple[Value, ...]]
) -> dict[str, Sequence[CallResult]]:
    """What each program does on the inputs; one that does not parse fails on all."""
    found: dict[str, Sequence[CallResult]] = {}
    for program, run in runs.items():
        message = syntax_error(program)[1]
        unparsed = CallResult("error", error=f"SyntaxError: {message}", detail={"whole program": True})
        found[program] = [unparsed] * len(inputs) if message else run.call(program, function, inputs)
    return found


def failure(error: Exception) -> str:
    """Why nothing could be decided, when the reason is on our side."""
    try:
        words = str(error)[:200]
    except Exception:  # noqa: BLE001  (a message may hold a number that is too long to be written)
        words = ""
    return f"the checker failed: {type(error).__name__}: {words}"


def behaviour(results: Sequence[CallResult], with_output: bool = False) -> Behaviour:
    """What a program did, comparable between programs.

    Args:
        with_output: whether what it printed belongs to it.
    """
    seen = [observation(result, with_output) for result in results]
    for index in range(len(results) - 1, 0, -1):  # the result that stands for the rest counts where it came about
        if results[index] is results[index - 1] and not results[index].detail.get("whole program"):
            seen[index] = UNTRIED
    return tuple(seen)


def observation(result: CallResult, with_output: bool = False) -> str:
    """One call as text: the canonical value, or `FAILED` with the kind of failure."""
    if result.detail.get("untried"):
        return UNTRIED
    if result.status != "ok":
        kind = (result.error or "").split(":", 1)[0].strip()
        return f"{FAILED}{result.status} {kind}".rstrip()
    seen = canonical(result.value)
    return f"{seen}{OUTPUT_MARK}{result.stdout!r}" if with_output else seen


def prints(results: Sequence[CallResult]) -> bool:
    """Whether a program prints: then its output is part of what it does."""
    return any(result.status == "ok" and result.stdout for result in results)
