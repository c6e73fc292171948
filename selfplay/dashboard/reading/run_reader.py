"""One run as it is shown: its logs, its live feed, and where it stands."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

from . import rows
from .follow import look_at
from .live import LiveTally
from .log_reader import LogReader
from .run_state import LOGS, RunState
from .tallies import AttemptTally, GuardTally, LabelTally, MetricsTally, QuestionTally, TimingTally

SMALL = ("state.json", "config.toml")
"""What is read besides the logs."""


class RunReader(RunState):
    """Follows the files of one run; whoever looks at `logs` and `live` holds `lock`.

    Args:
        path: the run folder.
        clock: seconds since 1970.

    Attributes:
        lock: held while a slice is folded in.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        super().__init__(path, clock)
        self.lock = threading.RLock()
        self._metrics = LogReader(path / "metrics.jsonl", rows.Metrics, MetricsTally)
        self._guard = LogReader(path / "guard.jsonl", rows.Guard, GuardTally)
        self._timings = LogReader(path / "timings.jsonl", rows.Timing, TimingTally)
        self._questions = LogReader(path / "questions.jsonl", rows.Written, QuestionTally)
        self._labels = LogReader(path / "labels.jsonl", rows.Labelled, LabelTally)
        self._attempts = LogReader(path / "attempts.jsonl", rows.Attempts, AttemptTally)
        self._live = LogReader(path / "live.jsonl", rows.Live, LiveTally)
        self.readers: dict[str, LogReader[Any]] = {
            "live": self._live,
            "metrics": self._metrics,
            "guard": self._guard,
            "timings": self._timings,
            "labels": self._labels,
            "questions": self._questions,
            "attempts": self._attempts,
        }
        self._status: tuple[object, ...] = ()

    # --- reading ---

    def begin(self) -> None:
        """Read the end of every log: enough for the first page."""
        with self.lock:
            for reader in self.readers.values():
                reader.begin()
            self._status = self._where()

    def advance(self) -> tuple[bool, bool]:
        """Take one slice: whether something is shown otherwise, and whether there is more to read at once."""
        changed = False
        for reader in self.readers.values():
            with self.lock:
                new, more = reader.advance()
            changed |= new
            if more:
                return changed, True
        with self.lock:
            before, self._status = self._status, self._where()
        return changed or before != self._status, False

    def look(self) -> tuple[object, ...]:
        """What changes when any of its files does."""
        return tuple(look_at(self.path / name) for name in (*(f"{log}.jsonl" for log in LOGS), *SMALL))

    def fail(self, error: Exception) -> None:
        """Its files hold something that cannot be read, through a mistake of ours: what was read is still shown."""
        with self.lock:
            self.failed = f"{type(error).__name__}: {error}"[:400]
            self._status = ("failed", self.failed)

    def version(self, logs: Sequence[str]) -> str:
        """Where each log is read up to, and where the run stands: equal ones show the same, but for time going by."""
        parts = [f"{name}.{self.readers[name].offset}" for name in logs]
        return "-".join([*parts, f"{crc32(repr(self._status).encode()):08x}", str(int(self.progress * 100))])

    @property
    def progress(self) -> float:
        """Share of the history that is read, in [0, 1]."""
        sizes = [(min(reader.read, reader.size), reader.size) for reader in self.readers.values()]
        whole = sum(size for _, size in sizes)
        return sum(read for read, _ in sizes) / whole if whole else 1.0

    @property
    def damaged(self) -> dict[str, int]:
        """Lines that could not be read, by log."""
        return {f"{name}.jsonl": reader.damaged for name, reader in self.readers.items() if reader.damaged}

    def _where(self) -> tuple[object, ...]:
        standing = self.standing
        return standing.round, standing.phase, standing.step, self.status, self.open_items

    # --- what is shown ---

    @property
    def metrics(self) -> MetricsTally:
        return self._metrics.shown  # type: ignore[return-value]

    @property
    def guard(self) -> GuardTally:
        return self._guard.shown  # type: ignore[return-value]

    @property
    def timings(self) -> TimingTally:
        return self._timings.shown  # type: ignore[return-value]

    @property
    def questions(self) -> QuestionTally:
        return self._questions.shown  # type: ignore[return-value]

    @property
    def labels(self) -> LabelTally:
        return self._labels.shown  # type: ignore[return-value]

    @property
    def attempts(self) -> AttemptTally:
        return self._attempts.shown  # type: ignore[return-value]

    @property
    def live(self) -> LiveTally:
        return self._live.shown  # type: ignore[return-value]

    @property
    def live_stage(self) -> tuple[str, int] | None:
        """See `RunState`."""
        phase = self.live.phase
        return None if phase is None else (phase.phase or "", phase.round or 0)

    @property
    def ended(self) -> str | None:
        """See `RunState`."""
        return self.live.ended
