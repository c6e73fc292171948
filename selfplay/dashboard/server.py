"""Serves the application on a socket until it is told to stop, or until the process that it stands beside is gone."""

from __future__ import annotations

import asyncio
import logging
import os
import shlex
import socket

import uvicorn

from .app import Dashboard
from .connection import BoundedProtocol

LOGGER = logging.getLogger(__name__)
NICENESS = 10
"""How far the dashboard of `train --watch` steps back behind the run."""
LAST_S = 2
"""Seconds for requests that are being answered when the server stops."""


class Server(uvicorn.Server):
    """Ends the streams before it waits for connections to end.

    Args:
        beside: the process that started this one; the server stops when it is gone. `None` for nobody.
    """

    def __init__(self, app: Dashboard, beside: int | None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="asyncio",
                http=BoundedProtocol,
                ws="none",
                lifespan="off",
                access_log=False,
                server_header=False,
                log_level="warning",
                timeout_graceful_shutdown=LAST_S,
            )
        )
        self._app, self._beside = app, beside

    async def on_tick(self, counter: int) -> bool:
        """See uvicorn: every tenth of a second."""
        gone = self._beside is not None and os.getppid() != self._beside
        return await super().on_tick(counter) or gone

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn; who looks at the run that is over is shown how it ended first."""
        if self._beside is not None:
            folders = shlex.join(map(str, self._app.state.library.folders))
            why = f"The dashboard ended with the run; selfplay-gym watch {folders} shows it."
            try:
                await asyncio.wait_for(self._app.tell_end(why), LAST_S)
            except Exception:  # whatever the files hold, the server stops
                LOGGER.exception("the last page could not be made")
        self._app.close()
        await super().shutdown(sockets)


def serve(app: Dashboard, listener: socket.socket, beside: int | None = None) -> None:
    """Serve until an interrupt, which is passed on once the server has stopped."""
    if beside is not None and hasattr(os, "nice"):
        os.nice(NICENESS)
    Server(app, beside).run(sockets=[listener])
