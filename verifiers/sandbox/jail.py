"""What a freshly forked child does to itself before the program gets the floor. None of it can be undone.

The order matters: limits and user first, while they may still be set; then no capabilities, no new privileges;
Landlock before the filter, because the filter forbids Landlock's own calls.
"""

from __future__ import annotations

import math
import os
import resource
import signal
import struct
from typing import Any

from . import kernel, landlock, namespaces, seccomp
from .scratch import FolderScratch, MountedScratch, Scratch

STACK_MB = 64


class Jail:
    """The layers in force on this server, prepared once, put on by each child.

    Args:
        layers: any of "namespaces" (already entered), "landlock", "seccomp".
        library: folders of the interpreter that programs may read.
        address_space: bytes mapped by the server itself; a program's memory comes on top.
    """

    def __init__(self, layers: list[str], library: list[str], address_space: int) -> None:
        self._address_space = address_space
        _limit("RLIMIT_STACK", STACK_MB * 2**20)
        for name in ("CORE", "MEMLOCK", "MSGQUEUE", "NICE", "RTPRIO"):  # inherited by every child
            _limit("RLIMIT_" + name, 0)
        self._own_world = "namespaces" in layers
        self.user = _other_user(layers, library)
        self.scratch: Scratch = MountedScratch() if self._own_world else FolderScratch(self.user)
        self._ruleset: int | None = None
        self._filter: seccomp.Filter | None = None
        if "landlock" in layers:
            rules = [(path, landlock.READ) for path in (*library, "/usr/share/zoneinfo")]
            rules += [(path, landlock.DEVICE) for path in namespaces.DEVICES]
            self._ruleset = landlock.ruleset([*rules, (self.scratch.covers, landlock.SCRATCH)])
        if "seccomp" in layers:
            column = kernel.architecture()
            assert column is not None  # `seccomp.supported` said so
            self._filter = seccomp.Filter(column)
        if self._ruleset is not None or self._filter is not None:
            kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)

    def put_on(self, limits: dict[str, Any], folder: str) -> None:
        """Shut this process in, with `folder` as its scratch.

        Raises:
            OSError, ValueError: a layer could not be put on; the process must not run the program.
        """
        pid = os.getpid()
        os.chdir(folder)
        os.umask(0o077)
        if self.user is not None:
            os.setgroups([])
            os.setresgid(self.user, self.user, self.user)
            os.setresuid(self.user, self.user, self.user)
        self._limit_resources(limits)
        if kernel.architecture() is not None:
            kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
            kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
            kernel.syscall("capset", struct.pack("=Ii", 0x20080522, 0), bytes(24))
        if self._ruleset is not None:
            landlock.put_on(self._ruleset)
            os.close(self._ruleset)
        if self._filter is not None:
            self._filter.put_on(pid)

    def _limit_resources(self, limits: dict[str, Any]) -> None:
        _limit("RLIMIT_AS", self._address_space + int(limits["memory_mb"] * 2**20))
        _limit("RLIMIT_CPU", math.ceil(limits["cpu_total_s"]) + 1)
        _limit("RLIMIT_FSIZE", int(max(limits["file_mb"] * 2**20, limits["output_kb"] * 2**10 + 1, limits["channel"])))
        _limit("RLIMIT_NOFILE", limits["open_files"])
        if self._own_world:  # elsewhere the user's other processes would count too: the server watches instead
            _limit("RLIMIT_NPROC", limits["threads"] + (self.user is None))


def _limit(name: str, value: int) -> None:
    which = getattr(resource, name, None)
    if which is None:
        return
    hard = resource.getrlimit(which)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
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
