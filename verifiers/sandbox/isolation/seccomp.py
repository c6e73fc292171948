"""The system call filter: a seccomp-BPF program that allows a list and refuses everything else with EPERM.

No exec, no fork, no sockets, no ptrace, no mounts, no keys, no io_uring, no perf, no bpf: whatever is not named in
`ALWAYS` or `CHECKED` does not happen. Calls that are safe only with certain arguments are checked on them. The
numbers are cut into stretches with one answer each, and searched as a balanced tree: a short program, because every
run has the kernel compile it anew.

An instruction is the kernel's `struct sock_filter`: 16-bit code, two 8-bit jumps, a 32-bit constant.
"""

from __future__ import annotations

import ctypes
import struct

from . import kernel

Program = list[tuple[int, int, int, int]]

LOAD, JUMP_EQUAL, JUMP_GREATER_EQUAL, JUMP_ALWAYS, AND, RETURN = 0x20, 0x15, 0x35, 0x05, 0x54, 0x06
ALLOW, KILL, EPERM, ENOSYS = 0x7FFF0000, 0x80000000, 0x00050000 | 1, 0x00050000 | 38
PRETEND = 0x00050000
"""The call is left out, and said to have succeeded."""

OWN_PID = 0x7E57_0001
"""Replaces, in the program, the process's own number, which is only known after the fork."""

_THREAD_FLAGS = (0x3D0F00, 0x7D0F00)  # what glibc and musl pass to clone for a thread; nothing else is one
_TERMINAL_QUERIES = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS TIOCGWINSZ FIONREAD FIONBIO FIO(N)CLEX
# duplicates, descriptor and status flags, pipe size; not F_SETOWN, F_SETSIG, leases, notifications, seals, nor record
# locks, of which a file can have any number, each in the kernel's memory
_DESCRIPTOR_COMMANDS = (0, 1, 2, 3, 4, 1030, 1032)
_PRCTL_NAMES = (15, 16)  # PR_SET_NAME, PR_GET_NAME: Python 3.14 names its threads
_AF_UNIX, _SOCK_STREAM, _SOCK_TYPE_MASK = 1, 1, 0xF
_O_ACCMODE_AND_TRUNC, _O_TRUNC = 0o1003, 0o1000
_O_TMPFILE_BIT = 0o20000000
_OWNER_ALL = 0o700
_SIGCONT = 18

OUTSIDE = {"setsid", "setgroups", "setresuid", "setresgid", "capset", "pivot_root", "landlock_create_ruleset"} | {
    "landlock_add_rule",
    "landlock_restrict_self",
}
"""Known calls that are never allowed: the server's own tools."""


def _argument(index: int, *, high: bool = False) -> tuple[int, int, int, int]:
    return (LOAD, 0, 0, 16 + 8 * index + (4 if high else 0))  # both architectures are little-endian


def _allow_if_in(values: tuple[int, ...], *, mask: int | None = None) -> Program:
    """Allow when the loaded word (masked) is one of `values`, refuse otherwise."""
    body: Program = [] if mask is None else [(AND, 0, 0, mask)]
    for value in values:
        body += [(JUMP_EQUAL, 0, 1, value), (RETURN, 0, 0, ALLOW)]
    return [*body, (RETURN, 0, 0, EPERM)]


def _refuse_unless_zero(index: int, *, high: bool = False) -> Program:
    return [_argument(index, high=high), (JUMP_EQUAL, 1, 0, 0), (RETURN, 0, 0, EPERM)]


def _signal_to_oneself(signal_at: int) -> Program:
    """Not SIGCONT: it would undo the stop by which a watcher holds the program still."""
    return [
        _argument(signal_at),
        (JUMP_EQUAL, 0, 1, _SIGCONT),
        (RETURN, 0, 0, EPERM),
        _argument(0),
        *_allow_if_in((OWN_PID,)),
    ]


def _opened(flags_at: int) -> Program:
    """Refuse O_TMPFILE, a file in no folder, which a watcher cannot see; and O_RDONLY|O_TRUNC: it empties a file, and
    Landlock before ABI 3 does not see that."""
    return [
        _argument(flags_at),
        (AND, 0, 0, _O_TMPFILE_BIT),
        (JUMP_EQUAL, 1, 0, 0),
        (RETURN, 0, 0, EPERM),
        _argument(flags_at),
        (AND, 0, 0, _O_ACCMODE_AND_TRUNC),
        (JUMP_EQUAL, 0, 1, _O_TRUNC),
        (RETURN, 0, 0, EPERM),
        (RETURN, 0, 0, ALLOW),
    ]


