"""The fork server: a small trusted interpreter that forks one jailed child per run, watches it, and reaps it.

Started by `connection.py` as `python -s -P -S -B -c ... FD LAYERS`, with an environment of our own making. It imports
the modules programs may want once, keeps no data of any run (the task, the output and the results pass through files
the child opens itself), and stays single-threaded, so that forking is safe and namespaces can be entered.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import random
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from . import program
from .isolation import kernel, landlock, namespaces, seccomp
from .isolation.jail import Jail
from .protocol.channel import ChannelWriter
from .protocol.wire import Wire

MODULES = (
    *("math", "cmath", "numbers", "decimal", "fractions", "statistics", "random", "re", "string", "textwrap"),
    *("itertools", "functools", "operator", "collections", "collections.abc", "heapq", "bisect", "array", "queue"),
    *("copy", "dataclasses", "enum", "typing", "types", "abc", "contextlib", "weakref", "warnings", "traceback"),
    *("datetime", "time", "io", "threading", "signal", "select", "keyword", "json", "struct", "ctypes", "unicodedata"),
)
"""Imported beforehand; the rest of the standard library is read when a program imports it."""

_FIRST_LOOK_S, _LOOK_S = 0.005, 0.02
"""When a run is first looked at, and how often later on: in milliseconds a program can make a thousand folders."""
_STOP_S = 0.3
"""How long a program may take to stand still when it is stopped; every thread of it has to run once for that."""


def main(connection: int, wanted: list[str]) -> None:
    """Set up the `wanted` layers as far as they can be had, report, and serve until the host closes the connection."""
    wire = Wire(socket.socket(fileno=connection))
    library = [path for path in sys.path if os.path.isdir(path)]
    for name in MODULES:
        importlib.import_module(name)
    os.environ.clear()
    _be_first_to_go()
    address_space = _address_space()
    layers, missing = _layers(wanted)
    try:
        jail = Jail(layers, library, address_space)
    except OSError as error:
        wire.send({"layers": [], "missing": {"jail": str(error)}})
        return
    _open_trouble()
    program.open_streams()
    gc.collect()
    gc.disable()
    gc.freeze()
    facts = {"layers": layers, "missing": missing, "nobody": jail.user is not None, "landlock_abi": landlock.abi()}
    wire.send({**facts, "scratch": jail.scratch.covers})
    try:
        _serve(wire, jail)
    finally:
        jail.scratch.close()


def _be_first_to_go() -> None:
    """When memory runs out, the kernel should take the box and not the trainer."""
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("800")
    except OSError:  # no Linux, or no /proc: then the kernel chooses
        return


def _layers(wanted: list[str]) -> tuple[list[str], dict[str, str]]:
    """What holds here, and why the rest does not. Goes on in another process when namespaces are entered."""
    layers, missing = ["rlimits"], {}
    if "landlock" in wanted:
        if landlock.abi():
            layers.append("landlock")
        else:
            missing["landlock"] = "the kernel has no Landlock, or it is not switched on"
    if "seccomp" in wanted:
        reason = seccomp.supported()
        if reason is None:
            layers.append("seccomp")
        else:
            missing["seccomp"] = reason
    if "namespaces" in wanted:
        reason = namespaces.enter()
        if reason is None:
            layers.append("namespaces")
        else:
            missing["namespaces"] = reason
    return layers, missing


def _serve(wire: Wire, jail: Jail) -> None:
    while (received := wire.receive()) is not None:
        request, descriptors = received
        if "kill" not in request:  # a late one: its run has already ended
            wire.send(_one_run(wire, jail, request, descriptors))


def _one_run(wire: Wire, jail: Jail, limits: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
    task, result, *standard = descriptors
    folder = jail.scratch.fresh(limits)
    shut_in = jail.prepare(limits, folder, standard, [*standard, wire.fileno(), _trouble_read])
    random.seed()  # for the child, which inherits the generator: here no page has to be copied
    started = time.monotonic()
    pid = kernel.bare_fork()
    if pid == 0:
        _child(shut_in, task, ChannelWriter(result, limits["channel"]))
    for descriptor in descriptors:
        os.close(descriptor)
    reason = _Watch(pid, wire, jail, limits, started).until_over()
    _kill_group(pid)
    _, status, used = os.wait4(pid, 0)
    _reap_strays()
    exit_code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
    return {
        "reason": reason,
        "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
        "exit": exit_code,
        "wall_s": time.monotonic() - started,
        "cpu_s": used.ru_utime + used.ru_stime,
        "memory_mb": used.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10),
        "trouble": _trouble() if exit_code == _UNJAILED else "",
    }


_UNJAILED = 117
_trouble_read, _trouble_write = -1, -1
"""A pipe on which a child reports why it could not shut itself in. Programs never see it: a jailed child closed it."""


def _open_trouble() -> None:
    global _trouble_read, _trouble_write
    _trouble_read, _trouble_write = os.pipe()
    os.set_blocking(_trouble_read, False)


def _trouble() -> str:
    try:
        return os.read(_trouble_read, 1000).decode("utf-8", "replace")
    except BlockingIOError:  # a program that chose the same exit code
        return ""


def _child(shut_in: Callable[[], None], task: int, channel: ChannelWriter) -> None:
    """Never returns; whatever fails before the program starts goes down the trouble pipe."""
    try:
        shut_in()
        os.close(_trouble_write)
    except BaseException as error:  # noqa: BLE001  (nothing may get past here unjailed)
        os.write(_trouble_write, f"{type(error).__name__}: {error}".encode()[:1000])
        os._exit(_UNJAILED)
    program.run(task, channel)


class _Watch:
    """Waits for a child to end, and ends it at its limits, when the host asks, or when the host is gone.

    Never waits without bound for anything that the child can prevent: until it is killed, it is hostile.
    """

    def __init__(self, pid: int, wire: Wire, jail: Jail, limits: dict[str, Any], started: float) -> None:
        self._pid, self._wire, self._jail, self._limits = pid, wire, jail, limits
        self._deadline = started + limits["wall_total_s"]

    def until_over(self) -> str | None:
        """Why the child was killed; `None` when it ended by itself. It is left to be reaped."""
        end = os.pidfd_open(self._pid) if hasattr(os, "pidfd_open") else None
        poll = select.poll()
        poll.register(self._wire, select.POLLIN)
        if end is not None:
            poll.register(end, select.POLLIN)
        pause = _FIRST_LOOK_S if end is not None else 0.001
        reason = None
        while reason is None:
            left = self._deadline - time.monotonic()
            ready = {number for number, _ in poll.poll(max(0.0, min(pause, left)) * 1000 + 1)}
            pause = min(2 * pause, _LOOK_S)
            if end in ready or (end is None and os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)):
                break
            reason = self._verdict(self._wire.fileno() in ready)
        if reason is not None:
            os.kill(self._pid, signal.SIGKILL)
        if end is not None:
            os.close(end)
        return reason

    def _verdict(self, spoken_to: bool) -> str | None:
        if spoken_to:
            return "asked" if self._wire.receive() is not None else "host gone"
        if time.monotonic() >= self._deadline:
            return "wall"
        if _cpu_seconds(self._pid) > self._limits["cpu_total_s"]:
            return "cpu"
        if _threads(self._pid) > self._limits["threads"]:
            return "threads"
        return "scratch" if self._jail.scratch.overfull(self._limits, self._stopped) else None

    @contextlib.contextmanager
    def _stopped(self) -> Iterator[bool]:
        """Hold the child still, and say whether it is; its time goes on."""
        os.kill(self._pid, signal.SIGSTOP)
        try:
            yield self._stands_still()
        finally:
            os.kill(self._pid, signal.SIGCONT)

    def _stands_still(self) -> bool:
        latest = min(time.monotonic() + _STOP_S, self._deadline)
        while not os.waitid(os.P_PID, self._pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT | os.WNOHANG):
            if time.monotonic() > latest:
                return False
            time.sleep(0.0005)
        return True


def _kill_group(pid: int) -> None:
    """End whatever the child may have started. The filter forbids new processes; this is for the day it should be
    wrong, and for the lowest level. The child is not reaped yet, so its number cannot have passed to a stranger."""
    try:
        if os.getpid() == 1:
            os.kill(-1, signal.SIGKILL)  # process 1 of our own pid namespace: all others in here
        else:
            os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _reap_strays() -> None:
    """Orphans become children of process 1; elsewhere there are none to wait for."""
    try:
        while os.waitpid(-1, 0)[0]:
            continue
    except ChildProcessError:
        return


def _cpu_seconds(pid: int) -> float:
    if sys.platform != "linux":
        return 0.0  # RLIMIT_CPU still holds
    try:
        return time.clock_gettime(((~pid) << 3) | 2)  # the kernel's CPU clock of another process
    except OSError:
        return 0.0


def _threads(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except OSError:  # no /proc in our own world, where RLIMIT_NPROC counts
        return 0


def _address_space() -> int:
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 64 << 20
