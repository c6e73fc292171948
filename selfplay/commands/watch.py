"""`selfplay-gym watch`: the dashboard of run folders, served on this machine until Ctrl-C."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from ...core.errors import ConfigError, MissingExtraError


def watch(folders: Sequence[Path], *, host: str, port: int, say: Callable[[str], object] = click.echo) -> None:
    """Serve the dashboard; returns when it is told to stop.

    Args:
        port: 0 takes any that is free.
        say: is given the address, token included, once connections are taken.

    Raises:
        ConfigError: no such folder, or an address that cannot be taken.
        MissingExtraError: the packages of the extra `watch` are not there.
    """
    for folder in folders:
        if not folder.is_dir():
            raise ConfigError(f"{str(folder)!r} is no folder; give a run, or a folder that holds runs")
    try:
        import uvicorn

        from ..dashboard.app import create_app
        from ..dashboard.security import new_token, shown_url
    except ModuleNotFoundError as error:
        if error.name not in ("starlette", "uvicorn", "jinja2"):
            raise
        raise MissingExtraError(error.name, "watch", "the dashboard") from None
    with _listening(host, port) as listener:
        token = new_token()
        app = create_app(folders, token, host=host)
        config = uvicorn.Config(
            app, loop="asyncio", http="h11", ws="none", access_log=False, server_header=False, log_level="warning"
        )
        say(shown_url(host, listener.getsockname()[1], token))
        uvicorn.Server(config).run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    """A socket that takes connections.

    Raises:
        ConfigError: the address cannot be taken.
    """
    try:
        (family, *_, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return socket.create_server(address[:2], family=family)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{host}:{port} cannot be taken ({reason}); choose another --port, 0 for any") from None
