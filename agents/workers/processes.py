"""Workers that are processes of this machine: `processes(4)`.

Each is a fresh interpreter behind a pipe, so that one that is killed is noticed at once and started again. A worker
holds one chunk: what is sent to it is read while nothing is sent back, and neither side can wait for the other.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import pickle
import threading
import weakref
from collections.abc import Callable, Hashable, Iterable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, cast

from ...core.protocols.workers import Chunk, Result
from .dispatch import Dispatch, Places, WorkerLost, check_size


class Processes:
    """See `core.protocols.Workers`.

    Args:
        workers: how many processes.
    """

    depth = 1

    def __init__(self, workers: int) -> None:
        self.size = check_size(workers)
        self._started: dict[int, tuple[SpawnProcess, Connection]] = {}
        self._places = Places()
        self._knows: dict[int, Callable[..., Any]] = {}
        self._finish = weakref.finalize(self, _end, self._started)  # also when the interpreter ends

    def map(self, function: Callable[[Chunk], Result], chunks: Iterable[Chunk]) -> Iterator[Result]:
        """See `core.protocols.Workers`."""
        return Dispatch(self, self._places).run(function, chunks)

    def close(self) -> None:
        """See `core.protocols.Workers`."""
        _end(self._started)
        self._knows.clear()
        self._places = Places()

    # --- see `dispatch.Backend` ---

    def start(self, place: int) -> None:
        self.stop(place)
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(target=_work, args=(there,), name=f"worker {place}")
        process.start()
        there.close()
        self._started[place] = process, here

    def stop(self, place: int) -> None:
        self._knows.pop(place, None)
        if place in self._started:
            _end({place: self._started.pop(place)})

    def submit(self, place: int, function: Callable[[Any], Any], chunk: Any) -> Hashable:
        known = self._knows.get(place) is function
        message = pickle.dumps((None if known else function, chunk), pickle.HIGHEST_PROTOCOL)
        try:
            self._started[place][1].send_bytes(message)
        except OSError:
            raise WorkerLost from None
        self._knows[place] = function
        return place

    def wait(self, handles: Iterable[Hashable]) -> Hashable:
        waited: dict[Any, Hashable] = {}
        for handle in handles:
            process, pipe = self._started[cast(int, handle)]
            waited |= {pipe: handle, process.sentinel: handle}
        return waited[multiprocessing.connection.wait(list(waited))[0]]

    def result(self, handle: Hashable) -> Any:
        pipe = self._started[cast(int, handle)][1]
        try:
            if not pipe.poll():  # what the worker started may hold the pipe open
                raise WorkerLost
            succeeded, found = pickle.loads(pipe.recv_bytes())  # noqa: S301 - from a process that this one started
        except (EOFError, OSError):
            raise WorkerLost from None
        if succeeded:
            return found
        raise found


def _end(workers: dict[int, tuple[SpawnProcess, Connection]]) -> None:
    """Kill workers, and take them out of the table."""
    while workers:
        process, pipe = workers.popitem()[1]
        pipe.close()
        process.kill()
        process.join()
        process.close()


def _work(pipe: Connection) -> None:
    """A worker: a chunk in, what the function gives out, until nobody is there any more."""
    _end_with_parent()
    function: Any = None
    while True:
        try:
            message = pipe.recv_bytes()
        except (EOFError, OSError):
            os._exit(0)
        try:
            given, chunk = pickle.loads(message)  # noqa: S301 - from the process that started this one
            function = function if given is None else given
            answer = pickle.dumps((True, function(chunk)), pickle.HIGHEST_PROTOCOL)
        except Exception as error:  # noqa: BLE001 - raised again where the result is asked for
            answer = _failure(error)
        pipe.send_bytes(answer)


def _failure(error: Exception) -> bytes:
    """An error as a message; its text where it cannot be sent itself."""
    try:
        message = pickle.dumps((False, error))
        pickle.loads(message)  # noqa: S301 - what was pickled one line before
    except Exception:  # noqa: BLE001 - any class may define how it pickles
        return pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
    return message


def _end_with_parent() -> None:
    """End as soon as the process that started this one is gone, however it ended, also in the middle of a chunk."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    sentinel = parent.sentinel

    def wait() -> None:
        multiprocessing.connection.wait([sentinel])
        os._exit(1)

    threading.Thread(target=wait, daemon=True, name="parent").start()
