"""What a freshly forked child does to itself before the program starts. None of it can be undone.

It is a plain list of system calls, written out by the server and carried out by the child, which so touches as little
memory as possible. The order matters: descriptors, limits and user first, while they may still be set; then no
capabilities; Landlock before the filter, because the filter forbids Landlock's own calls.
"""

from __future__ import annotations

import ctypes
import math
import os
import resource
import signal
import struct
from collections.abc import Callable
from functools import partial
from typing import Any

from ..protocol.channel import SHORT
from . import kernel, landlock, namespaces, seccomp
from .scratch import FolderScratch, MountedScratch, Scratch

STACK_MB = 64

Step = tuple[int, int, int, int, int, int, int]
"""A system call: number and six arguments."""


class Jail:
    """The layers in force on this server.

    Args:
        layers: any of "namespaces" (already entered), "landlock", "seccomp".
        library: folders of the interpreter that programs may read.
        address_space: bytes mapped by the server itself; a program's memory comes on top.
    """

    def __init__(self, layers: list[str], library: list[str], address_space: int) -> None:
        self._address_space = address_space
        self._own_world = "namespaces" in layers
        self.user = _other_user(layers, library)
        self.scratch: Scratch = MountedScratch() if self._own_world else FolderScratch(self.user)
        self._filter: seccomp.Filter | None = None
        os.umask(0o077)
        _limit("STACK", STACK_MB * 2**20)
        for name in ("CORE", "MEMLOCK", "MSGQUEUE", "NICE", "RTPRIO"):  # inherited by every child
            _limit(name, 0)
        _limit("SIGPENDING", 256)
        self._kept: list[Any] = []  # what the steps below point to
        self._closing = self._closing_steps(layers, library) if kernel.architecture() is not None else []
        self._prepared_for: Any = None
        self._prepared_kept: list[Any] = []
        self._prepared: Callable[[], None] = partial(self._put_on, [])

    def _closing_steps(self, layers: list[str], library: list[str]) -> list[Step]:
        """The steps that are the same for every child."""
        steps, kept = [], self._kept
        if self.user is not None:
            steps.append(_step(kept, "setgroups", 0, 0))
            steps += [_step(kept, name, *[self.user] * 3) for name in ("setresgid", "setresuid")]
        # After the change of user, which would take the first of these back.
        steps.append(_step(kept, "prctl", kernel.PR_SET_PDEATHSIG, signal.SIGKILL))
        steps.append(_step(kept, "prctl", kernel.PR_SET_DUMPABLE, 0))
        steps.append(_step(kept, "capset", struct.pack("=Ii", 0x20080522, 0), bytes(24)))
        if {"landlock", "seccomp"} & set(layers):
            kernel.syscall("prctl", kernel.PR_SET_NO_NEW_PRIVS, 1)
        if "landlock" in layers:
            rules = [(path, landlock.READ) for path in (*library, namespaces.TIME_ZONES)]
            rules += [(path, landlock.DEVICE) for path in namespaces.DEVICES]
            ruleset = landlock.ruleset([*rules, (self.scratch.covers, landlock.SCRATCH)])
            steps += [_step(kept, "landlock_restrict_self", ruleset, 0), _step(kept, "close", ruleset)]
        if "seccomp" in layers:
            column = kernel.architecture()
            assert column is not None  # `seccomp.supported` checked it
            self._filter = seccomp.Filter(column)
            steps.append(_step(kept, "prctl", kernel.PR_SET_SECCOMP, 2, self._filter.address))
        return steps

    def prepare(self, limits: dict[str, Any], folder: str, standard: list[int], shut: list[int]) -> Callable[[], None]:
        """What the next child has to call: `standard` become its descriptors 0, 1 and 2, those in `shut` are closed.

        The call raises `OSError` when a step failed; then the process must not run the program.
        """
        if kernel.architecture() is None:
            return partial(self._put_on_elsewhere, limits, folder, standard, shut)
        if self._prepared_for != (limits, folder, standard, shut):  # runs are mostly alike
            self._prepared_for, self._prepared_kept = (limits, folder, standard, shut), []
            steps = self._opening_steps(limits, folder, standard, shut) + self._closing
            self._prepared = partial(self._put_on, steps)
        return self._prepared

    def _opening_steps(self, limits: dict[str, Any], folder: str, standard: list[int], shut: list[int]) -> list[Step]:
        kept = self._prepared_kept
        steps = [_step(kept, "dup3", descriptor, number) for number, descriptor in enumerate(standard)]
        steps += [_step(kept, "close", each) for each in shut]
        steps += [_step(kept, "setsid"), _step(kept, "chdir", os.fsencode(folder) + b"\0")]
        for name, value in self._bounds(limits).items():
            which = getattr(resource, "RLIMIT_" + name)
            value = min(value, _hard_limit(which))
            steps.append(_step(kept, "prlimit64", 0, which, struct.pack("=QQ", value, value)))
        return steps

    def _put_on(self, steps: list[Step]) -> None:
        if self._filter is not None:
            self._filter.for_process(os.getpid())
        call = kernel.raw
        for step in steps:
            if call(*step) < 0:
                kernel.checked(-1, f"system call {step[0]}")

    def _put_on_elsewhere(self, limits: dict[str, Any], folder: str, standard: list[int], shut: list[int]) -> None:
        """The little that can be done where `kernel` has no table: limits, scratch folder, session, user."""
        for number, descriptor in enumerate(standard):
            os.dup2(descriptor, number)
        for descriptor in shut:
            os.close(descriptor)
        os.setsid()
        os.chdir(folder)
        for name, value in self._bounds(limits).items():
            _limit(name, value)
        if self.user is not None:
            os.setgroups([])
            os.setgid(self.user)
            os.setuid(self.user)

    def _bounds(self, limits: dict[str, Any]) -> dict[str, int]:
        largest_file = limits["file_mb"]
        if not self._own_world:  # what is open need not be listed: all descriptors together hold `scratch_mb`
            largest_file = min(largest_file, limits["scratch_mb"] / limits["open_files"])
        bounds = {
            "AS": self._address_space + int(limits["memory_mb"] * 2**20) + limits["channel"],
            "CPU": math.ceil(limits["cpu_total_s"]) + 1,
            "FSIZE": int(max(largest_file * 2**20, limits["output_kb"] * 2**10 + 1, SHORT)),
            "NOFILE": limits["open_files"],
        }
        if self._own_world:  # elsewhere the user's other processes would count too: the server watches instead
            bounds["NPROC"] = limits["threads"] + (self.user is None)
        return bounds


