"""`selfplay-gym watch`: the dashboard of run folders, served on this machine until Ctrl-C."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import click

from ...core.errors import ConfigError, MissingExtraError

PACKAGE = __name__.partition(".")[0]
FIRST_PORT, PORTS = 20_000, 10_000
"""Ports from this one on, and how many: below those that systems give to outgoing connections."""


def watch(
    folders: Sequence[Path],
    *,
    host: str,
    port: int | None = None,
    beside: int | None = None,
    say: Callable[[str], object] = click.echo,
) -> None:
    """Serve the dashboard until Ctrl-C.

    Args:
        folders: runs, or folders that hold runs.
        port: 0 takes any that is free; `None` takes the usual one of these folders if it is.
        beside: the process that started this one, whose run is watched: the dashboard leaves it the processor, does
            not ask for the folder to be there, and ends with it.
        say: is given the address, token included, once connections are taken.

    Raises:
        ConfigError: no such folder, or an address that cannot be taken.
        MissingExtraError: the packages of the extra `watch` are not there.
    """
    check_watching()
    for folder in folders if beside is None else ():
        if not folder.is_dir():
            raise ConfigError(f"{str(folder)!r} is no folder; give a run, or a folder that holds runs")
    from ..dashboard.security import new_token, shown_url

    with _listening(host, port) if port is not None else _listening_as_usual(host, usual_port(folders)) as listener:
        token = new_token()
        say(shown_url(host, listener.getsockname()[1], token))
        from ..dashboard.app import create_app  # whoever opens the address waits for this a quarter of a second
        from ..dashboard.server import serve

        try:
            serve(create_app(folders, token, host=host), listener, beside)
        except KeyboardInterrupt:
            if beside is None:
                raise  # else the run is over, which it says itself


def check_watching() -> None:
    """Refuse to begin where what serves the pages is not installed.

    Raises:
        MissingExtraError: names the package, and the extra that brings it.
    """
    for name in ("starlette", "uvicorn", "jinja2"):
        if find_spec(name) is None:
            raise MissingExtraError(name, "watch", "the dashboard")


@contextmanager
def watched(run_dir: Path) -> Iterator[None]:
    """A dashboard of a run in a process of its own, for as long as the context lasts; it prints its address.

    Raises:
        MissingExtraError: see `check_watching`.
    """
    check_watching()
    command = [sys.executable, "-m", f"{PACKAGE}.cli", "watch", str(run_dir), "--beside", str(os.getpid())]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # Ctrl-C is the run's
    try:
        yield
    finally:
        server.terminate()
        server.wait()


def usual_port(folders: Sequence[Path]) -> int:
    """The port of the dashboard of some folders: a page that was left open finds it again after a restart.

    What a browser keeps for a page, such as a decision that was not sent yet, it keeps for one port of one machine.
    """
    named = b"\0".join(sorted(os.fsencode(os.path.realpath(folder)) for folder in folders))
    return FIRST_PORT + int.from_bytes(sha256(named).digest()[:8], "big") % PORTS


def _listening_as_usual(host: str, port: int) -> socket.socket:
    """A socket at that port, or where it is taken at any that is free."""
    try:
        return _listening(host, port)
    except ConfigError:
        return _listening(host, 0)


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
