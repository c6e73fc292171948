"""One fork server as the host sees it: the process, the connection to it, and runs one after the other."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from .isolation.scratch import empty
from .protocol.wire import Wire

_BOOT = """
import sys, types
box = types.ModuleType("box"); box.__path__ = [sys.argv[3]]; sys.modules["box"] = box
from box.server import main
main(int(sys.argv[1]), sys.argv[2].split(","))
"""
# PYTHONHASHSEED: the same program gives the same answer on every server. One malloc arena: threads would each
# reserve 128 MiB of address space. UTC: there is no /etc/localtime inside.
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "1", "TZ": "UTC0"}

_START_S = 30.0
_GRACE_S = 0.75
"""How long past its deadline a run may be reported before its server is taken to be stuck, and killed."""


class ServerGone(Exception):
    """The fork server ended before it answered."""


class Server:
    """One fork server process and the connection to it."""

    def __init__(self, layers: tuple[str, ...]) -> None:
        ours, theirs = socket.socketpair()
        flags = ["-s", "-P", "-S", "-B"]
        try:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    *flags,
                    "-c",
                    _BOOT,
                    str(theirs.fileno()),
                    ",".join(layers),
                    os.path.dirname(__file__),
                ],
                env=_ENVIRONMENT,
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )
        finally:
            theirs.close()
        self.owner = os.getpid()
        self.wire = Wire(ours)
        ours.settimeout(_START_S)
        received = self._receive()
        self.facts: dict[str, Any] = received or {"layers": [], "missing": {"jail": "the fork server did not start"}}
        self._scratch = self.facts.get("scratch", "")

    @property
    def pid(self) -> int:
        """Its process (the launcher, where there are namespaces)."""
        return self._process.pid

    def _receive(self) -> dict[str, Any] | None:
        try:
            received = self.wire.receive()
        except OSError:
            return None
        return None if received is None else received[0]

    def run(
        self, request: dict[str, Any], descriptors: list[int], give_up: Callable[[], bool] | None = None
    ) -> dict[str, Any]:
        """Have one child forked; returns the server's report.

        `give_up` is asked now and then whether the run should be ended early.

        Raises:
            ServerGone: it ended, or did not answer in time; this server is of no more use.
        """
        try:
            self.wire.send(request, descriptors)
        except OSError:
            raise ServerGone("before the run") from None
        poll = select.poll()
        poll.register(self.wire, select.POLLIN)
        latest = time.monotonic() + request["wall_total_s"] + _GRACE_S
        while not poll.poll(min(request["look_s"] if give_up else 60.0, max(0.0, latest - time.monotonic())) * 1000):
            if time.monotonic() > latest:
                raise ServerGone("it did not answer")
            if give_up is not None and give_up():
                with contextlib.suppress(OSError):  # gone: the poll will report it
                    self.wire.send({"kill": True})
                latest, give_up = min(latest, time.monotonic() + _GRACE_S), None
        reply = self._receive()
        if reply is None:
            raise ServerGone("during the run")
        return reply

    def close(self) -> None:
        """End the server; whatever runs in it ends as well."""
        self.wire.close()
        try:
            self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the server at once. Its children have asked the kernel to die with it; they are waited for, so that none
        is still writing while its scratch folder is emptied."""
        self.wire.close()
        folder = os.path.basename(self._scratch).startswith("selfplay-box-")
        children = _children(self._process.pid) if folder else []
        self._process.kill()
        self._process.wait()
        for child in children:
            poll = select.poll()
            poll.register(child, select.POLLIN)  # readable when it has ended
            poll.poll(_GRACE_S * 1000)
            os.close(child)
        if folder:
            with contextlib.suppress(OSError):  # gone already: the server had begun to clear up
                empty(self._scratch)
                os.rmdir(self._scratch)

    def forget(self) -> None:
        """Close our end of a server that belongs to the process this one was forked from."""
        self.wire.close()
        self._process.returncode = 0


def _children(pid: int) -> list[int]:
    """Descriptors of the processes that `pid` started, which tell when they end; none where the system has no such."""
    found = []
    with contextlib.suppress(OSError, AttributeError):
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            numbers = file.read().split()
        for number in numbers:
            found.append(os.pidfd_open(int(number)))
    return found
