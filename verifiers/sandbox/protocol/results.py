"""What a run comes back with, and the errors `call` raises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ....core.errors import SelfPlayError

Status = Literal["ok", "error", "timeout", "memory", "output_limit", "killed", "refused"]
"""How a run ended:

    ok            by itself, with exit code 0 (a call: with a value)
    error         by an exception, or with another exit code
    timeout       at the limit of wall or processor time
    memory        out of memory
    output_limit  with more output, or a larger value, than allowed
    killed        by a signal (a crash of the interpreter), or at another limit
    refused       it never started: the isolation asked for cannot be had here
"""


@dataclass(frozen=True, slots=True)
class RunResult:
    """One program, run as a script: its `status`, what it wrote, and what it took."""

    status: Status
    stdout: str = ""
    """Up to `Limits.output_kb`; bytes that are not UTF-8 are replaced."""
    stderr: str = ""
    """Likewise."""
    exit_code: int | None = None
    """`None` when it was ended by a signal or never started."""
    wall_s: float = 0.0
    """Seconds by the clock."""
    cpu_s: float = 0.0
    """Seconds of processor time."""
    memory_mb: float = 0.0
    """Largest resident memory, that of the bare interpreter included, in MiB."""
    detail: Mapping[str, Any] = field(default_factory=dict)
    """`isolation` (level), `layers`, `reason` (why it did not end well, in words), `error` ("ZeroDivisionError:
    ..."), `line` (the program's line that raised it); absent keys mean nothing is known."""


@dataclass(frozen=True, slots=True)
class CallResult:
    """One call of a program's function; `status` is that of the call."""

    status: Status
    value: Any = None
    """What the function returned, rebuilt from plain data; `None` also unless `status` is "ok"."""
    error: str | None = None
    """"ZeroDivisionError: division by zero", or what else went wrong."""
    line: int | None = None
    """The program's line that raised; with `trace=True` otherwise the last line executed."""
    stdout: str = ""
    """What this call printed."""
    detail: Mapping[str, Any] = field(default_factory=dict)
    """`isolation`, `layers`; `reason` when the run was ended from outside."""


class SandboxError(SelfPlayError):
    """A call brought no value; `result` holds how it ended."""

    def __init__(self, message: str, result: CallResult) -> None:
        super().__init__(message)
        self.result = result

    def __reduce__(self) -> tuple[type[SandboxError], tuple[str, CallResult]]:
        return (type(self), (str(self), self.result))


class ProgramError(SandboxError):
    """The program raised, left, crashed, or returned something else than plain data."""


class LimitError(SandboxError):
    """The program was ended at a limit."""


class IsolationError(SandboxError):
    """The program did not run: the isolation asked for cannot be had here."""


def error_for(result: CallResult, function: str) -> SandboxError:
    """The exception that describes a call without a value."""
    where = f" (line {result.line})" if result.line else ""
    message = f"{function}(...) ended with {result.status!r}{where}: {result.error or 'no reason known'}"
    if result.status == "refused":
        return IsolationError(message, result)
    if result.status in ("timeout", "memory", "output_limit"):
        return LimitError(message, result)
    return ProgramError(message, result)
