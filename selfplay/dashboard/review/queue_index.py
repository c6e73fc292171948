"""What a run has queued for people, and what they have decided, read as far as both files have grown.

Of the queue only where each item stands is kept in memory: the texts of an item are read when it is looked at.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ....core.errors import ConfigError
from ...reviews.checks import read_id
from ...reviews.decisions import UNDO, Decision, ReviewLog, standing
from ...storage.files import DamageError, json_object, open_file

SHORT = 160
"""Characters of a question that a list shows."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of the queue, without its texts.

    Attributes:
        id, kind, round, gate: as the run wrote them.
        question: how it begins.
        begin, length: the bytes of its line.
    """

    id: str
    kind: str
    round: int
    gate: str
    question: str
    begin: int
    length: int


class QueueIndex:
    """The queue of one run. Threads may share it.

    Args:
        folder: the run's.
    """

    def __init__(self, folder: Path) -> None:
        self.queue, self.log = folder / "queue.jsonl", ReviewLog(folder / "reviews.jsonl")
        self._entries: dict[str, Entry] = {}
        self._decisions: list[Decision] = []
        self._read, self._decided = (0, 0), (0, 0)
        self._lock = threading.Lock()

    def look(self) -> tuple[Mapping[str, Entry], Mapping[str, Mapping[str, Decision]], list[Decision]]:
        """Items by id in the order of the queue; what stands, by item and reviewer; and all that was ever decided.

        Raises:
            DamageError: a file is not as a run or a reviewer writes it.
        """
        with self._lock:
            self._follow_queue()
            self._follow_decisions()
            return dict(self._entries), standing(self._decisions), list(self._decisions)

    def row(self, entry: Entry) -> dict[str, Any]:
        """An item as the run wrote it.

        Raises:
            DamageError: it is not there any more.
        """
        with open(open_file(self.queue), "rb") as file:
            file.seek(entry.begin)
            return json_object(file.read(entry.length), f"the line at byte {entry.begin} of {self.queue}")

    def _follow_queue(self) -> None:
        if not self.queue.exists():
            return
        with open(open_file(self.queue), "rb") as file:
            inode, end = self._from(file.fileno(), self._read)
            if not end:
                self._entries = {}
            file.seek(end)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                entry = _entry(json_object(line, f"the line at byte {end} of {self.queue}"), end, len(line))
                if entry is not None:
                    self._entries[entry.id] = entry
                end += len(line)
        self._read = inode, end

    def _follow_decisions(self) -> None:
        if not self.log.path.exists():
            return
        with open(open_file(self.log.path), "rb") as file:
            inode, end = self._from(file.fileno(), self._decided)
        if not end:
            self._decisions = []
        more, end = self.log.rows(end)
        self._decisions += more
        self._decided = inode, end

    def _from(self, descriptor: int, read: tuple[int, int]) -> tuple[int, int]:
        """The file's number, and from where to go on: its beginning, if it is another file or was cut."""
        stat = os.fstat(descriptor)
        same = stat.st_ino == read[0] and stat.st_size >= read[1]
        return stat.st_ino, read[1] if same else 0


def _entry(row: Mapping[str, Any], begin: int, length: int) -> Entry | None:
    """An item of the queue; `None` for a line of another kind, which a later version may write."""
    try:
        kind, round_, _, _ = read_id(row.get("id"))
    except ConfigError:
        return None
    return Entry(row["id"], kind, round_, text_of(row.get("gate")), text_of(row.get("question"))[:SHORT], begin, length)


def text_of(value: Any) -> str:
    """A field that should be a text: that text, or whatever else a plug-in put there, as text."""
    return value if isinstance(value, str) else "" if value is None else str(value)


def latest_of(
    reviewer: str, decisions: list[Decision], stands: Mapping[str, Mapping[str, Decision]]
) -> Decision | None:
    """The last decision of a reviewer that still stands."""
    for one in reversed(decisions):
        if one.decision != UNDO and one.reviewer == reviewer and stands.get(one.id, {}).get(reviewer) == one:
            return one
    return None


__all__ = ["DamageError", "Entry", "QueueIndex", "latest_of", "text_of"]