def _step(kept: list[Any], name: str, *arguments: int | bytes) -> Step:
    """A step; what it points to is added to `kept`, and has to live as long as the step."""
    passed = [0] * 6
    for at, each in enumerate(arguments):
        if isinstance(each, bytes):
            kept.append(ctypes.create_string_buffer(each, len(each)))
            each = ctypes.addressof(kept[-1])
        passed[at] = each
    one, two, three, four, five, six = passed
    return (kernel.number(name), one, two, three, four, five, six)


def _hard_limit(which: int) -> int:
    hard = resource.getrlimit(which)[1]
    return hard if hard != resource.RLIM_INFINITY else 2**64 - 1


def _limit(name: str, value: int) -> None:
    which = getattr(resource, "RLIMIT_" + name, None)
    if which is not None:
        value = min(value, _hard_limit(which))
        resource.setrlimit(which, (value, value))


def _other_user(layers: list[str], library: list[str]) -> int | None:
    """Who programs run as, if it can be somebody other than the server's user.

    At the lowest level never root, who could signal every process; it costs the imports not made beforehand when
    nobody else can read the interpreter.
    """
    if "namespaces" in layers:
        return namespaces.INSIDE if namespaces.runs_as_nobody() else None
    if os.geteuid() == 0 and ("seccomp" not in layers or all(_open_to_all(path) for path in library)):
        return namespaces.NOBODY
    return None


def _open_to_all(folder: str) -> bool:
    """An interpreter in root's private home could not be read by nobody."""
    folder = os.path.realpath(folder)
    while os.stat(folder).st_mode & 0o001:
        if folder == os.path.dirname(folder):
            return True
        folder = os.path.dirname(folder)
    return False
