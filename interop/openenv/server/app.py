"""The application that serves a game to many sessions: `python -m selfplay_gym.interop.openenv.server.app --port 8000`.

`openenv.yaml` names `app`, which plays `SelfPlayMath-v0`; for other games and settings build one with `make_app`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from typing import Any

from ....core.errors import SelfPlayError
from ....core.options.counts import check_whole
from ..models import SelfPlayAction, SelfPlayObservation, SelfPlayState
from .environment import SelfPlayEnvironment

from openenv.core.env_server.http_server import create_app  # isort: skip - the models say what is missing
from starlette.requests import Request
from starlette.responses import JSONResponse

__all__ = ["LONGEST_MESSAGE", "SESSIONS", "app", "main", "make_app"]

SESSIONS = 64
"""Most sessions at a time, unless told otherwise; one more is refused with CAPACITY_REACHED."""
LONGEST_MESSAGE = 4 * 2**20
"""Bytes of a WebSocket message: the longest text, with every character escaped. A longer one closes the connection."""


def make_app(game: str = "SelfPlayMath-v0", *, sessions: int = SESSIONS, **settings: Any) -> Any:
    """A FastAPI application for one game.

    Args:
        game: environment id.
        sessions: most of them at a time, ≥ 1; each has an environment of its own.
        settings: as `SelfPlayEnvironment` takes them.

    Raises:
        ConfigError: no such game, or a setting that cannot work.
    """
    check_whole("sessions", sessions)
    SelfPlayEnvironment(game, **settings).close()  # now, and not in the first session, it is seen what cannot work
    made = create_app(
        partial(SelfPlayEnvironment, game, **settings),
        SelfPlayAction,
        SelfPlayObservation,
        env_name="selfplay_gym",
        max_concurrent_envs=sessions,
        state_cls=SelfPlayState,
    )
    made.add_exception_handler(SelfPlayError, _refused)
    return made


async def _refused(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, status_code=400)


app = make_app()


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until interrupted."""
    import uvicorn

    parser = argparse.ArgumentParser(description="Serve a game of selfplay_gym to OpenEnv's clients.")
    parser.add_argument("--game", default="SelfPlayMath-v0", help="environment id")
    parser.add_argument("--sessions", type=int, default=SESSIONS, help="most of them at a time")
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 lets other machines in; there is no password")
    parser.add_argument("--port", type=int, default=8000)
    chosen = parser.parse_args(arguments)
    try:
        served = make_app(chosen.game, sessions=chosen.sessions)
    except SelfPlayError as error:
        parser.error(str(error))
    uvicorn.run(served, host=chosen.host, port=chosen.port, ws_max_size=LONGEST_MESSAGE, log_level="warning")


if __name__ == "__main__":
    main()
