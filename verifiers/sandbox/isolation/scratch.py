"""The scratch folder of a run: the only folder it can write to, empty at the start and gone at the end."""

from __future__ import annotations

import errno
import os
import stat
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from . import namespaces


class Scratch(Protocol):
    """A folder the server hands to one run after the other."""

    covers: str
    """The path that stands for all scratch folders to come, for Landlock; the folder itself cannot be removed."""

    def fresh(self, limits: dict[str, Any]) -> str:
        """An empty folder for the next run."""

    def overfull(self, limits: dict[str, Any], stopped: Callable[[], AbstractContextManager[bool]]) -> bool:
        """Whether the run under way has put more into it than it may.

        Args:
            stopped: holds the run still, for a second look, and gives whether it is still.
        """

    def close(self) -> None:
        """Leave nothing behind."""


class MountedScratch:
    """A tmpfs of its own per run; the kernel bounds bytes and files. Needs the mount namespace."""

    def __init__(self) -> None:
        self._folder = namespaces.SCRATCH
        self.covers = os.path.dirname(self._folder)  # Landlock looks past a mount point, at what lies above it
        self._bounds: tuple[float, int] | None = None

    def fresh(self, limits: dict[str, Any]) -> str:
        bounds = (limits["scratch_mb"], limits["files"])
        if self._bounds is not None:
            if self._bounds == bounds and not os.listdir(self._folder):
                return self._folder  # most programs write nothing: nothing to throw away
            namespaces.unmount_scratch()
            self._bounds = None
        namespaces.mount_scratch(*bounds)
        self._bounds = bounds
        return self._folder

    def overfull(self, limits: dict[str, Any], stopped: Callable[[], AbstractContextManager[bool]]) -> bool:
        return False

    def close(self) -> None:
        """The mount ends with the namespace."""


class FolderScratch:
    """A temporary folder, emptied after each run and checked from time to time, where there is no mount namespace."""

    def __init__(self, owner: int | None) -> None:
        """`owner`: the user programs run as, when it is not this one."""
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None  # a disk can be slow to empty
        self.covers = tempfile.mkdtemp(prefix="selfplay-box-", dir=memory)
        tempfile.tempdir = None  # programs find their own: the folder they start in
        if owner is not None:
            os.chown(self.covers, owner, owner)

    def fresh(self, limits: dict[str, Any]) -> str:
        empty(self.covers)
        self._least = _used(self.covers)
        return self.covers

    def overfull(self, limits: dict[str, Any], stopped: Callable[[], AbstractContextManager[bool]]) -> bool:
        """A program that moves folders about while they are counted can hide them. So when one was moved away, or the
        whole file system has grown by more than this folder may hold, which others can have done, it is counted again
        with the program held still; one that cannot be held still counts as overfull. What is open and in no folder is
        bounded by the size of files and the number of descriptors."""
        files, size = limits["files"], limits["scratch_mb"] * 2**20
        found = holds_more(self.covers, files, size)
        if found or (found is False and not self._grown(files, size)):
            return bool(found)
        with stopped() as still:
            return not still or holds_more(self.covers, files, size) is not False

    def _grown(self, files: int, size: float) -> bool:
        """Whether the file system holds more than `files` or `size` on top of the least that was seen during the run:
        what others have removed meanwhile must not make room for it."""
        used = _used(self.covers)
        self._least = (min(self._least[0], used[0]), min(self._least[1], used[1]))
        return used[0] - self._least[0] > size or used[1] - self._least[1] > files

    def close(self) -> None:
        empty(self.covers)
        os.rmdir(self.covers)


def _used(folder: str) -> tuple[int, int]:
    """Bytes and files (0 where it does not count them) on the file system of `folder`."""
    found = os.statvfs(folder)
    return (found.f_blocks - found.f_bfree) * found.f_frsize, found.f_files - found.f_ffree


def holds_more(folder: str, files: int, size: float) -> bool | None:
    """Whether there are more than `files` files and folders below `folder`, or more than `size` bytes in them.

    `None` when a folder was moved away before it was looked into, and what was counted is not more. Every name counts,
    also of what is gone a moment later. What cannot be read counts as more: who would hide something would hide much.
    Each folder is opened from the one above it, because a path can be too long to be opened.
    """
    missed = False
    waiting = [os.open(folder, _FOLDER)]
    try:
        while waiting:
            here = waiting.pop()
            try:
                with os.scandir(here) as entries:
                    for entry in entries:
                        files -= 1
                        try:
                            status = entry.stat(follow_symlinks=False)
                            size -= max(status.st_size, 512 * status.st_blocks)
                            if stat.S_ISDIR(status.st_mode):
                                waiting.append(os.open(entry.name, _FOLDER, dir_fd=here))
                        except OSError as error:
                            if error.errno not in _GONE:
                                return True
                            missed = True
                        if files < 0 or size < 0:
                            return True
            except OSError:
                return True
            finally:
                os.close(here)
        return None if missed else False
    finally:
        for each in waiting:
            os.close(each)


_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
"""The program removed it meanwhile, or put something else in its place."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def empty(folder: str) -> None:
    """Remove everything in `folder`, however deep a hostile program nested it: each level is lifted to the top.

    Nothing is reached by a path of more than one step, and no link is followed, so that whatever still changes names in
    there cannot lead us out.
    """
    top = os.open(folder, _FOLDER)
    try:
        waiting, lifted = os.listdir(top), 0
        while waiting:
            name = waiting.pop()
            try:
                os.unlink(name, dir_fd=top)
                continue
            except (IsADirectoryError, PermissionError):  # the second on macOS
                here = _opened(name, top)
            try:
                for inner in os.listdir(here):
                    lifted += 1
                    while _exists(f"lifted-{lifted}", top):
                        lifted += 1
                    _lift(inner, here, f"lifted-{lifted}", top)
                    waiting.append(f"lifted-{lifted}")
            finally:
                os.close(here)
            os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)


def _lift(name: str, source: int, new_name: str, target: int) -> None:
    try:
        os.rename(name, new_name, src_dir_fd=source, dst_dir_fd=target)
    except PermissionError:  # a folder that its owner may not write cannot be moved
        os.close(_opened(name, source))
        os.rename(name, new_name, src_dir_fd=source, dst_dir_fd=target)


def _opened(name: str, above: int) -> int:
    """A folder, open; made ours to read and write before (a program may have made it with no permissions at all)."""
    if sys.platform != "linux":
        os.chmod(name, 0o700, dir_fd=above, follow_symlinks=False)
        return os.open(name, _FOLDER, dir_fd=above)
    itself = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
    try:
        os.chmod(f"/proc/self/fd/{itself}", 0o700)
        return os.open(".", _FOLDER, dir_fd=itself)
    finally:
        os.close(itself)


def _exists(name: str, folder: int) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
