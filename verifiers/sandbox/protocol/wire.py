"""Messages between the host and its fork server: one line of JSON, with descriptors attached."""

from __future__ import annotations

import json
import socket
from typing import Any

_MOST = 1 << 16
_ROOM = socket.CMSG_SPACE(8 * 4) if hasattr(socket, "CMSG_SPACE") else 0


class Wire:
    """One end of the connection. Requests and replies take turns; only a "kill" may come between."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._pending = b""
        self._descriptors: list[int] = []

    def fileno(self) -> int:
        return self.connection.fileno()

    def send(self, message: dict[str, Any], descriptors: list[int] | None = None) -> None:
        """Raises `OSError` when the other end is gone."""
        line = json.dumps(message).encode() + b"\n"
        if descriptors:
            sent = socket.send_fds(self.connection, [line], descriptors)
            line = line[sent:]
        self.connection.sendall(line)

    def receive(self) -> tuple[dict[str, Any], list[int]] | None:
        """The next message and its descriptors; `None` when the other end is gone. Honours the socket's timeout."""
        while b"\n" not in self._pending:
            try:
                piece, attached, _, _ = self.connection.recvmsg(_MOST, _ROOM)
            except (ConnectionError, InterruptedError):
                return None
            if not piece:
                return None
            self._pending += piece
            for _, _, data in attached:
                self._descriptors += memoryview(data).cast("i").tolist()
        line, _, self._pending = self._pending.partition(b"\n")
        descriptors, self._descriptors = self._descriptors, []
        return json.loads(line), descriptors

    def close(self) -> None:
        self.connection.close()
