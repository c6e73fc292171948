"""Processes that think about hard pairs and are killed when they think too long.

No signals, no threads, no ports: a worker is a plain child process on a socket pair, the deadline is the parent's, and
what misses it is killed. So it works in threads, in asyncio, under fork and spawn, and `__main__` is never re-imported.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import selectors
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from .tree import Node

START_S = 20.0
"""How long a worker may take to import sympy on a busy machine; not counted against a pair's time."""
MAX_NODES = 400
MAX_KNOWN = 4096
_SCRIPT = Path(__file__).with_name("symbolic.py")


class Worker:
    """One child process. `ask` sends a pair, `collect` reads what came back."""

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

    def ask(self, a: Node, b: Node) -> None:
        self._send({"a": as_lists(a), "b": as_lists(b)})

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
        self.line.close()
        self.process.kill()
        self.process.wait()

    def forget(self) -> None:
        """After a fork: the process belongs to the parent; only our copy of the line goes."""
        self.line.close()


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
        self._failed: dict[tuple[Node, Node], float] = {}
        """Pairs not decided, and in how many seconds."""

    def oracle(self, timeout_s: float) -> Callable[[Node, Node], bool | None]:
        """A function that decides one pair."""
        return lambda a, b: self.decide([(a, b)], timeout_s)[0]

    def decide(self, pairs: Sequence[tuple[Node, Node]], timeout_s: float) -> list[bool | None]:
        """Decide pairs, several at a time if the pool has several workers; `None` for what was not decided in time.

        Decisions are remembered, and so is a time-out until more time is offered.
        """
        with self._lock:
            if os.getpid() != self._owner:
                self._after_fork()
            decisions: list[bool | None] = [None] * len(pairs)
            waiting = []
            for index, (a, b) in enumerate(pairs):
                if (a, b) in self._known:
                    decisions[index] = self._known[a, b]
                elif _size(a) + _size(b) <= MAX_NODES and self._failed.get((a, b), -1.0) < timeout_s:
                    waiting.append(index)
            if waiting:
                self._run(pairs, waiting, decisions, timeout_s)
                for index in waiting:
                    self._remember(pairs[index], decisions[index], timeout_s)
            return decisions

    def _run(
        self, pairs: Sequence[tuple[Node, Node]], waiting: list[int], decisions: list[bool | None], timeout_s: float
    ) -> None:
        queue = waiting[::-1]
        busy: dict[Worker, tuple[int, float]] = {}
        try:
            while queue or busy:
                while queue and len(busy) < self.size:
                    worker = self._idle(busy)
                    if worker is None:
                        queue.clear()
                        break
                    index = queue.pop()
                    try:
                        worker.ask(*pairs[index])
                    except OSError:  # it died while it was idle; another takes the pair
                        self._discard(worker)
                        queue.append(index)
                        continue
                    busy[worker] = (index, time.monotonic() + timeout_s)
                self._wait(busy, pairs, decisions)
        except BaseException:  # also Ctrl-C: what was started is stopped
            self._stop()
            raise

    def _wait(
        self,
        busy: dict[Worker, tuple[int, float]],
        pairs: Sequence[tuple[Node, Node]],
        decisions: list[bool | None],
    ) -> None:
        if not busy:
            return
        soonest = min(deadline for _, deadline in busy.values())
        with selectors.DefaultSelector() as selector:
            for worker in busy:
                selector.register(worker.line, selectors.EVENT_READ, worker)
            events = selector.select(max(0.0, soonest - time.monotonic()))
        for event, _ in events:
            worker = event.data
            index, _ = busy[worker]
            try:
                message = worker.collect()
            except EOFError:  # crashed, for instance out of memory
                self._discard(worker)
                del busy[worker]
                continue
            if message is not None:
                decisions[index] = message.get("decision")
                del busy[worker]
        now = time.monotonic()
        for worker in [w for w, (_, deadline) in busy.items() if deadline <= now]:
            self._discard(worker)
            del busy[worker]
            self._workers.append(Worker())  # the next pair finds it warm

    def _idle(self, busy: dict[Worker, tuple[int, float]]) -> Worker | None:
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
        if len(self._known) + len(self._failed) > MAX_KNOWN:
            self._known.clear()
            self._failed.clear()
        for each in (pair, pair[::-1]):
            if decision is None:
                self._failed[each] = timeout_s
            else:
                self._known[each] = decision

    def _discard(self, worker: Worker) -> None:
        self._workers.remove(worker)
        worker.kill()

    def _after_fork(self) -> None:
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


_SHARED = Pool()
atexit.register(_SHARED.close)


def shared_pool() -> Pool:
    """The pool of this process."""
    return _SHARED
