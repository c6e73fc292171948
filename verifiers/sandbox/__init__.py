"""Runs Python that nobody trusts; everybody enters through the names below.

    result = run_python("print(input()[::-1])", stdin="abc")
    value = call("def f(x): return x * x + 1", "f", [3])
    results = call_many(program, "f", [(3,), (-2,), (0,)])

A small fork server imports what programs may want; each run is a fork of it that locks itself in before the program
starts: Landlock (no file outside the scratch folder and the interpreter's library), seccomp (no exec, fork, socket,
signal to others, ...), resource limits, and, where they can be had, user, mount, pid, network, IPC and UTS
namespaces. No root is needed. `probe()` returns the level that holds here; below a safe one, runs are refused unless a
lower `isolation=` is asked for by name.

What this does not protect against:

- a hole in the Linux kernel, in Landlock, seccomp or tmpfs, or in the processor (Spectre and its kin);
- observation: a program sees the time, the machine's load, kernel version, host name (not in namespaces) and the
  interpreter's library; at level "landlock" also that a path outside exists, its size and dates, though not its
  content;
- load: up to its limits it may use a core, memory bandwidth and caches, so it can be felt, and can signal by that;
- memory across runs in total: limits are per run, and several runs may be under way;
- its own answers: what it returns may be wrong on purpose, or right by looking at the other inputs of the same
  `call_many`; expected outputs never enter the box, so it cannot look at those;
- you: do not `eval`, `exec`, unpickle or import what it prints or returns;
- anything at all, at level "rlimits": that stops accidents, not attacks.
"""

from .calls import UNTRIED, call, call_many
from .client import close, probe
from .isolation_status import IsolationStatus
from .levels import LEVELS, SAFE, check_level
from .limits import Limits
from .protocol.results import CallResult, IsolationError, LimitError, ProgramError, RunResult, SandboxError, Status
from .scripts import run_python

__all__ = [
    "LEVELS",
    "SAFE",
    "UNTRIED",
    "CallResult",
    "IsolationError",
    "IsolationStatus",
    "LimitError",
    "Limits",
    "ProgramError",
    "RunResult",
    "SandboxError",
    "Status",
    "call",
    "call_many",
    "check_level",
    "close",
    "probe",
    "run_python",
]
