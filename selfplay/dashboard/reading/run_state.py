"""Where a run stands, from its small files, the times of its logs, and whoever waits in its queue; no log is read."""

from __future__ import annotations

import math
import os
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ....core.errors import RunError
from ...storage.files import DamageError, read_bytes
from ..review.queue_index import QueueIndex
from . import rows

Small = TypeVar("Small")
DONE = "done"
ALIVE_S = 20.0
"""A run that wrote something so many seconds ago is held to go on."""
STARTING_S = 60.0
"""A run that has written nothing is held to be starting for so long; the libraries alone take some of it."""
LARGEST_SETTINGS = 2**20
LOGS = ("live", "metrics", "guard", "timings", "labels", "questions", "attempts")
"""The logs that are shown."""
ALIVE = ("starting", "running", "waiting")
"""Of a run that goes on."""
STATUS = {
    "finished": "Finished",
    "starting": "Starting",
    "running": "Running",
    "waiting": "Waiting for people",
    "ended": "Stopped",
    "failed": "Failed",
    "stopped": "Stopped without a word",
    "unreadable": "Cannot be read",
}
"""What can be said of a run, and how."""


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
    roles: dict[str, Any] = {}
    schedule: dict[str, Any] = {}


class RunState:
    """A run as its folder tells without its logs.

    Args:
        path: the run folder.
        clock: seconds since 1970.

    Attributes:
        failed: why its files are not read any further; `None` while they are.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path, self.clock = path, clock
        self.failed: str | None = None
        self._made = clock()
        self._files: dict[str, tuple[object, Any]] = {}
        self._queue = QueueIndex(path)

    @property
    def live_stage(self) -> tuple[str, int] | None:
        """Stage and round of which the live feed told last; `None` without a feed."""
        raise NotImplementedError

    @property
    def ended(self) -> str | None:
        """Why the process of the run ended, as the live feed says; `None` while it does not."""
        raise NotImplementedError

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
        """A key of `STATUS`; `stopped` is without a word, `ended` with one."""
        if self.failed is not None:
            return "unreadable"
        if self.standing.phase == DONE:
            return "finished"
        if self.ended is not None:
            return "failed" if self.ended.startswith("failed") else "ended"
        if self.quiet_s < ALIVE_S or self._is_held():
            return "waiting" if self.open_items else "running"
        return "starting" if self._is_new() else "stopped"

    @property
    def here(self) -> tuple[str, int]:
        """The stage in which the run is, and its round: as the feed tells while it goes on, or as committed."""
        state = self.standing
        return (self.live_stage if self.ended is None else None) or (state.phase, state.round)

    @property
    def open_items(self) -> int:
        """How many items people have yet to decide in the stage `review` in which the run is; 0 in any other."""
        stage, number = self.here
        name, _, rest = stage.partition("(")
        if name != "review":
            return 0
        try:
            return self._queue.waiting(number, rest.removesuffix(")"))
        except (RunError, OSError):  # the page Review says what is wrong with it
            return 0

    @property
    def changed(self) -> float | None:
        """When something was written last, in seconds since 1970; `None` if nothing was."""
        found = max((_written(self.path / f"{name}.jsonl") for name in LOGS), default=-math.inf)
        return found if math.isfinite(found) else None

    @property
    def quiet_s(self) -> float:
        """Seconds since something was written last; infinite if nothing was."""
        changed = self.changed
        return math.inf if changed is None else self.clock() - changed

    def _is_new(self) -> bool:
        """Whether nothing is written yet, in a folder that is not there yet or has not been there for long."""
        try:
            since = self.path.stat().st_mtime
        except OSError:
            since = self._made
        return self.quiet_s == math.inf and self.clock() - since < STARTING_S

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
            look = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
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
        return -math.inf
