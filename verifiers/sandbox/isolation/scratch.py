"""The scratch folder of a run: the only folder it can write to, empty at the start and gone at the end."""

from __future__ import annotations

import os
import tempfile
from typing import Any, Protocol

from . import namespaces


class Scratch(Protocol):
    """A folder the server hands to one run after the other."""

    covers: str
    """The path that stands for all scratch folders to come, for Landlock; the folder itself cannot be removed."""

    def fresh(self, limits: dict[str, Any]) -> str:
        """An empty folder for the next run."""

    def overfull(self, limits: dict[str, Any]) -> bool:
        """Whether the run under way has put more into it than it may."""

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

    def overfull(self, limits: dict[str, Any]) -> bool:
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
        return self.covers

    def overfull(self, limits: dict[str, Any]) -> bool:
        files, size, waiting = 0, 0, [self.covers]
        while waiting:
            try:
                with os.scandir(waiting.pop()) as entries:
                    for entry in entries:
                        files += 1
                        size += entry.stat(follow_symlinks=False).st_size
                        if files > limits["files"] or size > limits["scratch_mb"] * 2**20:
                            return True
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(entry.path)
            except OSError:  # the program removed it meanwhile, or made it unreadable; the file count still holds
                continue
        return False

    def close(self) -> None:
        empty(self.covers)
        os.rmdir(self.covers)


def empty(folder: str) -> None:
    """Remove everything in `folder`, however deep a hostile program nested it: each level is lifted to the top."""
    waiting, lifted = _opened(folder), 0
    while waiting:
        path = os.path.join(folder, waiting.pop())
        if os.path.islink(path) or not os.path.isdir(path):
            os.unlink(path)
            continue
        for name in _opened(path):
            lifted += 1
            while os.path.lexists(os.path.join(folder, f"lifted-{lifted}")):
                lifted += 1
            os.rename(os.path.join(path, name), os.path.join(folder, f"lifted-{lifted}"))
            waiting.append(f"lifted-{lifted}")
        os.rmdir(path)


def _opened(folder: str) -> list[str]:
    """Names in `folder`, after making folders among them ours to read and move (a program may have made them with no
    permissions at all)."""
    with os.scandir(folder) as entries:
        found = list(entries)
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            os.chmod(entry.path, 0o700)
    return [entry.name for entry in found]
