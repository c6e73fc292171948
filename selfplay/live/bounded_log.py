"""A file of JSON lines that are seen at once and never grow beyond a bound: the older half goes.

Whoever follows it by byte offset sees a new inode, or a shorter file, where it was begun anew or halved.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any

MOST = 16 * 2**20
"""Bytes of the file at most."""
FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)


class BoundedLog:
    """Begins the file anew; what was there goes, a link and not what it points to.

    Args:
        path: the file.
        most: its bytes at most, but for a single row that is larger.

    Raises:
        OSError: it cannot be written. This is so of all methods but `close`.
    """

    def __init__(self, path: Path, most: int = MOST) -> None:
        self.path, self.most, self._size, self._lock = path, most, 0, Lock()
        self._next = path.with_name(f"{path.name}.next")
        self._next.unlink(missing_ok=True)  # of a process that was killed
        path.unlink(missing_ok=True)
        self._file: int | None = os.open(path, FLAGS, 0o666)

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Append rows in one write; any thread may."""
        lines = "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows).encode("ascii")
        with self._lock:
            if self._file is None:
                return
            if self._size + len(lines) > self.most:
                self._halve()
            self._write(self._file, lines)
            self._size += len(lines)

    def close(self) -> None:
        """Let go of the file; what is added later is lost."""
        with self._lock:
            if self._file is not None:
                file, self._file = self._file, None
                os.close(file)

    def _halve(self) -> None:
        """Replace the file by its newer half, whole lines of it, read from what was written here."""
        assert self._file is not None
        if not os.path.samestat(os.fstat(self._file), os.lstat(self.path)):
            raise OSError(errno.ESTALE, "something else has taken its place")
        begin = max(0, self._size - self.most // 2)
        kept = os.pread(self._file, self._size - begin, begin)
        kept = kept[kept.find(b"\n") + 1 : kept.rfind(b"\n") + 1]
        file = os.open(self._next, FLAGS, 0o666)
        try:
            self._write(file, kept)
            os.replace(self._next, self.path)
        except BaseException:
            os.close(file)
            self._next.unlink(missing_ok=True)
            raise
        os.close(self._file)
        self._file, self._size = file, len(kept)

    def _write(self, file: int, lines: bytes) -> None:
        """Write all of it, or nothing of it and an error."""
        left, before = memoryview(lines), os.fstat(file).st_size
        try:
            while left:
                left = left[os.write(file, left) :]
        except OSError:
            os.ftruncate(file, before)
            raise
