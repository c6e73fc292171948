"""A run in a list: its small files, the stage that its live feed told of last, and its last exam.

Of a log only the end is read, and of that only the lines that are about these; so a list of many runs costs little.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

from . import rows
from .follow import SLICE, Follower
from .run_state import RunState

LAST_LIVE = 2 * SLICE
"""Bytes of the end of the live feed that are looked through: hours of a run that does nothing but measure itself."""
LAST_METRICS = 8 * SLICE
"""Bytes of the end of the metrics that are looked through for an exam: far more than a round leaves there."""
PHASE_OR_END = re.compile(rb'"kind"\s*:\s*"(?:phase|end)"')
HEAD = 200
"""Bytes of a line in which its kind stands."""


class Glance(RunState):
    """See above; `advance` reads on.

    Attributes:
        exam: the last one and its round; `None` before the first.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        super().__init__(path, clock)
        self.exam: tuple[int, rows.Rate] | None = None
        self._stage: tuple[str, int] | None = None
        self._ended: str | None = None
        self._reads_live, self._reads_metrics = rows.Reading(rows.Live), rows.Reading(rows.Metrics)
        self._live, self._metrics = self._begin_live(), self._begin_metrics()

    @property
    def live_stage(self) -> tuple[str, int] | None:
        """See `RunState`."""
        return self._stage

    @property
    def ended(self) -> str | None:
        """See `RunState`."""
        return self._ended

    def advance(self) -> None:
        """Read what is new."""
        self._live = self._read(self._live, self._begin_live, self._take_live)
        self._metrics = self._read(self._metrics, self._begin_metrics, self._take_metrics)

    def _begin_live(self) -> Follower:
        self._stage = self._ended = None
        return Follower(self.path / "live.jsonl", LAST_LIVE)

    def _begin_metrics(self) -> Follower:
        self.exam = None
        return Follower(self.path / "metrics.jsonl", LAST_METRICS)

    @staticmethod
    def _read(follower: Follower, begin: Callable[[], Follower], take: Callable[[bytes], None]) -> Follower:
        """Read to the end; a file that is another one by now is looked through from near its end."""
        more = True
        while more:
            part = follower.read()
            if part.anew:
                follower = begin()
                part = follower.read()
            for line in part.lines:
                take(line)
            more = part.more
        return follower

    def _take_live(self, line: bytes) -> None:
        row = self._reads_live(line) if PHASE_OR_END.search(line, 0, HEAD) else None
        if row is None:
            return
        if row.kind == "phase":
            self._stage, self._ended = (row.phase or "", row.round or 0), None
        elif row.kind == "end":
            self._ended = row.reason or "ended"

    def _take_metrics(self, line: bytes) -> None:
        row = self._reads_metrics(line) if b'"exam"' in line else None
        if row is not None and row.exam is not None:
            self.exam = row.round, row.exam.summary.accuracy
