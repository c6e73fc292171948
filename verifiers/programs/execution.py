"""Programs observed in the sandbox: what they did on each input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ...core.literals import Value
from .. import sandbox
from ..sandbox import CallResult, probe
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
    ) -> Sequence[CallResult]:
        """One result per input, in order; never raises for what the program does.

        After `patience` inputs that hung or crashed the program, the last of these results stands for all the rest.
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
        self,
        code: str,
        function: str,
        inputs: Sequence[tuple[Value, ...]],
        *,
        trace: bool = False,
        patience: int = 1,
    ) -> Sequence[CallResult]:
        return sandbox.call_many(
            code, function, inputs, limits=self._limits, trace=trace, isolation=self._asked, give_up_after=patience
        )

    @property
    def isolation(self) -> str:
        return probe(self._asked).level or "none"


def behaviour(results: Sequence[CallResult], with_output: bool = False) -> Behaviour:
    """What a program did, comparable between programs.

    Args:
        with_output: whether what it printed belongs to it.
    """
    seen = [observation(result, with_output) for result in results]
    for index in range(len(results) - 1, 0, -1):
        if results[index] is results[index - 1] and not results[index].detail.get("whole program"):
            seen[index] = UNTRIED
    return tuple(seen)


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
