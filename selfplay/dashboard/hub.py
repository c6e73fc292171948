"""One reader per run for all browsers: a thread follows the files of the runs that somebody looks at.

thread    reads a slice of every open run, then waits half a second; with nobody there it waits for somebody; a run that
          could not be read is tried again from its beginning when its files are others, less and less often
loop      is told which runs have changed; pages are made there, once for everybody (`channel`)
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable

from .reading.run_reader import RunReader
from .runs import RunPlace

LOGGER = logging.getLogger(__name__)
POLL_S = 0.5
"""Seconds between two looks at the files."""
KEPT_S = 60.0
"""Seconds for which a run is followed after the last look at it."""
LONGEST_REST_S = 60.0
"""Seconds at most before a run that could not be read is tried again; each failure doubles them."""
MOST = 12
"""Runs that are kept in memory at most, but for those that somebody has open."""


class Open:
    """One run that is followed.

    Attributes:
        place: where it is.
        reader: of its files.
        used: when somebody asked for it last, in seconds of a clock that only grows.
        watchers: pages that show it at this moment; each is called, in the loop, when something has changed.
        failures: how often it could not be read since it could last.
        tried_at: what its files looked like when it was tried again last.
        again: when it may be tried again, by the same clock.
    """

    def __init__(self, place: RunPlace) -> None:
        self.place, self.reader = place, RunReader(place.path)
        self.used, self.watchers = 0.0, set[Callable[[], None]]()
        self.begun = threading.Lock()
        self.ready = False
        self.failures, self.again = 0, 0.0
        self.tried_at: tuple[object, ...] = ()


class Hub:
    """The runs that are followed."""

    def __init__(self) -> None:
        self._open: dict[str, Open] = {}
        self._wake, self._lock = threading.Event(), threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.closed = False

    def reader(self, place: RunPlace) -> RunReader:
        """The reader of a run, with the end of its logs read; called from any thread but the loop's."""
        one = self._of(place)
        with one.begun:
            if not one.ready:
                try:
                    one.reader.begin()
                except Exception as error:  # noqa: BLE001 - whatever a file holds, the other runs are shown
                    self._give_up(one, error)
                one.ready = True
        self._wake.set()
        return one.reader

    def watch(self, place: RunPlace, watcher: Callable[[], None]) -> Callable[[], None]:
        """Have `watcher` called in the running loop whenever the run has changed; what is returned ends that."""
        self._loop = asyncio.get_running_loop()
        one = self._of(place)
        one.watchers.add(watcher)
        self._wake.set()

        def end() -> None:
            one.used = time.monotonic()
            one.watchers.discard(watcher)

        return end

    def close(self) -> None:
        """Let the thread end, and every page that waits."""
        self.closed = True
        self._wake.set()
        for one in list(self._open.values()):
            for watcher in list(one.watchers):
                watcher()
        if self._thread is not None:
            self._thread.join(5.0)

    def _of(self, place: RunPlace) -> Open:
        with self._lock:
            one = self._open.get(place.key)
            if one is None:
                self._make_room()
                one = self._open[place.key] = Open(place)
            one.used = time.monotonic()
            if (self._thread is None or not self._thread.is_alive()) and not self.closed:
                self._thread = threading.Thread(target=self._follow, name="follow runs", daemon=True)
                self._thread.start()
            return one

    def _make_room(self) -> None:
        idle = sorted((one for one in self._open.values() if not one.watchers), key=lambda one: one.used)
        for one in idle[: max(0, len(self._open) - MOST + 1)]:
            del self._open[one.place.key]

    def _followed(self) -> list[Open]:
        limit = time.monotonic() - KEPT_S
        with self._lock:
            return [one for one in self._open.values() if one.ready and (one.watchers or one.used >= limit)]

    def _follow(self) -> None:
        while not self.closed:
            followed, more = self._followed(), False
            for one in followed:
                changed, again = self._advance(one)
                more |= again
                if (changed or again) and one.watchers:
                    self._tell(one)
            if not more:
                self._wake.wait(POLL_S if followed else None)
                self._wake.clear()

    def _advance(self, one: Open) -> tuple[bool, bool]:
        """Read on: whether anything is shown otherwise, and whether there is more to read at once."""
        try:
            if one.reader.failed is not None:
                return self._try_again(one), False
            changed, more = one.reader.advance()
        except Exception as error:  # noqa: BLE001 - whatever a file holds, the other runs are followed
            self._give_up(one, error)
            return True, False
        if not more:
            one.failures = 0
        return changed, more

    @staticmethod
    def _try_again(one: Open) -> bool:
        """Read a run anew whose files are others than when they could not be read; whether it can be."""
        if time.monotonic() < one.again or (look := one.reader.look()) == one.tried_at:
            return False
        one.tried_at = look
        fresh = RunReader(one.place.path)
        fresh.begin()
        one.reader = fresh
        return True

    @staticmethod
    def _give_up(one: Open, error: Exception) -> None:
        before = one.reader.failed
        one.reader.fail(error)
        if one.reader.failed != before:
            LOGGER.exception("%s cannot be read", one.place.path)
        one.failures += 1
        one.again = time.monotonic() + min(LONGEST_REST_S, POLL_S * 2.0 ** min(one.failures, 10))

    def _tell(self, one: Open) -> None:
        loop = self._loop
        if loop is None or loop.is_closed():
            return
        for watcher in list(one.watchers):
            loop.call_soon_threadsafe(watcher)
