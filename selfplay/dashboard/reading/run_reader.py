"""One run as it is shown: its logs, its live feed, and where it stands."""

from __future__ import annotations

import os
import threading
import time
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar
from zlib import crc32

import msgspec

from ...storage.files import DamageError, read_bytes
from . import rows
from .follow import look_at
from .live import LiveTally
from .log_reader import LogReader
from .tallies import AttemptTally, GuardTally, LabelTally, MetricsTally, QuestionTally, TimingTally

Small = TypeVar("Small")
DONE = "done"
ALIVE_S = 20.0
"""A run that wrote something so many seconds ago is held to go on."""
STARTING_S = 60.0
"""A run that has written nothing is held to be starting for so long; the libraries alone take some of it."""
LARGEST_SETTINGS = 2**20
SMALL = ("state.json", "config.toml")
"""What is read besides the logs."""


class BestState(msgspec.Struct):
    """The best validation so far."""

    round: rows.Whole | None = None
    validation_accuracy: rows.Number | None = None


class Standing(msgspec.Struct):
    """`state.json` as far as it is shown."""

    round: rows.Whole = 0
    phase: str = ""
    step: rows.Whole = 0
    best: BestState = msgspec.field(default_factory=BestState)
    rate_scale: rows.Number = 1.0


class Settings(msgspec.Struct):
    """`config.toml` as far as it is shown."""

    rounds: rows.Whole | None = None
    stages: list[str] = []
    env: str = ""
    seed: rows.Whole | None = None
    questions: dict[str, Any] = {}
    labels: dict[str, Any] = {}
    schedule: dict[str, Any] = {}


class RunReader:
    """Follows the files of one run; whoever looks at `logs` and `live` holds `lock`.

    Args:
        path: the run folder.
        clock: seconds since 1970.

    Attributes:
        lock: held while a slice is folded in.
        failed: why its files are not read any further; `None` while they are.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path, self.clock = path, clock
        self.lock = threading.RLock()
        self.failed: str | None = None
        self._made = clock()
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
        self._files: dict[str, tuple[object, Any]] = {}
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
        return tuple(look_at(self.path / name) for name in (*(f"{log}.jsonl" for log in self.readers), *SMALL))

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
        return standing.round, standing.phase, standing.step, self.status

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
    def standing(self) -> Standing:
        """Where the run stands, as last committed; of a folder without a readable state the beginning."""
        return self._file("state.json", _standing, Standing())

    @property
    def settings(self) -> Settings:
        """The settings of the run; empty ones where they cannot be read."""
        return self._file("config.toml", _settings, Settings())

    @property
    def status(self) -> str:
        """`unreadable`, `finished`, `running`, `ended`, `starting`, or `stopped` without a word."""
        if self.failed is not None:
            return "unreadable"
        if self.standing.phase == DONE:
            return "finished"
        if self.live.ended is not None:
            return "ended"
        if self.quiet_s < ALIVE_S or self._is_held():
            return "running"
        return "starting" if self._is_new() else "stopped"

    @property
    def quiet_s(self) -> float:
        """Seconds since something was written last; infinite if nothing was."""
        return self.clock() - max((_written(reader.path) for reader in self.readers.values()), default=float("-inf"))

    def _is_new(self) -> bool:
        """Whether nothing is written yet, in a folder that is not there yet or has not been there for long."""
        try:
            since = self.path.stat().st_mtime
        except OSError:
            since = self._made
        return self.quiet_s == float("inf") and self.clock() - since < STARTING_S

    def _is_held(self) -> bool:
        """Whether the process that the lock names lives here and has it open. The lock itself is not touched: a run
        that begins at this moment would find it taken."""
        lock = self.path / "run.lock"
        try:
            files = Path(f"/proc/{int(read_bytes(lock)[:20])}/fd")
            return any(os.readlink(file) == str(lock.resolve()) for file in files.iterdir())
        except (DamageError, OSError, ValueError):
            return False

    def _file(self, name: str, read: Callable[[bytes], Small], absent: Small) -> Small:
        """A small file, read again when it was replaced."""
        path = self.path / name
        try:
            found = os.stat(path, follow_symlinks=False)
            look = (found.st_ino, found.st_size, found.st_mtime_ns)
            if self._files.get(name, (None,))[0] != look:
                self._files[name] = look, read(read_bytes(path))
        except (OSError, DamageError, ValueError, RecursionError, msgspec.MsgspecError):
            pass
        found_last: Small = self._files.get(name, (None, absent))[1]
        return found_last


def _standing(content: bytes) -> Standing:
    return msgspec.json.decode(content, type=Standing)


def _settings(content: bytes) -> Settings:
    if len(content) > LARGEST_SETTINGS:
        raise ValueError("no run has settings of that length")
    return msgspec.convert(tomllib.loads(content.decode("utf-8")), Settings)


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return float("-inf")
