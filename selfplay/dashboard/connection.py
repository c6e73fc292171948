"""A connection that lasts only as long as something comes of it: whoever sends half a request is not waited for.

uvicorn closes a connection between two requests, and waits without end inside one. Here a request has a time of its own
for its head and for its body, however steadily it drips, and an answer is broken off that nobody reads. A stream of
events has a whole request behind it and may last for days.
"""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 10.0
"""Seconds from the first byte of a request, or from when the connection is made, to the end of its head."""
BODY_S = 30.0
"""Seconds from there to the end of its body."""
STALLED_S = 60.0
"""Seconds for which a browser may leave unread what it was sent, once no more can be put on the way."""


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, within these times."""

    _limit: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None
    _waits_for = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self._wait("head", HEAD_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._wait("", 0.0)
        self._unstall()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """See uvicorn; a request that came too early for its turn has it now."""
        super().on_response_complete()
        if self.conn.their_state is not h11.IDLE:  # else uvicorn waits for the next one
            self._look()

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`."""
        super().pause_writing()
        self._stalled = self.loop.call_later(STALLED_S, self.transport.abort)

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._unstall()
        super().resume_writing()

    def _look(self) -> None:
        """What is waited for now that something has come."""
        if self.conn.their_state is h11.IDLE:
            self._wait("head", HEAD_S)
        elif self.conn.their_state is h11.SEND_BODY:
            self._wait("body", BODY_S)
        else:
            self._wait("", 0.0)

    def _wait(self, what: str, seconds: float) -> None:
        """Wait for a part of a request; one that is waited for already gets no more time."""
        if what == self._waits_for:
            return
        if self._limit is not None:
            self._limit.cancel()
        self._waits_for = what
        self._limit = self.loop.call_later(seconds, self.transport.abort) if what else None

    def _unstall(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
