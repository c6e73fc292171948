"""One file of lines, followed by byte offset while somebody else writes it.

The writer may append, cut the file (a run that resumes), replace it (the live feed, when it is full) or be killed in
the middle of a line. A file counts as the one that was read before if it still holds the same bytes just before the
offset; inodes say less, since a network file system may change them at will. Whatever is wrong with a line is the
reader's to say: lines come as bytes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ...storage.files import DamageError, open_file

SLICE = 2**20
"""Bytes read at once."""
LONGEST = 32 * 2**20
"""Bytes of a line at most; a longer one is passed over."""
MARK = 4096
"""Bytes before the offset by which a file is known again."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one look brought.

    Attributes:
        lines: whole lines, without their ends.
        anew: the file is another one than before, or was cut: what was read earlier is no part of it.
        more: there is more to read at once.
        skipped: lines that were too long.
    """

    lines: list[bytes]
    anew: bool = False
    more: bool = False
    skipped: int = 0


NOTHING = Part([])


class Follower:
    """Reads one file from where it stopped the last time.

    Args:
        path: the file; it may be missing, now or later.
        last: begin this many bytes before its end, at the next whole line; `None` begins at its start.

    Attributes:
        offset: bytes that were read, up to the end of the last whole line.
        size: bytes of the file when it was looked at last.
    """

    def __init__(self, path: Path, last: int | None = None) -> None:
        self.path, self.offset, self.size = path, 0, 0
        self._seen: tuple[int, ...] | None = None
        self._mark, self._inside = b"", False
        if last is not None:
            size = _size(path)
            self.offset, self._inside = max(0, size - last), size > last

    def read(self, most: int = SLICE) -> Part:
        """The next whole lines, of `most` bytes at most, or one line that is longer."""
        look = look_at(self.path)
        if look is None:
            return self._missing()
        if look == self._seen:
            return NOTHING
        try:
            with open(open_file(self.path), "rb") as file:
                return self._read(file.fileno(), most, look)
        except (DamageError, OSError):  # a link, or gone or closed to us meanwhile
            return self._missing()

    def _missing(self) -> Part:
        anew = self.offset > 0
        self.offset, self.size, self._mark, self._inside, self._seen = 0, 0, b"", False, None
        return Part([], anew=anew)

    def _read(self, file: int, most: int, look: tuple[int, ...]) -> Part:
        self.size = os.fstat(file).st_size
        anew = self.size < self.offset or not self._is_known(file)
        if anew:
            self.offset, self._mark, self._inside = 0, b"", False
        skipped, found = 0, os.pread(file, most, self.offset)
        while self._inside and found:  # somewhere in a line that is not wanted
            end = found.find(b"\n") + 1
            self._advance(found[: end or len(found)])
            self._inside = not end
            found = os.pread(file, most, self.offset)
        while (end := found.rfind(b"\n") + 1) == 0 and len(found) == most:
            if most >= LONGEST:
                self._advance(found)
                self._inside, skipped = True, 1
                break
            most = min(4 * most, LONGEST)
            found = os.pread(file, most, self.offset)
        if end:
            self._advance(found[:end])
        more = len(found) == most or (self._inside and bool(skipped))
        self._seen = None if more else look
        return Part(found[:end].split(b"\n")[:-1], anew, more, skipped)

    def _advance(self, read: bytes) -> None:
        self.offset += len(read)
        self._mark = (self._mark + read[-MARK:])[-MARK:]

    def _is_known(self, file: int) -> bool:
        return os.pread(file, len(self._mark), self.offset - len(self._mark)) == self._mark


def look_at(path: Path) -> tuple[int, ...] | None:
    """What changes when the file does; `None` if there is none."""
    try:
        found = os.stat(path, follow_symlinks=False)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _size(path: Path) -> int:
    look = look_at(path)
    return 0 if look is None else look[2]
