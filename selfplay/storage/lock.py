"""One process at a time: a folder that is written to is held from the first write to the last.

The lock is the kernel's (POSIX record lock): it is gone as soon as its process is, however that ended, and children do
not inherit it. Within a process a table does the same, because the kernel never refuses a process its own lock.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...core.errors import RunError
from .files import open_file

try:
    import fcntl
except ImportError:  # Windows: two processes are not kept apart there
    fcntl = None  # type: ignore[assignment]

LOCK = "run.lock"
"""The file in a held folder; it holds the process id of the holder, and nothing when nobody holds it."""

_held: set[Path] = set()


@contextmanager
def hold(folder: Path, name: str = LOCK) -> Iterator[None]:
    """Keep every other process out of `folder` for as long as the context lasts.

    Raises:
        RunError: somebody else holds it; names the process.
    """
    path = folder.resolve() / name
    if path in _held:
        raise RunError(f"{folder} is in use by this very process ({os.getpid()}); let that end first")
    descriptor = open_file(path, os.O_RDWR | os.O_CREAT)
    try:
        _lock(descriptor, folder)
        _held.add(path)
        try:
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode())
            yield
        finally:
            _held.discard(path)
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    if fcntl is None:
        return
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
        raise RunError(f"{folder} is in use by process {holder}: wait for it, or end it with: kill {holder}") from None
