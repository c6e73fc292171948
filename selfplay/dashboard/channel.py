"""A page that is sent to everybody who looks at it: made once when its runs have changed, and only what is new of it.

A message of the stream is one part of the page. Its id says where every file was read up to, so a browser that comes
back names what it has seen, and is sent nothing, or the page as it is now. A browser that is slow misses what was
replaced meanwhile, and nothing else.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol

from .hub import Hub
from .reading.run_reader import RunReader
from .reading.run_state import ALIVE
from .runs import RunPlace
from .views.parts import Part

LOGGER = logging.getLogger(__name__)
LEAST_S = 0.5
"""Seconds between two makings of a page at least."""
EFFORT = 60
"""A page that took t seconds to make is not made again for 60 t, so that it takes less than 2 % of one core …"""
MOST_S = 1.4
"""… but for this: what has changed is shown within two seconds."""
TICK_S = 2.0
"""Seconds after which a page that tells of time is made again, though nothing has changed."""
LAST_LOOK_S = 1.0
"""Seconds for reading on before the last page."""
ORDER = "/order"
"""The name of the message that says which parts there are; no part has it."""
BEAT_S = 15.0
"""Seconds of silence after which the stream says that it is still there."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a channel shows.

    Attributes:
        view: makes the parts from the readers; runs in a thread of its own.
        logs: the logs that the page depends on.
        ticks: whether it tells of time that goes by.
        tick_s: seconds after which it is looked at again, though nobody says that anything has changed.
    """

    view: Callable[[Sequence[RunReader]], list[Part]]
    logs: Sequence[str]
    ticks: bool = False
    tick_s: float = TICK_S

    def version(self, readers: Sequence[RunReader]) -> str:
        """Where the files are read up to."""
        return "_".join(reader.version(self.logs) for reader in readers)

    def parts(self, readers: Sequence[RunReader]) -> list[Part]:
        """The page as it is now; nothing is read meanwhile."""
        with ExitStack() as held:
            for reader in readers:
                held.enter_context(reader.lock)
            return self.view(readers)


class Shown(Protocol):
    """What a channel needs of a page; see `Page`. Its methods are called in threads."""

    @property
    def ticks(self) -> bool: ...

    @property
    def tick_s(self) -> float: ...

    def version(self, readers: Sequence[RunReader]) -> str: ...

    def parts(self, readers: Sequence[RunReader]) -> list[Part]: ...


class Listener:
    """One browser: the version of the page that it has or is being sent, and what it has not been sent yet."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.waiting: dict[str, bytes] = {}
        self.news = asyncio.Event()

    def take(self) -> bytes:
        """What is waiting, as one piece of the stream."""
        waiting, self.waiting = self.waiting, {}
        return b"".join(waiting.values()) + f"id: {self.version}\nevent: seen\ndata:\n\n".encode()


class Channel:
    """One page for all its listeners; lives in the loop.

    Args:
        hub: follows the runs.
        page: what is shown.
        places: of which runs.
    """

    def __init__(self, hub: Hub, page: Shown, places: Sequence[RunPlace]) -> None:
        self._hub, self._page, self._places = hub, page, places
        self._listeners: set[Listener] = set()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._parts: dict[str, bytes] = {}
        self._version = ""

    async def listen(self, seen: str) -> AsyncIterator[bytes]:
        """The stream of one browser.

        Args:
            seen: the version that it has; "" for none.
        """
        listener = Listener(seen)
        self._listeners.add(listener)
        if self._task is None or self._task.done():
            self._version, self._parts = "", {}  # what was made for others may be old
            self._task = asyncio.create_task(self._run())
        elif self._parts and self._version != seen:
            self._send(listener, self._parts)
            listener.version = self._version
        else:
            self._changed.set()
        task = self._task
        try:
            yield b"retry: 1000\n\n"
            while not self._hub.closed and not task.done():  # a browser whose stream ends comes back for another
                try:
                    await asyncio.wait_for(listener.news.wait(), BEAT_S)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                listener.news.clear()
                if listener.waiting:
                    yield listener.take()
            if listener.waiting:
                yield listener.take()
        finally:
            self._listeners.discard(listener)
            if not self._listeners and self._task is not None:
                self._task.cancel()
                self._task = None

    async def end(self, why: str) -> None:
        """Send every browser the page as the files are now, and after it that no more will come, and why."""
        if not self._listeners:
            return
        await asyncio.to_thread(self._read_on)
        await self._make()
        last = f"event: end\ndata: {json.dumps(why)}\n\n".encode()
        for listener in self._listeners:
            self._send(listener, {"": last})

    def _read_on(self) -> None:
        until = time.monotonic() + LAST_LOOK_S
        for place in self._places:
            reader = self._hub.reader(place)
            while reader.failed is None and reader.advance()[1] and time.monotonic() < until:
                pass

    async def _run(self) -> None:
        ends = [self._hub.watch(place, self._changed.set) for place in self._places]
        try:
            while not self._hub.closed:
                pause = await self._make()
                await asyncio.sleep(pause)
                try:
                    await asyncio.wait_for(self._changed.wait(), self._page.tick_s)
                except TimeoutError:
                    continue
        except Exception:  # the page cannot be made: its browsers are told by the end of their streams
            LOGGER.exception("a page of %s cannot be made", ", ".join(place.name for place in self._places))
        finally:
            for end in ends:
                end()
            self._wake_all()

    async def _make(self) -> float:
        """Make the page if it would be another one; the seconds until that is worth asking again."""
        self._changed.clear()
        readers = await asyncio.to_thread(lambda: [self._hub.reader(place) for place in self._places])
        version = await asyncio.to_thread(self._page.version, readers)
        alive = self._page.ticks and any(reader.status in ALIVE for reader in readers)
        if not alive and all(listener.version == version for listener in self._listeners):
            return LEAST_S
        parts, cost = await asyncio.to_thread(self._view, readers)
        new = {name: message for name, message in parts.items() if self._parts.get(name) != message}
        before, self._version, self._parts = self._version, version, parts
        for listener in self._listeners:
            self._send(listener, new if listener.version in (before, version) else parts)
            listener.version = version
        return min(MOST_S, max(LEAST_S, EFFORT * cost))

    def _view(self, readers: Sequence[RunReader]) -> tuple[dict[str, bytes], float]:
        begun = time.thread_time()
        made = self._page.parts(readers)
        parts = {part.name: _message(part) for part in made} | {ORDER: _order(made)}
        return parts, time.thread_time() - begun

    def _send(self, listener: Listener, parts: dict[str, bytes]) -> None:
        if parts:
            listener.waiting |= parts
            listener.news.set()

    def _wake_all(self) -> None:
        for listener in self._listeners:
            listener.news.set()


def _order(parts: Sequence[Part]) -> bytes:
    """Which parts there are, and in which order: a browser may have some that are gone."""
    return f"event: order\ndata: {json.dumps([part.name for part in parts])}\n\n".encode()


def _message(part: Part) -> bytes:
    data = json.dumps({"name": part.name, "html": part.html})
    return f"event: part\ndata: {data}\n\n".encode()
