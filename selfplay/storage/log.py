"""One log of a run: lines of JSON, of which those within the committed length count, and a running checksum of these.

The checksum grows with what is appended, so a commit costs what it writes and not what was written before. A log is
read against its checksum once, before its first row is believed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

from ...core.errors import PluginError
from .files import DamageError, json_line, json_object, open_file

CHUNK = 2**20
"""Bytes read at once."""


class Log:
    """A log and what is committed of it.

    Args:
        path: its file.
        length: committed bytes.
        digest: SHA-256 of these; `None` where a version of old kept none.
    """

    def __init__(self, path: Path, length: int = 0, digest: str | None = None) -> None:
        self.path, self.length, self.expected = path, length, digest
        self._sum = hashlib.sha256()
        self._known = False
        self._pending: list[str] = []

    @property
    def digest(self) -> str:
        """SHA-256 of the committed lines, once they were checked or written by this object."""
        return self._sum.hexdigest()

    def create(self) -> None:
        """Make the file, empty; a log that is there already is nobody's of this run.

        Raises:
            RunError: it holds something.
        """
        if self.path.is_symlink() or (self.path.exists() and self.path.stat().st_size):
            raise DamageError(f"{self.path} is there already, and no run is; choose another folder, or move it away")
        self.path.unlink(missing_ok=True)
        os.close(open_file(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        self._known = True

    def check(self) -> None:
        """Hold the committed lines against their checksum; reads the file once, and later calls do nothing.

        Raises:
            DamageError: the file is missing, no plain file, shorter than it was, or other than it was.
        """
        if self._known:
            return
        left, found = self.length, hashlib.sha256()
        with open(open_file(self.path), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size < self.length:
                raise DamageError(
                    f"{self.path} has {size} bytes, but the run had written {self.length}; the folder is damaged"
                )
            while left:
                part = file.read(min(CHUNK, left))
                found.update(part)
                left -= len(part)
        if self.expected not in (None, found.hexdigest()):
            raise DamageError(
                f"{self.path} is not as the run wrote it: its first {self.length} bytes have the checksum "
                f"{found.hexdigest()[:12]}…, not {str(self.expected)[:12]}…{self._first_broken_line()}; "
                "the folder is damaged"
            )
        self._sum, self._known = found, True

    def cut(self) -> None:
        """Remove what lies beyond the committed lines."""
        with open(open_file(self.path, os.O_RDWR), "r+b") as file:
            file.truncate(self.length)

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows, which reach the disk with the next `append`.

        Raises:
            PluginError: a row that is not JSON.
        """
        try:
            self._pending += [json_line(row) for row in rows]
        except (TypeError, ValueError, RecursionError) as error:
            raise PluginError(f"a row of the log {self.path.stem!r} cannot be written as JSON: {error}") from None

    def pending(self) -> list[dict[str, Any]]:
        """The rows that were added since the last `append`, oldest first."""
        return [json.loads(line) for line in self._pending]

    def append(self) -> None:
        """Write the rows added since the last time, and flush them to the disk.

        Raises:
            DamageError: the file does not end where this object left it: somebody else writes to it.
        """
        self.check()
        if not self._pending:
            return
        lines = "".join(self._pending).encode("utf-8")
        with open(open_file(self.path, os.O_WRONLY | os.O_APPEND), "ab") as file:
            size = os.fstat(file.fileno()).st_size
            if size != self.length:
                raise DamageError(
                    f"{self.path} has {size} bytes, and this run wrote {self.length}: something else writes to it"
                )
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
        self._pending.clear()
        self._sum.update(lines)
        self.length += len(lines)

    def rows(self) -> Iterator[dict[str, Any]]:
        """The committed rows, oldest first; a line torn by a crash, or still being written, is not read."""
        self.check()
        left = self.length
        with open(open_file(self.path), "rb") as lines:
            for number, line in enumerate(lines, start=1):  # bytes: logs of older versions have raw surrogates
                left -= len(line)
                if left < 0:
                    return
                yield json_object(line, f"line {number} of {self.path}")

    def rows_from_end(self) -> Iterator[dict[str, Any]]:
        """The committed rows, newest first; only as much of the file is parsed as is asked for."""
        self.check()
        end = self.length
        if not end:
            return
        with open(open_file(self.path), "rb") as log, mmap(log.fileno(), end, access=ACCESS_READ) as written:
            while end:
                begin = written.rfind(b"\n", 0, end - 1) + 1
                yield json_object(written[begin:end], f"the line at byte {begin} of {self.path}")
                end = begin

    def _first_broken_line(self) -> str:
        """Where to look, if the damage shows in a line that cannot be read."""
        left = self.length
        with open(open_file(self.path), "rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    json_object(line, "")
                except DamageError:
                    return f" (line {number}, byte {self.length - left}, is not JSON)"
                left -= len(line)
                if left <= 0:
                    break
        return ""
