"""User, mount, pid, network, IPC and UTS namespaces: the box's own world, in which the host cannot be named.

The server starts a copy of itself as process 1 of fresh namespaces. Its root is a read-only tmpfs holding the
interpreter's library and the time zones (read-only), harmless devices and a scratch mount; no /proc, no /sys, no
/etc, no network device. As root, two users are mapped, so that programs run as *nobody*; an ordinary user maps only
itself.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

from . import kernel

_NEW = {
    "mount": 0x00020000,
    "uts": 0x04000000,
    "ipc": 0x08000000,
    "user": 0x10000000,
    "pid": 0x20000000,
    "net": 0x40000000,
}
_READ_ONLY, _NO_SUID, _NO_DEV, _NO_EXEC = 1, 2, 4, 8
_REMOUNT, _BIND, _RECURSIVE, _PRIVATE = 32, 4096, 16384, 1 << 18

DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/urandom", "/dev/random")
TIME_ZONES = "/usr/share/zoneinfo"
SCRATCH = "/box/scratch"
NOBODY = 65534
INSIDE = 1000
"""The user programs run as, as seen from inside."""


def enter() -> str | None:
    """Go on as process 1 of fresh namespaces.

    Returns in a *new process* with `None` when it worked; the original stays behind as its parent until it ends, and
    then exits. Returns in the original process with the reason when the system does not allow it.
    """
    ready_read, ready_write = os.pipe()
    failed_read, failed_write = os.pipe()
    flags = int(signal.SIGCHLD)
    for each in _NEW.values():
        flags |= each
    try:
        # A plain unshare would leave this process outside the new pid namespace; clone puts the copy right into all.
        child = kernel.syscall("clone", flags, 0, 0, 0, 0)
    except OSError as error:
        for each in (ready_read, ready_write, failed_read, failed_write):
            os.close(each)
        return f"the system refuses new namespaces ({os.strerror(error.errno or 0)})"
    if child == 0:
        os.close(ready_write)
        os.close(failed_read)
        _become_process_one(ready_read, failed_write)
        return None
    os.close(ready_read)
    os.close(failed_write)
    _map_users(child)
    os.write(ready_write, b"x")
    os.close(ready_write)
    reason = b""
    while piece := os.read(failed_read, 4096):
        reason += piece
    os.close(failed_read)
    if not reason.startswith(b"!"):  # the other end closed: it has moved in
        _stay_behind(child)
    os.waitpid(child, 0)
    return reason[1:].decode("utf-8", "replace")


def _stay_behind(child: int) -> None:
    """Hold nothing open, wait for process 1, and leave with it."""
    os.closerange(0, 256)
    os.waitpid(child, 0)
    os._exit(0)


def _map_users(child: int) -> None:
    """Give the copy its users: an ordinary user under another name; root as root, without any other user."""
    uid, gid = os.geteuid(), os.getegid()
    both = f"0 {uid} 1\n{INSIDE} {NOBODY} 1\n", f"0 {gid} 1\n{INSIDE} {NOBODY} 1\n"
    if uid != 0 or not (_wrote(child, "uid_map", both[0]) and _wrote(child, "gid_map", both[1])):
        _wrote(child, "setgroups", "deny")
        _wrote(child, "uid_map", f"{INSIDE} {uid} 1\n")
        _wrote(child, "gid_map", f"{INSIDE} {gid} 1\n")


def _wrote(child: int, name: str, text: str) -> bool:
    try:
        with open(f"/proc/{child}/{name}", "w") as file:
            file.write(text)
    except OSError:  # the copy will find itself without a user and report it
        return False
    return True


def _become_process_one(ready: int, failed: int) -> None:
    kernel.syscall("prctl", kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    os.read(ready, 1)
    os.close(ready)
    try:
        if os.getpid() != 1 or os.getuid() not in (0, INSIDE):
            raise OSError(1, "no user was mapped")
        _build_root([path for path in (*sys.path, TIME_ZONES) if os.path.isdir(path)])
    except OSError as error:
        os.write(failed, f"!namespaces were made, but setting them up failed: {error.strerror}".encode())
        os._exit(1)
    os.close(failed)


def runs_as_nobody() -> bool:
    """Whether programs can be given another user than the server's."""
    return os.getuid() == 0


def _build_root(library: Sequence[str]) -> None:
    """Move into a root of our own that shows `library` and `DEVICES`, and let go of the old one."""
    sources = {path: os.path.realpath(path) for path in _outermost(library)}  # links resolve while the old root stands
    kernel.mount("none", "/", "none", _RECURSIVE | _PRIVATE)
    base = next(folder for folder in ("/tmp", "/mnt", "/var", "/") if os.path.isdir(folder))
    kernel.mount("tmpfs", base, "tmpfs", _NO_SUID | _NO_DEV, "size=1m,nr_inodes=512,mode=0755")
    os.chdir(base)
    os.mkdir("old")
    kernel.syscall("pivot_root", b".", b"old")
    os.chdir("/")
    for path, source in sources.items():
        os.makedirs(path, exist_ok=True)
        _bind("/old" + source, path, _NO_SUID | _NO_DEV)
    os.makedirs("/dev", exist_ok=True)
    for device in DEVICES:
        if os.path.exists("/old" + device):
            os.close(os.open(device, os.O_CREAT | os.O_WRONLY, 0o666))
            kernel.mount("/old" + device, device, "none", _BIND)
    os.makedirs(SCRATCH)
    kernel.unmount("/old")
    os.rmdir("/old")
    kernel.mount("none", "/", "none", _REMOUNT | _BIND | _READ_ONLY | _NO_SUID | _NO_DEV)


def _outermost(paths: Sequence[str]) -> list[str]:
    kept: list[str] = []
    for path in sorted(map(os.path.abspath, paths)):
        if not any(path == outer or path.startswith(outer + "/") for outer in kept):
            kept.append(path)
    return kept


def _bind(source: str, target: str, flags: int) -> None:
    """Show `source` at `target`, read-only; flags the source was locked with must be repeated."""
    kernel.mount(source, target, "none", _BIND | _RECURSIVE)
    locked = os.statvfs(target).f_flag & (_NO_SUID | _NO_DEV | _NO_EXEC)
    kernel.mount("none", target, "none", _REMOUNT | _BIND | _READ_ONLY | flags | locked)


def mount_scratch(megabytes: float, files: int) -> None:
    """A fresh, empty scratch folder, bounded in bytes and in number of files."""
    options = f"size={max(1, int(megabytes * 1024))}k,nr_inodes={files + 1},mode=0777"
    kernel.mount("tmpfs", SCRATCH, "tmpfs", _NO_SUID | _NO_DEV | _NO_EXEC, options)


def unmount_scratch() -> None:
    """Throw the scratch folder away with all that is in it."""
    kernel.unmount(SCRATCH)
