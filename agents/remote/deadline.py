"""A deadline that holds for a whole request: a timeout of a socket begins anew with every byte that drips in."""

from __future__ import annotations

import http.client
import socket
import threading
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from email.message import Message
from typing import IO, Any, TypeVar

ConnectionT = TypeVar("ConnectionT", bound=http.client.HTTPConnection)


class Deadline:
    """Cuts the connections of one request when its time is over, whatever they wait for.

    Args:
        seconds: from entering it.

    Attributes:
        over: whether it has cut.
    """

    def __init__(self, seconds: float) -> None:
        self.over = False
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self.cut)
        self._timer.daemon = True

    def __enter__(self) -> Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def watch(self, connected: socket.socket) -> None:
        """Cut this one too."""
        with self._lock:
            self._sockets.append(connected)
            late = self.over
        if late:
            _end(connected)

    def cut(self) -> None:
        """End the request now."""
        with self._lock:
            self.over = True
            open_ones = list(self._sockets)
        for one in open_ones:
            _end(one)

    def opener(self) -> urllib.request.OpenerDirector:
        """Opens requests under this deadline. Redirects are not followed."""
        return urllib.request.build_opener(_NoRedirects, _Http(self), _Https(self))


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Leaves a redirect an error: following one would send the key to another host, and most lose the body."""

    def http_error_302(self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message) -> None:
        return None

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


class _Http(urllib.request.HTTPHandler):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_watched(http.client.HTTPConnection, self._deadline), req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_watched(http.client.HTTPSConnection, self._deadline), req)


def _watched(kind: type[ConnectionT], deadline: Deadline) -> Callable[..., ConnectionT]:
    """Makes connections that tell the deadline when they are open."""

    def make(host: str, **options: Any) -> ConnectionT:
        connection = kind(host, **options)
        connect = connection.connect

        def connect_and_tell() -> None:
            connect()
            deadline.watch(connection.sock)

        connection.connect = connect_and_tell  # type: ignore[method-assign]
        return connection

    return make


def _end(connected: socket.socket) -> None:
    with suppress(OSError):  # it is closed already
        connected.shutdown(socket.SHUT_RDWR)
