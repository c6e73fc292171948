"""Which worker does which chunk, and when: results in order, few chunks ahead, those of a lost worker again.

What a worker is, is left to a `Backend`: a process of this machine (`processes.py`) or an actor of Ray
(`ray_workers.py`). Results are known by the number of their chunk: nothing is lost or double, whoever ends when.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from ...core.errors import ConfigError, RunError

AHEAD = 4
"""Chunks per worker that may be done ahead of what was asked for: while the first one is slow, others go on."""
MOST_DEATHS = 5
"""Workers that may end over one chunk; or, times their number, one after the other without having done any."""


MOST_WORKERS = 1024


def check_size(workers: int) -> int:
    """A number of workers, as it was given.

    Raises:
        ConfigError: no number in 1..`MOST_WORKERS`.
    """
    if isinstance(workers, bool) or not 1 <= workers <= MOST_WORKERS:
        raise ConfigError(f"workers must be in 1..{MOST_WORKERS}, got {workers!r}")
    return workers


class WorkerLost(Exception):
    """The worker that had a chunk has ended."""


class Backend(Protocol):
    """The workers themselves, each at a place 0 … size - 1.

    Attributes:
        size: how many there are.
        depth: chunks that a worker may hold, the one that it works on included.
    """

    size: int
    depth: int

    def start(self, place: int) -> Hashable | None:
        """Start the worker of a place, for the first time or again. What `wait` gives once it is ready, or `None` if
        it is."""
        ...

    def stop(self, place: int) -> None:
        """End the worker of a place at once, whatever it does."""
        ...

    def submit(self, place: int, function: Callable[[Any], Any], chunk: Any) -> Hashable:
        """Give a worker a chunk, to be done after those it has; what `wait` gives once it is done.

        Raises:
            WorkerLost: it has ended.
        """
        ...

    def wait(self, handles: Iterable[Hashable]) -> Hashable:
        """Wait until one of them is done, or its worker has ended.

        Raises:
            RunError: none will ever be.
        """
        ...

    def result(self, handle: Hashable) -> Any:
        """What the function gave, or raise what it raised.

        Raises:
            WorkerLost: the worker ended before it had a result.
        """
        ...


@dataclass
class _Task:
    """A chunk on its way.

    Attributes:
        number: its place in the order.
        deaths: workers that have ended over it.
    """

    number: int
    chunk: Any
    deaths: int = 0


class _Failed:
    """Stands among the results for a chunk whose function failed."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


@dataclass
class Places:
    """What is known of a backend's workers from one call of `Workers.map` to the next.

    Attributes:
        ready: the places whose workers can take chunks.
        starting: the places whose workers are waited for, each with what `Backend.start` gave.
    """

    ready: set[int] = field(default_factory=set)
    starting: dict[Hashable, int] = field(default_factory=dict)


class Dispatch:
    """The chunks of one call of `Workers.map`.

    Args:
        backend: whose workers are used.
        places: kept up to date.
    """

    def __init__(self, backend: Backend, places: Places) -> None:
        self.backend, self.ready, self.starting = backend, places.ready, places.starting
        self.held: dict[int, dict[Hashable, _Task]] = {place: {} for place in range(backend.size)}
        self.again: deque[_Task] = deque()
        self.done: dict[int, Any] = {}
        self.following: _Task | None = None
        self.taken = self.given = self.idle_deaths = 0

    def run(self, function: Callable[[Any], Any], chunks: Iterable[Any]) -> Iterator[Any]:
        """See `Workers.map`. Workers that still have a chunk when this ends early are stopped."""
        coming = (_Task(number, chunk) for number, chunk in enumerate(chunks))
        self.following = next(coming, None)
        try:
            while self.following is not None or self.given < self.taken:
                self._fill(function, coming)
                if self.given in self.done:
                    yield self._next()
                else:
                    self._collect()
        finally:
            for place in [place for place, tasks in self.held.items() if tasks]:
                self.ready.discard(place)
                self.backend.stop(place)

    def _fill(self, function: Callable[[Any], Any], coming: Iterator[_Task]) -> None:
        """Give chunks to workers that have room, as long as there are some; start the workers that are needed."""
        while (place := self._freest()) is not None:
            task = self.again.popleft() if self.again else self._fresh(coming)
            if task is None:
                return
            try:
                self.held[place][self.backend.submit(place, function, task.chunk)] = task
            except WorkerLost:
                self.again.appendleft(task)
                self._lost(place)

    def _fresh(self, coming: Iterator[_Task]) -> _Task | None:
        """The next chunk, unless enough are on their way."""
        task = self.following
        if task is None or self.taken - self.given >= AHEAD * self.backend.size:
            return None
        self.taken += 1
        self.following = next(coming, None)
        return task

    def _next(self) -> Any:
        found = self.done.pop(self.given)
        self.given += 1
        if isinstance(found, _Failed):
            raise found.error
        return found

    def _freest(self) -> int | None:
        """The place with the fewest chunks, if its worker can take one more. Starts workers that have ended."""
        for ended in set(range(self.backend.size)) - self.ready - set(self.starting.values()):
            self._start(ended)
        place = min(sorted(self.ready), key=lambda place: len(self.held[place]), default=None)
        return None if place is None or len(self.held[place]) >= self.backend.depth else place

    def _start(self, place: int) -> None:
        handle = self.backend.start(place)
        if handle is None:
            self.ready.add(place)
        else:
            self.starting[handle] = place

    def _collect(self) -> None:
        """Wait for one worker, and take what it has."""
        owners = {handle: place for place, tasks in self.held.items() for handle in tasks} | self.starting
        handle = self.backend.wait(list(owners))
        try:
            result = self.backend.result(handle)
        except WorkerLost:
            self._lost(owners[handle])
            return
        except Exception as error:  # noqa: BLE001 - of the function: raised when its turn comes
            result = _Failed(error)
        self.idle_deaths = 0
        if handle not in self.starting:
            self.done[self.held[owners[handle]].pop(handle).number] = result
        elif isinstance(result, _Failed):
            raise result.error
        else:
            self.ready.add(self.starting.pop(handle))

    def _lost(self, place: int) -> None:
        """Its chunks are the next to be done, by whoever has room; and it will be started again."""
        self.ready.discard(place)
        for handle in [handle for handle, other in self.starting.items() if other == place]:
            del self.starting[handle]
        tasks = list(self.held[place].values())
        self.held[place] = {}
        if not tasks:
            self.idle_deaths += 1
            if self.idle_deaths > MOST_DEATHS * self.backend.size:
                raise RunError(f"{self.idle_deaths} workers ended before they did anything: their own log says why")
        else:
            tasks[0].deaths += 1  # they are done in the order in which they were given
            if tasks[0].deaths > MOST_DEATHS:
                raise RunError(
                    f"chunk {tasks[0].number + 1} ended {tasks[0].deaths} workers, one after the other: look for what "
                    "in it takes all memory, or ends the process"
                )
        self.again.extendleft(reversed(tasks))
