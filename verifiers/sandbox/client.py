"""The host's side: fork servers, one per run under way, started when needed and ended with this process.

Safe to use from several threads (each run has a server to itself), after a fork (the child starts servers of its
own), and across Ctrl-C (the run is killed with its server).
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from typing import Any

from . import levels
from .connection import Server, ServerGone
from .isolation_status import IsolationStatus
from .probes import failed_probes

__all__ = ["ServerGone", "Servers", "close", "probe", "servers"]


class Servers:
    """The servers of one isolation: idle ones are reused, further ones started up to `most`."""

    def __init__(self, isolation: str | None, most: int) -> None:
        self.isolation = isolation
        self._layers = levels.wanted(isolation)
        self._idle: list[Server] = []
        self._all: set[Server] = set()
        self._free = threading.BoundedSemaphore(most)
        self._lock = threading.Lock()
        self._status: IsolationStatus | None = None
        self._start_lock = threading.Lock()

    def isolation_status(self) -> IsolationStatus:
        """What holds here; found out once, by starting a server and attacking it from inside."""
        with self._start_lock:
            if self._status is None:
                self._status = self._find_out()
            return self._status

    def _find_out(self) -> IsolationStatus:
        if not hasattr(os, "fork"):
            return IsolationStatus(None, (), {}, {}, levels.refusal(self.isolation, None, {}))
        server = self._start()
        facts = server.facts
        missing = dict(facts["missing"])
        level = levels.reached(facts["layers"])
        refusal = levels.refusal(self.isolation, level, missing)
        if refusal is None and level in levels.SAFE:
            holes = failed_probes(server)
            if holes:
                missing["probe"] = f"from inside, this worked: {', '.join(holes)}"
                level = "rlimits"
                refusal = levels.refusal(self.isolation, level, missing)
        if refusal is None:
            self._idle.append(server)
        else:
            self._drop(server)
        return IsolationStatus(level, tuple(facts["layers"]), missing, facts, refusal)

    def run(
        self, request: dict[str, Any], descriptors: list[int], give_up: Callable[[], bool] | None = None
    ) -> dict[str, Any]:
        """One run on a server of our own.

        Raises:
            ServerGone: the server ended during the run; the next run will have a new one.
        """
        with self._free:
            server = self._take()
            try:
                try:
                    reply = server.run(request, descriptors, give_up)
                except ServerGone as gone:
                    if str(gone) != "before the run":
                        raise
                    self._drop(server)  # it died while idle: this run has not been tried yet
                    server = self._start()
                    reply = server.run(request, descriptors, give_up)
            except BaseException:  # Ctrl-C included: the run must not go on without us
                self._drop(server)
                raise
            with self._lock:
                self._idle.append(server)
            return reply

    def _take(self) -> Server:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._start()

    def _start(self) -> Server:
        server = Server(self._layers)
        with self._lock:
            self._all.add(server)
        return server

    def _drop(self, server: Server) -> None:
        with self._lock:
            self._all.discard(server)
        server.kill()

    def processes(self) -> list[int]:
        """The process ids of the servers now running (the launchers, where there are namespaces)."""
        with self._lock:
            return [server.pid for server in self._all]

    def close(self) -> None:
        """End all servers; the next run starts afresh."""
        with self._lock:
            servers, self._all, self._idle = list(self._all), set(), []
        for server in servers:
            server.close()

    def forget(self) -> None:
        for server in self._all:
            server.forget()


def _most() -> int:
    return max(4, min(16, os.cpu_count() or 4))


_pools: dict[str | None, Servers] = {}
_pools_lock = threading.Lock()


def servers(isolation: str | None) -> Servers:
    """The pool of this isolation, made at first use.

    Raises:
        ConfigError: no such level.
    """
    with _pools_lock:
        if isolation not in _pools:
            _pools[isolation] = Servers(isolation, _most())
        return _pools[isolation]


@atexit.register
def close() -> None:
    """End all fork servers of this process; the next run starts new ones."""
    with _pools_lock:
        pools = list(_pools.values())
    for pool in pools:
        pool.close()


def _after_fork() -> None:
    """In a forked child, the parent's servers are the parent's."""
    global _pools_lock
    _pools_lock = threading.Lock()
    for pool in _pools.values():
        pool.forget()
    _pools.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def probe(isolation: str | None = None) -> IsolationStatus:
    """Start a fork server for `isolation`, if none runs yet, and report what it can do.

    Raises:
        ConfigError: no such isolation level.
    """
    return servers(isolation).isolation_status()
