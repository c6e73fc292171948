"""Landlock: the process can open only what lies beneath the paths it was given, whoever it runs as.

`struct landlock_ruleset_attr` and rights as in Linux's `include/uapi/linux/landlock.h`. From ABI 4 on all TCP is
forbidden as well, from ABI 6 on abstract UNIX sockets and signals to other processes. Landlock does not see chmod,
UDP, sockets with a path, or System V memory: the seccomp filter does.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable

from . import kernel

READ_FILE, READ_DIR, WRITE_FILE = 1 << 2, 1 << 3, 1 << 1
REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_REG, MAKE_SYM = 1 << 4, 1 << 5, 1 << 7, 1 << 8, 1 << 12
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15

READ = READ_FILE | READ_DIR
SCRATCH = READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SYM | REFER | TRUNCATE
DEVICE = READ_FILE | WRITE_FILE | TRUNCATE
_ON_FILES = READ_FILE | WRITE_FILE | TRUNCATE | 1

_CREATE_RULESET_VERSION, _RULE_PATH_BENEATH = 1, 1


def abi() -> int:
    """Landlock's version in this kernel; 0 where there is none."""
    try:
        return kernel.syscall("landlock_create_ruleset", 0, 0, _CREATE_RULESET_VERSION)
    except OSError:
        return 0


def _handled(version: int) -> int:
    rights = (1 << 13) - 1
    for since, right in ((2, REFER), (3, TRUNCATE), (5, IOCTL_DEV)):
        rights |= right if version >= since else 0
    return rights


def ruleset(rules: Iterable[tuple[str, int]]) -> int:
    """A descriptor of a ruleset that allows each (path, rights) and nothing else; missing paths are left out.

    Raises:
        OSError: the kernel has no Landlock.
    """
    version = abi()
    handled = _handled(version)
    attribute = struct.pack("@Q", handled)
    if version >= 4:
        attribute += struct.pack("@Q", 0b11)  # TCP bind and connect
    if version >= 6:
        attribute += struct.pack("@Q", 0b11)  # abstract sockets, signals
    rules_at = kernel.syscall("landlock_create_ruleset", attribute, len(attribute), 0)
    for path, rights in rules:
        try:
            folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        if not os.path.isdir(path):
            rights &= _ON_FILES
        beneath = struct.pack("=Qi", rights & handled, folder)
        kernel.syscall("landlock_add_rule", rules_at, _RULE_PATH_BENEATH, beneath, 0)
        os.close(folder)
    return rules_at
