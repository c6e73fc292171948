"""Processes that think about hard pairs and are killed when they think too long.

No signals here, no threads, no ports: a worker is a plain child process on a socket pair, started once. It forks the
child that thinks, so a pair that takes too long costs its own time and a fork, not another start. So it works in
threads, in asyncio, under fork and spawn, and `__main__` is never re-imported.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from .symbolic import PATIENCE
from .tree import Node

START_S = 20.0
"""How long a worker may take to import sympy on a busy machine; once per process, not counted against a pair's time."""
GRACE_S = 2.0
"""How much later than its time limits a worker may answer, before it is killed as a whole."""
MAX_NODES = 400
MAX_KNOWN = 4096
_SCRIPT = Path(__file__).with_name("symbolic.py")


_POOLS: weakref.WeakSet[Pool] = weakref.WeakSet()


class Worker:
    """One child process and the child it forks. `ask` sends a pair, `collect` reads what came back."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-I", "-S", str(_SCRIPT)]
        discarded: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        if os.name == "posix":
            inherited = theirs.fileno()
            self.process = subprocess.Popen(
                [*command, str(inherited)],
                stdin=subprocess.DEVNULL,
                pass_fds=(inherited,),
                start_new_session=True,
                **discarded,
            )
        else:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, **discarded)
            assert self.process.stdin is not None
            self.process.stdin.write(theirs.share(self.process.pid))  # type: ignore[attr-defined,unused-ignore]
            self.process.stdin.close()
        theirs.close()
        self.line = ours
        self.ready = False
        self.started = time.monotonic()
        self._buffer = b""
        self._send({"path": [entry for entry in sys.path if entry]})

    def ask(self, a: Node, b: Node, seconds: float) -> None:
        self._send({"a": as_lists(a), "b": as_lists(b), "seconds": seconds})

    def _send(self, message: Any) -> None:
        body = json.dumps(message).encode()
        self.line.settimeout(5.0)
        self.line.sendall(struct.pack("<I", len(body)) + body)

    def collect(self) -> dict[str, Any] | None:
        """The next message, `None` if it is not complete yet; raises `EOFError` if the process is gone."""
        self.line.settimeout(0.0)
        try:
            part = self.line.recv(65536)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError as error:
            raise EOFError from error
        if not part:
            raise EOFError
        self._buffer += part
        if len(self._buffer) < 4:
            return None
        size = struct.unpack("<I", self._buffer[:4])[0]
        if len(self._buffer) < 4 + size:
            return None
        message = json.loads(self._buffer[4 : 4 + size])
        self._buffer = self._buffer[4 + size :]
        return message  # type: ignore[no-any-return]

    def kill(self) -> None:
        """End the process and what it forked: both are in a session of their own."""
        self.line.close()
        if os.name == "posix" and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()

    def forget(self) -> None:
        """After a fork: the process belongs to the parent; only our copy of the line goes."""
        self.line.close()
        self.process.returncode = 0  # or the garbage collector warns about a process that is not ours


class Pool:
    """Workers that live as long as this process, restarted when they crash or are killed.

    Args:
        size: most workers at a time.
    """

    def __init__(self, size: int = 1) -> None:
        self.size = size
        self._workers: list[Worker] = []
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._known: dict[tuple[Node, Node], bool] = {}
        self._late: dict[tuple[Node, Node], float] = {}
        """Pairs that were not decided, and in how many seconds."""
        _POOLS.add(self)

    def oracle(self, timeout_s: float) -> Callable[[Node, Node], bool | None]:
        """A function that decides one pair."""
        return lambda a, b: self.decide([(a, b)], timeout_s)[0]

    def decide(self, pairs: Sequence[tuple[Node, Node]], timeout_s: float) -> list[bool | None]:
        """Decide pairs, several at a time if the pool has several workers; `None` for what was not decided in time.

        Decisions are remembered, and so is a time-out until more time is offered. A worker's death says nothing about
        the pair: it is asked once more, and its second death is not remembered either.
        """
        with self._lock:
            decisions: list[bool | None] = [None] * len(pairs)
            waiting = []
            for index, (a, b) in enumerate(pairs):
                if (a, b) in self._known:
                    decisions[index] = self._known[a, b]
                elif _size(a) + _size(b) <= MAX_NODES and self._late.get((a, b), -1.0) < timeout_s:
                    waiting.append(index)
            try:
                lost = self._ask(pairs, waiting, decisions, timeout_s) if waiting else []
                if lost:
                    self._ask(pairs, lost, decisions, timeout_s)
            except BaseException:  # also Ctrl-C: what was started is stopped
                self._stop()
                raise
            return decisions

    def _ask(
        self, pairs: Sequence[tuple[Node, Node]], waiting: list[int], decisions: list[bool | None], timeout_s: float
    ) -> list[int]:
        """Fill in decisions; return the pairs whose worker died."""
        queue = waiting[::-1]
        lost: list[int] = []
        busy: dict[Worker, tuple[int, float]] = {}
        while queue or busy:
            while queue and len(busy) < self.size:
                worker = self._idle(busy)
                if worker is None:
                    return lost
                index = queue.pop()
                try:
                    worker.ask(*pairs[index], timeout_s)
                except OSError:  # it died while it was idle
                    self._discard(worker)
                    lost.append(index)
                    continue
                busy[worker] = (index, time.monotonic() + PATIENCE * timeout_s + GRACE_S)
            for index, message in self._answers(busy):
                if message is None or message.get("died"):
                    lost.append(index)
                else:
                    decisions[index] = message.get("decision")
                    self._remember(pairs[index], decisions[index], timeout_s)
        return lost

    def _answers(self, busy: dict[Worker, tuple[int, float]]) -> list[tuple[int, dict[str, Any] | None]]:
        """(pair, message) of the workers that are done; no message where the worker itself died."""
        if not busy:
            return []
        soonest = min(deadline for _, deadline in busy.values())
        with selectors.DefaultSelector() as selector:
            for worker in busy:
                selector.register(worker.line, selectors.EVENT_READ, worker)
            events = selector.select(max(0.0, soonest - time.monotonic()))
        found: list[tuple[int, dict[str, Any] | None]] = []
        for event, _ in events:
            worker = event.data
            try:
                message = worker.collect()
            except EOFError:
                self._discard(worker)
                found.append((busy.pop(worker)[0], None))
                continue
            if message is not None:
                found.append((busy.pop(worker)[0], message))
        now = time.monotonic()
        for worker in [w for w, (_, deadline) in busy.items() if deadline <= now]:
            self._discard(worker)
            found.append((busy.pop(worker)[0], {"late": True}))
        return found

    def _idle(self, busy: dict[Worker, tuple[int, float]]) -> Worker | None:
        for worker in [w for w in self._workers if w not in busy and w.process.poll() is not None]:
            self._discard(worker)  # it died while it was idle
        free = [worker for worker in self._workers if worker not in busy]
        worker = free[0] if free else Worker()
        if not free:
            self._workers.append(worker)
        while not worker.ready:
            left = worker.started + START_S - time.monotonic()
            with selectors.DefaultSelector() as selector:
                selector.register(worker.line, selectors.EVENT_READ)
                selector.select(max(0.0, left))
            try:
                worker.ready = worker.collect() is not None
            except EOFError:
                left = 0.0
            if not worker.ready and left <= 0.0:
                self._discard(worker)
                return None
        return worker

    def _remember(self, pair: tuple[Node, Node], decision: bool | None, timeout_s: float) -> None:
        if len(self._known) + len(self._late) > MAX_KNOWN:
            self._known.clear()
            self._late.clear()
        for each in (pair, pair[::-1]):
            if decision is None:
                self._late[each] = timeout_s
            else:
                self._known[each] = decision

    def _discard(self, worker: Worker) -> None:
        self._workers.remove(worker)
        worker.kill()

    def _after_fork(self) -> None:
        """In a forked child: the lock may be held by a thread that is not here, and the workers are the parent's."""
        self._lock = threading.Lock()
        for worker in self._workers:
            worker.forget()
        self._workers, self._owner = [], os.getpid()

    def _stop(self) -> None:
        for worker in self._workers:
            with contextlib.suppress(OSError):
                worker.kill()
        self._workers = []

    def close(self) -> None:
        """Kill the workers; the next question starts new ones."""
        if os.getpid() == self._owner:
            with self._lock:
                self._stop()


def as_lists(node: Any) -> Any:
    """A tree as JSON values."""
    if isinstance(node, tuple):
        return [as_lists(part) for part in node]
    return str(node) if isinstance(node, Fraction) else node


def _size(node: Node) -> int:
    return 1 + sum(_size(part) for part in node if isinstance(part, tuple) and part)


def _after_fork() -> None:
    for pool in list(_POOLS):
        pool._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

_SHARED = Pool()
atexit.register(_SHARED.close)


def shared_pool() -> Pool:
    """The pool of this process."""
    return _SHARED
