"""Raw system calls through ctypes, and their numbers on x86-64 and aarch64.

Runs inside the fork server, so it imports nothing but the standard library. Numbers are those of Linux's
`arch/x86/entry/syscalls/syscall_64.tbl` and `include/uapi/asm-generic/unistd.h`; a call an architecture lacks is
`None`.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import sys

_ARCHITECTURES = {"x86_64": 0, "amd64": 0, "aarch64": 1, "arm64": 1}

AUDIT_ARCH = (0xC000003E, 0xC00000B7)
"""How the kernel names the two architectures to a seccomp filter, in the column order of `NUMBERS`."""

NUMBERS: dict[str, tuple[int | None, int | None]] = {
    # files already open
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "pwrite64": (18, 68),
    "preadv": (295, 69),
    "pwritev": (296, 70),
    "lseek": (8, 62),
    "close": (3, 57),
    "close_range": (436, 436),
    "dup": (32, 23),
    "dup2": (33, None),
    "dup3": (292, 24),
    "fcntl": (72, 25),
    "ioctl": (16, 29),
    "flock": (73, 32),
    "fsync": (74, 82),
    "fdatasync": (75, 83),
    "ftruncate": (77, 46),
    "fallocate": (285, 47),
    "fadvise64": (221, 223),
    "sendfile": (40, 71),
    # paths: what they may reach is for Landlock and the mount namespace to say
    "open": (2, None),
    "openat": (257, 56),
    "stat": (4, None),
    "fstat": (5, 80),
    "lstat": (6, None),
    "newfstatat": (262, 79),
    "statx": (332, 291),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "getdents": (78, None),
    "getdents64": (217, 61),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "getcwd": (79, 17),
    "chdir": (80, 49),
    "fchdir": (81, 50),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "rmdir": (84, None),
    "unlink": (87, None),
    "unlinkat": (263, 35),
    "rename": (82, None),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "link": (86, None),
    "linkat": (265, 37),
    "symlink": (88, None),
    "symlinkat": (266, 36),
    "umask": (95, 166),
    # memory
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "msync": (26, 227),
    "mincore": (27, 232),
    "brk": (12, 214),
    "membarrier": (324, 283),
    # signals, to oneself only
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "rt_sigpending": (127, 136),
    "rt_sigtimedwait": (128, 137),
    "rt_sigsuspend": (130, 133),
    "sigaltstack": (131, 132),
    "pause": (34, None),
    "alarm": (37, None),
    "getitimer": (36, 102),
    "setitimer": (38, 103),
    "kill": (62, 129),
    "tgkill": (234, 131),
    # waiting and pipes
    "poll": (7, None),
    "ppoll": (271, 73),
    "select": (23, None),
    "pselect6": (270, 72),
    "epoll_create": (213, None),
    "epoll_create1": (291, 20),
    "epoll_ctl": (233, 21),
    "epoll_wait": (232, None),
    "epoll_pwait": (281, 22),
    "eventfd2": (290, 19),
    "pipe": (22, None),
    "pipe2": (293, 59),
    "socketpair": (53, 199),
    "sendto": (44, 206),
    "recvfrom": (45, 207),
    "shutdown": (48, 210),
    "getsockname": (51, 204),
    "getsockopt": (55, 209),
    # time
    "nanosleep": (35, 101),
    "clock_nanosleep": (230, 115),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "times": (100, 153),
    # threads
    "clone": (56, 220),
    "clone3": (435, 435),
    "futex": (202, 98),
    "set_robust_list": (273, 99),
    "set_tid_address": (218, 96),
    "rseq": (334, 293),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "getcpu": (309, 168),
    "restart_syscall": (219, 128),
    # about oneself
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getppid": (110, 173),
    "getpgrp": (111, None),
    "getpgid": (121, 155),
    "getsid": (124, 156),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "getresuid": (118, 148),
    "getresgid": (120, 150),
    "getgroups": (115, 158),
    "getpriority": (140, 141),
    "getrusage": (98, 165),
    "getrlimit": (97, 163),
    "setrlimit": (160, 164),
    "prlimit64": (302, 261),
    "prctl": (157, 167),
    "sysinfo": (99, 179),
    "uname": (63, 160),
    "getrandom": (318, 278),
    "exit": (60, 93),
    "exit_group": (231, 94),
    # used by the server and the jail, never allowed inside
    "setsid": (112, 157),
    "setgroups": (116, 159),
    "setresuid": (117, 147),
    "setresgid": (119, 149),
    "capset": (126, 91),
    "pivot_root": (155, 41),
    "landlock_create_ruleset": (444, 444),
    "landlock_add_rule": (445, 445),
    "landlock_restrict_self": (446, 446),
}

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38


def architecture() -> int | None:
    """Column of this machine in `NUMBERS`, or `None` where the jail has no table (or the system is not Linux)."""
    if sys.platform != "linux" or sys.maxsize < 2**32:
        return None
    return _ARCHITECTURES.get(platform.machine().lower())


def number(name: str) -> int:
    """The system call number of `name` here.

    Raises:
        OSError: this architecture has no such call, or no table at all.
    """
    column = architecture()
    found = None if column is None else NUMBERS[name][column]
    if found is None:
        raise OSError(38, f"no system call {name} on {platform.machine()}")
    return found


_libc = ctypes.CDLL(None, use_errno=True)
if sys.platform == "linux":
    # Declared once, so that plain integers go through without an object each: a fork's first allocations are its
    # dearest, since every page they touch has to be copied.
    raw = ctypes.CFUNCTYPE(ctypes.c_long, *[ctypes.c_long] * 7, use_errno=True)(("syscall", _libc))
    """A system call by number and six integers; negative on failure."""


def syscall(name: str, *arguments: int | bytes) -> int:
    """Call the kernel directly; bytes are passed as their address.

    Raises:
        OSError: the call failed; carries errno and the call's name.
    """
    kept = [ctypes.create_string_buffer(each) if isinstance(each, bytes) else each for each in arguments]
    passed = [each if isinstance(each, int) else ctypes.addressof(each) for each in kept]
    result: int = raw(number(name), *passed, *[0] * (6 - len(passed)))
    return checked(result, name)


def bare_fork() -> int:
    """Fork without Python's and libc's fork hooks: 0 in the child, its number in the parent.

    For a single-threaded process only, where the hooks have nothing to do; they would touch 170 shared pages, each of
    which the kernel then has to copy.
    """
    if _CLONE is None:
        return os.fork()
    return checked(int(raw(_CLONE, signal.SIGCHLD, 0, 0, 0, 0, 0)), "clone")


_CLONE = None if architecture() is None else number("clone")


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """`mount(2)`."""
    encoded = [os.fsencode(text) for text in (source, target, kind)]
    result: int = _libc.mount(*encoded, ctypes.c_ulong(flags), options.encode())
    checked(result, f"mount {target}")


def unmount(target: str) -> None:
    """Detach a mount at once, busy or not."""
    result: int = _libc.umount2(os.fsencode(target), ctypes.c_int(2))
    checked(result, f"unmount {target}")


def checked(result: int, what: str) -> int:
    """`result`, or the pending errno as an `OSError` when it is negative."""
    if result < 0:
        errno = ctypes.get_errno()
        raise OSError(errno, f"{what}: {os.strerror(errno)}")
    return result
