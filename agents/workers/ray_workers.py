"""Workers that are actors of Ray: `ray(8)` on this machine, `ray(8, address=auto)` on the cluster that it belongs to.

An actor is asked to do chunks and is lost with its process or its node; who notices, and what is done again, is
`dispatch.py`'s business, so Ray is told to restart and retry nothing. Values that many chunks need, such as the weights
of a model, are put into Ray's object store once, and are kept by each actor under a key.
"""

from __future__ import annotations

import atexit
import logging
import os
import signal
import sys
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from ...core.errors import ConfigError, MissingExtraError, RunError
from ...core.protocols.workers import Chunk, Result
from .dispatch import Dispatch, Places, WorkerLost, check_size

LOCAL = "local"
KEPT = 8
"""Shared values that an actor keeps: the functions and models of a few roles."""
START_S = 300.0
"""Seconds that a cluster may take to start the first worker."""

_kept: OrderedDict[str, Any] = OrderedDict()


@dataclass(frozen=True)
class Shared:
    """A value in Ray's object store, to be sent instead of the value.

    Attributes:
        key: names the value: equal keys, equal values.
        held: a list with its reference, as Ray would replace a bare one by the value in every call.
    """

    key: str
    held: tuple[Any, ...]

    def value(self) -> Any:
        """The value, in an actor; the same object each time, as long as it is kept there."""
        if self.key not in _kept:
            _kept[self.key] = _ray().get(self.held[0])
            while len(_kept) > KEPT:
                _kept.popitem(last=False)
        _kept.move_to_end(self.key)
        return _kept[self.key]


def open_workers(workers: int, address: str = LOCAL, gpus: float = 0.0) -> RayWorkers:
    """Actors of Ray, those that are there already if somebody else in this process asks for the same.

    Args:
        workers, address, gpus: see `RayWorkers`.
    """
    asked = workers, address, gpus
    if asked not in _opened:
        _opened[asked] = RayWorkers(*asked)
    _opened[asked].users += 1
    return _opened[asked]


def lasting_workers(workers: int, address: str = LOCAL, gpus: float = 0.0) -> RayWorkers:
    """The same for whoever comes and goes, such as the roles of a run: they stay until the process ends."""
    asked = workers, address, gpus
    if asked not in _lasting:
        _lasting[asked] = open_workers(*asked)
    return _lasting[asked]


def end_lasting_workers() -> None:
    """End them now; at the latest this happens at the end of the process, before Ray ends by itself."""
    while _lasting:
        _lasting.popitem()[1].close()


class RayWorkers:
    """See `core.protocols.Workers`.

    Args:
        workers: how many actors.
        address: of a running cluster: "auto" for the one that this machine belongs to, or "ray://HOST:PORT"; "local"
            starts Ray here, for this process alone.
        gpus: GPUs of each actor, which may be a fraction.

    Raises:
        ConfigError: numbers that cannot be.
        MissingExtraError: Ray is not installed.

    Ray is loaded and started, or asked, when there is work: `map` and `share` raise `ConfigError` where no cluster
    answers, and `RunError` where it has no room for a single worker. While it has room for some of them, these work.
    """

    depth = 2  # one that is worked on, and one that is there already when it is done

    def __init__(self, workers: int, address: str = LOCAL, gpus: float = 0.0) -> None:
        if not 0 <= gpus <= 16:
            raise ConfigError(f"gpus must be in [0, 16] for each worker, got {gpus!r}")
        self.size, self.address, self.gpus = check_size(workers), address, gpus
        if find_spec("ray") is None:
            raise _missing()
        self.users = 0
        self._actors: dict[int, Any] = {}
        self._places = Places()
        self._function: tuple[Any, Shared] | None = None
        self._connected = False

    def map(self, function: Callable[[Chunk], Result], chunks: Iterable[Chunk]) -> Iterator[Result]:
        """See `core.protocols.Workers`."""
        self._connect()
        return Dispatch(self, self._places).run(function, chunks)

    def share(self, value: Any) -> Shared:
        """Put a value where all workers find it, for as long as what is returned is kept."""
        self._connect()
        return Shared(uuid.uuid4().hex, (_ray().put(value),))

    def close(self) -> None:
        """See `core.protocols.Workers`; the last of those who use them ends them."""
        self.users -= 1
        if self.users > 0:
            return
        _opened.pop((self.size, self.address, self.gpus), None)
        for place in list(self._actors):
            self.stop(place)
        self._places = Places()
        self._function = None
        if self._connected:
            self._connected = False
            _cluster.leave()

    def _connect(self) -> None:
        if not self._connected:
            _cluster.enter(self.address)
            self._connected = True

    # --- see `dispatch.Backend` ---

    def start(self, place: int) -> Hashable:
        self.stop(place)
        # On this machine alone nothing has to be placed, and several groups of workers may share its cores.
        cpus = 0 if self.address == LOCAL else 1
        options = {"num_cpus": cpus, "num_gpus": self.gpus, "max_restarts": 0, "max_task_retries": 0}
        self._actors[place] = _ray().remote(**options)(_Actor).remote(sys.path)
        handle: Hashable = self._actors[place].ready.remote()
        return handle

    def stop(self, place: int) -> None:
        actor = self._actors.pop(place, None)
        if actor is not None and _ray().is_initialized():  # or Ray would start itself again for this
            _ray().kill(actor)

    def submit(self, place: int, function: Callable[[Any], Any], chunk: Any) -> Hashable:
        if self._function is None or self._function[0] is not function:
            self._function = function, self.share(function)
        handle: Hashable = self._actors[place].do.remote(self._function[1], chunk)
        return handle

    def wait(self, handles: Iterable[Hashable]) -> Hashable:
        waited = list(handles)
        done = _ray().wait(waited, num_returns=1, timeout=None if self._places.ready else START_S)[0]
        if not done:
            there = _ray().available_resources()
            free = ", ".join(f"{there[name]:g} {name}" for name in ("CPU", "GPU") if name in there)
            raise RunError(
                f"no worker has started in {START_S:.0f} s: the cluster at {self.address!r} has "
                f"{free or 'no processor'} left"
            )
        found: Hashable = done[0]
        return found

    def result(self, handle: Hashable) -> Any:
        ray = _ray()
        try:
            return ray.get(handle)
        except ray.exceptions.RayTaskError as error:
            raise (error.cause or error) from None
        except (ray.exceptions.RayActorError, ray.exceptions.ObjectLostError, ray.exceptions.WorkerCrashedError):
            raise WorkerLost from None


