"""A log of a run to which others append as well: what they wrote counts for the run once it is adopted.

Lines within the committed length are adopted: they are part of the state, and held against their checksum like those
of any log. Lines beyond it are somebody's decisions that the run has not looked at yet: unlike other logs, this one is
never cut. A stage of the run adopts them, and the commit that follows moves the length, so what counted in a round
stays the same however often the run is killed and goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from .files import json_object, open_file
from .log import Log
from .shared_file import append_lines, end_of_lines, held_for_writing


class SharedLog(Log):
    """A log with further writers; see `shared_file` for what these do.

    Attributes:
        check_row: raises on a row that is not to be taken over; every row is shown to it before it is, whether a stage
            adopts or the run writes rows of its own behind it.
    """

    def __init__(self, path: Path, length: int = 0, digest: str | None = None) -> None:
        super().__init__(path, length, digest)
        self._adopted = length
        self.check_row: Callable[[Mapping[str, Any]], object] = lambda row: None

    def cut(self) -> None:
        """Nothing is cut: what lies beyond the committed lines is other people's work."""

    def adopt(self, until: Callable[[Mapping[str, Any]], bool] | None = None) -> list[dict[str, Any]]:
        """Take over, with the next `append`, all whole lines that stand there by now; these, oldest first.

        Args:
            until: whether a row, and with it all behind it, is to wait.

        Raises:
            DamageError: a line is no JSON object; or see `check`. What `check_row` raises; all is left as it was.
        """
        self.check()
        # a line that is there but not on the disk may yet be taken back
        with held_for_writing(self.path, wait_s=None) as file:
            return self._adopt(file, until)

    def append(self) -> None:
        """Write the rows added since the last time, behind whatever others wrote, and make them and all that was
        adopted part of the run.

        A row of the run that stands beyond the committed length was written before a kill: it is not written again.

        Raises:
            DamageError: a line that is to be adopted is no JSON object; or see `check`. What `check_row` raises; then
                nothing is written.
        """
        self.check()
        if self._pending:
            with held_for_writing(self.path, wait_s=None) as file:
                self._adopt(file)  # looks at what others wrote before anything is written behind it
                append_lines(file, b"".join(self._not_written(file)))
                self._adopt(file)
            self._pending.clear()
        if self._adopted > self.length:
            with open(open_file(self.path), "rb") as file:
                self._sum.update(self._bytes_between(file, self._adopted))
            self.length = self._adopted

    def _adopt(self, file: BinaryIO, until: Callable[[Mapping[str, Any]], bool] | None = None) -> list[dict[str, Any]]:
        end = end_of_lines(file, self.length)
        rows, begin = [], self.length
        for line in self._bytes_between(file, end).split(b"\n")[:-1]:
            row = json_object(line, f"the line at byte {begin} of {self.path}, which is not adopted yet,")
            self.check_row(row)
            if until is not None and until(row):
                break
            rows.append(row)
            begin += len(line) + 1
        self._adopted = begin
        return rows

    def _not_written(self, file: BinaryIO) -> Iterator[bytes]:
        """The rows to be written that do not stand beyond the committed length."""
        there = Counter(self._bytes_between(file, end_of_lines(file, self.length)).split(b"\n"))
        for text in self._pending:
            line = text.encode("utf-8")
            if there[line[:-1]]:
                there[line[:-1]] -= 1
            else:
                yield line

    def _bytes_between(self, file: BinaryIO, end: int) -> bytes:
        """From the committed length to a byte of the file."""
        file.seek(self.length)
        return file.read(end - self.length)
