"""Whether a file that grows is still the one that was read before: its bytes say so, and not its inode.

The number of an inode is given again to the next file, sizes can be equal, and two files may be as old as each other by
the clock of the file system. So what was read is known again by its bytes: all of them in a short file, the first and
the last ones in a long one.
"""

from __future__ import annotations

import os
from hashlib import sha256

EDGE = 2**16
"""Bytes at either end of what was read by which it is known again."""


class KnownFile:
    """What is remembered of a file, up to the byte to which it was read.

    Attributes:
        end: that byte; 0 before anything was read.
    """

    def __init__(self) -> None:
        self.end, self._digest, self._times = 0, b"", (0, 0)

    def look(self, descriptor: int) -> int:
        """The byte to read on from: 0 if another file stands there, or this one was cut or edited."""
        stat = os.fstat(descriptor)
        touched = stat.st_size == self.end and (stat.st_mtime_ns, stat.st_ctime_ns) != self._times
        if stat.st_size < self.end or touched or _digest(descriptor, self.end) != self._digest:
            self.end = 0
        return self.end

    def read_to(self, descriptor: int, end: int) -> None:
        """Remember that the file was read up to a byte."""
        stat = os.fstat(descriptor)
        self.end, self._times = end, (stat.st_mtime_ns, stat.st_ctime_ns)
        self._digest = _digest(descriptor, end)


def _digest(descriptor: int, end: int) -> bytes:
    last = max(0, end - EDGE)
    return sha256(os.pread(descriptor, min(EDGE, end), 0) + os.pread(descriptor, end - last, last)).digest()