class _Actor:
    """What runs in a worker.

    Args:
        paths: where modules are found by whoever asks, such as a user's own verifier.
    """

    def __init__(self, paths: list[str]) -> None:
        sys.path += [path for path in paths if path not in sys.path]

    def ready(self) -> None:
        """Answers as soon as there is a process to answer."""

    def do(self, function: Shared, chunk: Any) -> Any:
        """A chunk."""
        return function.value()(chunk)


class _Cluster:
    """The cluster that this process talks to: one at a time, for as long as some workers are there."""

    def __init__(self) -> None:
        self.users, self.address, self.ours = 0, LOCAL, False

    def enter(self, address: str) -> None:
        """Connect, or start Ray here; a connection that somebody else made is used, and left as it is.

        Raises:
            ConfigError: no cluster answers, or this process talks to another one.
        """
        ray = _ray()
        if self.users and address != self.address:
            raise ConfigError(f"a process talks to one cluster: it is {self.address!r} already, and not {address!r}")
        if not self.users and not ray.is_initialized():
            self._start(ray, address)
            self.ours = True
        if not self.users:
            atexit.register(end_lasting_workers)  # after Ray's own, and so before it
        self.users, self.address = self.users + 1, address

    def leave(self) -> None:
        """End what `enter` began, if nobody else is there."""
        self.users -= 1
        if not self.users and self.ours:
            self.ours = False
            _ray().shutdown()

    def _start(self, ray: Any, address: str) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # or it would report to its makers
        logger = logging.getLogger("ray")
        logger.setLevel(logging.ERROR)
        main = threading.current_thread() is threading.main_thread()
        before = signal.getsignal(signal.SIGTERM) if main else None
        here: dict[str, Any] = {"include_dashboard": False} if address == LOCAL else {}
        try:
            ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False, **here)
        except (ConnectionError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
            first = str(error).strip().partition("\n")[0]
            raise ConfigError(
                f"no Ray cluster can be used at address={address!r} ({first:.200}); start one with `ray start --head`, "
                "or leave the address out"
            ) from None
        finally:
            if main:
                signal.signal(signal.SIGTERM, before)  # Ray's own would exit with a code that says nothing


_cluster = _Cluster()
_opened: dict[tuple[int, str, float], RayWorkers] = {}
_lasting: dict[tuple[int, str, float], RayWorkers] = {}


def _ray() -> Any:
    try:
        import ray
    except ImportError:
        raise _missing() from None
    return ray


def _missing() -> MissingExtraError:
    return MissingExtraError("ray", "ray", "workers 'ray(…)'")