CHECKED: dict[str, Program] = {
    "clone": [*_refuse_unless_zero(0, high=True), _argument(0), *_allow_if_in(_THREAD_FLAGS)],
    "clone3": [(RETURN, 0, 0, ENOSYS)],  # its flags lie in memory, out of a filter's sight: libc falls back to clone
    # A lock on a file of the interpreter would make others wait; a program is alone with its own files.
    "flock": [(RETURN, 0, 0, PRETEND)],
    "open": _opened(1),
    "openat": _opened(2),
    # A folder that its owner may not list would hide what is in it.
    "mkdir": [_argument(1), *_allow_if_in((_OWNER_ALL,), mask=_OWNER_ALL)],
    "mkdirat": [_argument(2), *_allow_if_in((_OWNER_ALL,), mask=_OWNER_ALL)],
    "umask": [_argument(0), *_allow_if_in((0,), mask=~0o077 & 0xFFFFFFFF)],
    "ioctl": [_argument(1), *_allow_if_in(_TERMINAL_QUERIES)],
    "fcntl": [_argument(1), *_allow_if_in(_DESCRIPTOR_COMMANDS)],
    "prctl": [_argument(0), *_allow_if_in(_PRCTL_NAMES)],
    "kill": _signal_to_oneself(1),
    "tgkill": _signal_to_oneself(2),
    "prlimit64": [_argument(0), *_allow_if_in((0, OWN_PID))],
    # A connected stream pair (asyncio's wake-up) can reach nobody; a datagram one could be sent to any address.
    "socketpair": [
        _argument(0),
        (JUMP_EQUAL, 1, 0, _AF_UNIX),
        (RETURN, 0, 0, EPERM),
        _argument(1),
        *_allow_if_in((_SOCK_STREAM,), mask=_SOCK_TYPE_MASK),
    ],
    "sendto": [*_refuse_unless_zero(4, high=True), _argument(4), *_allow_if_in((0,))],
}

ALWAYS = sorted(set(kernel.NUMBERS) - set(CHECKED) - OUTSIDE)
"""Calls allowed whatever their arguments."""


def program(column: int) -> Program:
    """The filter for one architecture (a column of `kernel.NUMBERS`)."""
    return [
        (LOAD, 0, 0, 4),
        (JUMP_EQUAL, 1, 0, kernel.AUDIT_ARCH[column]),
        (RETURN, 0, 0, KILL),  # another architecture's numbers (32-bit calls) mean other things
        (LOAD, 0, 0, 0),
        *_search(_stretches(column)),
    ]


def _stretches(column: int) -> list[tuple[int, Program]]:
    """The number line cut where the answer changes: (first number, what to do from there on)."""
    refuse: Program = [(RETURN, 0, 0, EPERM)]
    bodies = {number: CHECKED.get(name, [(RETURN, 0, 0, ALLOW)]) for name, number in _named(column)}
    cuts: list[tuple[int, Program]] = [(0, bodies.get(0, refuse))]
    for number in sorted({each + after for each in bodies for after in (0, 1)}):
        body = bodies.get(number, refuse)
        if body is not cuts[-1][1] and body != cuts[-1][1]:
            cuts.append((number, body))
    return cuts


def _named(column: int) -> list[tuple[str, int]]:
    found = [(name, kernel.NUMBERS[name][column]) for name in (*ALWAYS, *CHECKED)]
    return [(name, number) for name, number in found if number is not None]


def _search(stretches: list[tuple[int, Program]]) -> Program:
    if len(stretches) == 1:
        return stretches[0][1]
    middle = len(stretches) // 2
    below, above = _search(stretches[:middle]), _search(stretches[middle:])
    if len(below) < 256:
        return [(JUMP_GREATER_EQUAL, len(below), 0, stretches[middle][0]), *below, *above]
    return [(JUMP_GREATER_EQUAL, 0, 1, stretches[middle][0]), (JUMP_ALWAYS, 0, 0, len(below)), *below, *above]


class Filter:
    """The assembled filter, ready to be put on by a freshly forked process."""

    def __init__(self, column: int) -> None:
        instructions = program(column)
        self._code = bytearray(b"".join(struct.pack("<HBBI", *each) for each in instructions))
        self._pid_at = [8 * at + 4 for at, (*_, constant) in enumerate(instructions) if constant == OWN_PID]
        self._buffer = (ctypes.c_char * len(self._code)).from_buffer(self._code)
        self._header = ctypes.create_string_buffer(
            struct.pack("@HP", len(instructions), ctypes.addressof(self._buffer)), struct.calcsize("@HP")
        )

    @property
    def address(self) -> int:
        """Where the `struct sock_fprog` lies, for `prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, address)`."""
        return ctypes.addressof(self._header)

    def for_process(self, pid: int) -> None:
        """Write the number of the process that will put the filter on into it."""
        for at in self._pid_at:
            _put(self._code, at, pid)


_put = struct.Struct("<I").pack_into


def supported() -> str | None:
    """`None` when filters can be put on here, otherwise what is missing."""
    if kernel.architecture() is None:
        return "no system call table for this system and processor (Linux on x86-64 or aarch64 has one)"
    try:
        kernel.syscall("prctl", kernel.PR_SET_SECCOMP, 2, 0)
    except OSError as error:  # EFAULT: there is such a thing, and it missed its program
        return None if error.errno == 14 else f"the kernel refuses seccomp filters ({error.strerror})"
    return "the kernel took an empty filter, which it should not"
