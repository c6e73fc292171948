"""One log of a run: its last part at once, its history slice by slice, then what is appended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Generic

from .follow import SLICE, Follower
from .rows import Reading, Row
from .tallies import Tally

LAST = SLICE
"""Bytes of the end that are read first."""
AT_ONCE = 2 * SLICE
"""A file of this size is read whole at once."""


class Pass(Generic[Row]):
    """A follower, and the tally of what it has brought."""

    def __init__(self, path: Path, reading: Reading[Row], tally: Callable[[], Tally[Row]], last: int | None) -> None:
        self.follower, self._reading, self._make = Follower(path, last), reading, tally
        self.tally, self.skipped = tally(), 0

    def advance(self) -> tuple[bool, bool]:
        """Take the next slice: whether anything changed, and whether there is more."""
        part = self.follower.read()
        if part.anew:
            self.tally = self._make()
            self._reading.damaged = self.skipped = 0
        for line in part.lines:
            row = self._reading(line)
            if row is not None:
                self.tally.add(row)
        self.skipped += part.skipped
        return part.anew or bool(part.lines), part.more


class LogReader(Generic[Row]):
    """Reads one log.

    Args:
        path: the file.
        kind: of its rows.
        tally: makes an empty summary.
    """

    def __init__(self, path: Path, kind: type[Row], tally: Callable[[], Tally[Row]]) -> None:
        self.path, self._reading = path, Reading(kind)
        self._whole = Pass(path, self._reading, tally, None)
        self._last: Pass[Row] | None = None
        self._kind, self._make = kind, tally

    def begin(self) -> None:
        """Read the end of the file, or all of it if it is short."""
        self._last = Pass(self.path, Reading(self._kind), self._make, LAST)
        if self.size <= AT_ONCE:
            self._last = None
            while self._whole.advance()[1]:
                pass
        else:
            self._last.advance()

    def advance(self) -> tuple[bool, bool]:
        """Take what is new at the end and the next slice of the history: whether anything is shown otherwise, and
        whether there is more to read at once."""
        changed = self._last is not None and self._last.advance()[0]
        read, more = self._whole.advance()
        if not more and self._last is not None:
            self._last, changed = None, True
        return changed or (read and self._last is None), more

    @property
    def shown(self) -> Tally[Row]:
        """The summary of the whole file; of its end as long as the history is not read."""
        return (self._last or self._whole).tally

    @property
    def size(self) -> int:
        """Bytes of the file."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    @property
    def read(self) -> int:
        """Bytes of it that are in the summary of the whole."""
        return self._whole.follower.offset

    @property
    def offset(self) -> int:
        """Where the next new row will be found."""
        return (self._last or self._whole).follower.offset

    @property
    def damaged(self) -> int:
        """Lines that could not be read."""
        return self._reading.damaged + self._whole.skipped
