"""The list of all runs, kept at what they have written: where each stands, its last exam, and when it changed last.

Runs that go on are looked at every time, the others in turn, as many as there is time for.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from zlib import crc32

from ..pages.wording import percent
from ..stats import Estimate
from .reading.glance import Glance
from .reading.run_reader import RunReader
from .reading.run_state import ALIVE, STATUS
from .runs import Library, RunPlace
from .views.parts import Part, part
from .views.standing import place_of

LOGGER = logging.getLogger(__name__)
FIRST_S = 0.4
"""Seconds for the first page at most; what is not looked at by then follows."""
EACH_S = 0.04
"""Seconds for every look at those that do not go on."""
LONGEST = 400
"""Characters of a line, more or less."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What the list says of a run.

    Attributes:
        key, name: of its place.
        status: a key of `STATUS`; "" before it was looked at.
        word, where: the same in words, with round and stage.
        exam: the last one in per cent with its 95 % interval, and its round; `None` before any.
        changed: when it wrote something last, in the time of this machine; `None` if it has not.
        open_items: what people have yet to decide before it goes on.
    """

    key: str
    name: str
    status: str = ""
    word: str = ""
    where: str = ""
    exam: tuple[str, int] | None = None
    changed: str | None = None
    open_items: int = 0


class Listing:
    """A page of all runs, as a `Channel` sends one; threads may share it.

    Args:
        library: finds the runs.
        clock: seconds that only grow.
    """

    ticks, tick_s = False, 1.0

    def __init__(self, library: Library, clock: Callable[[], float] = time.monotonic) -> None:
        self._library, self._clock, self._lock = library, clock, threading.Lock()
        self._glances: dict[str, Glance] = {}
        self._listed: dict[str, Listed] = {}
        self._parts: dict[str, tuple[Listed, Part]] = {}

    def version(self, readers: Sequence[RunReader]) -> str:
        """Looks at the runs; equal versions show the same."""
        with self._lock:
            self._look(EACH_S if self._listed else FIRST_S)
            return f"{crc32(repr(list(self._listed.values())).encode('utf-8', 'replace')):08x}"

    def parts(self, readers: Sequence[RunReader]) -> list[Part]:
        """A part for each run, in the order of their names."""
        with self._lock:
            self._parts = {key: self._part(row) for key, row in self._listed.items()}
            return [part("no-runs", empty=not self._parts), *(made for _, made in self._parts.values())]

    def _part(self, row: Listed) -> tuple[Listed, Part]:
        known = self._parts.get(row.key)
        if known is not None and known[0] == row:
            return known
        return row, Part(f"run-{row.key}", part("listed", **asdict(row)).html)

    def _look(self, seconds: float) -> None:
        places = self._library.runs()
        self._glances = {key: one for key, one in self._glances.items() if key in places}
        self._listed = {key: self._listed.get(key, Listed(key, place.name)) for key, place in places.items()}
        until = self._clock() + seconds
        for key in self._in_turn():
            if self._listed[key].status not in ALIVE and self._clock() >= until:
                break
            glance = self._glances.pop(key, None) or Glance(places[key].path)
            self._listed[key] = _listed(places[key], glance)
            self._glances[key] = glance if glance.failed is None else Glance(places[key].path)  # last: it had its turn

    def _in_turn(self) -> list[str]:
        """Those that go on, those that were never looked at, and then the others, the one of the longest ago first."""
        alive = [key for key, row in self._listed.items() if row.status in ALIVE]
        new = [key for key in self._listed if key not in self._glances]
        others = [key for key in self._glances if self._listed[key].status not in ALIVE]
        return [*alive, *new, *others]


def _listed(place: RunPlace, glance: Glance) -> Listed:
    try:
        glance.advance()
    except Exception:  # whatever a file holds, the other runs are listed, and it is tried again
        LOGGER.exception("%s cannot be read", place.path)
        glance.failed = "see the terminal of selfplay-gym watch"
    status, exam = glance.status, None
    if glance.exam is not None:
        number, rate = glance.exam
        exam = percent(Estimate(rate.value, rate.low, rate.high)), number
    where = place_of(glance)[:LONGEST]
    return Listed(
        place.key, place.name, status, STATUS[status], where, exam, _clock_time(glance.changed), glance.open_items
    )


def _clock_time(seconds: float | None) -> str | None:
    try:
        return None if seconds is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
    except (OverflowError, OSError, ValueError):  # a year that no clock shows
        return None
