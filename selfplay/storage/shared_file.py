"""A file of lines that several processes append to: each line is written whole, flushed to the disk, and never lost.

A writer holds the file's lock (`flock`), takes away what a killed writer left of a line, appends, and flushes. A line
is there once it ends: whoever was told that it was written can rely on it, whatever happens to the process afterwards.
Where there is no `flock` (Windows), writers are not kept apart.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from .files import open_file

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

WAIT_S = 5.0
"""Seconds that a writer waits for the lock; who has it keeps it for as long as one line takes."""
RETRY_S = 0.02
CHUNK = 2**16
"""Bytes read at once when the end of the last whole line is looked for."""


@contextmanager
def held_for_writing(path: Path, wait_s: float | None = WAIT_S) -> Iterator[BinaryIO]:
    """The file, locked against other writers and ending in a whole line, for as long as the context lasts.

    Args:
        wait_s: seconds that others may keep it; `None` for a run, which would rather wait than end.

    Raises:
        DamageError: there is none, or it is no plain file.
        TimeoutError: others keep it for longer.
    """
    with open(_locked(path, wait_s), "r+b", buffering=0) as file:  # closing gives the lock back
        end = end_of_lines(file)
        if end < file.seek(0, os.SEEK_END):
            file.truncate(end)
        yield file


def append_lines(file: BinaryIO, lines: bytes) -> None:
    """Append whole lines to a file that is held, and flush them to the disk; all of them, or none.

    Raises:
        OSError: the disk is full or broken; the file is as long as before.
    """
    if not lines:
        return
    before = file.seek(0, os.SEEK_END)
    try:
        left = memoryview(lines)
        while left:
            left = left[file.write(left) :]
        os.fsync(file.fileno())
    except BaseException:
        file.truncate(before)
        raise


def end_of_lines(file: BinaryIO, begin: int = 0) -> int:
    """The byte after the last whole line; `begin` if there is none behind it."""
    end = file.seek(0, os.SEEK_END)
    while end > begin:
        start = max(begin, end - CHUNK)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return begin


def _locked(path: Path, wait_s: float | None) -> int:
    """A descriptor of the locked file; the one that stands at the path by then, should it be replaced meanwhile."""
    until = None if wait_s is None else time.monotonic() + wait_s
    while True:
        descriptor = open_file(path, os.O_RDWR | os.O_APPEND)
        try:
            _lock(descriptor, path, until)
            if os.path.samestat(os.fstat(descriptor), path.lstat()):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(descriptor: int, path: Path, until: float | None) -> None:
    """Take the lock, by `until` where that is given.

    Raises:
        TimeoutError: somebody else still has it then.
    """
    if fcntl is None:
        return
    if until is None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= until:
                raise TimeoutError(f"{path.name} is kept locked by another process; try again later") from None
        time.sleep(RETRY_S)  # the kernel has no lock with a deadline
