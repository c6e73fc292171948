"""What isolation holds on this machine, asked of a server that was started and attacked from inside."""

from __future__ import annotations

from . import client
from .client import Standing


def probe(isolation: str | None = None) -> Standing:
    """Start a fork server for `isolation`, if none runs yet, and say what it can do.

    Returns:
        `level` ("full", "landlock", "namespaces", "rlimits", or `None`), `layers` in force, `missing` layers with the
        reason, and `refusal`: `None`, or why `run_python` would refuse.

    Raises:
        ConfigError: no such isolation level.
    """
    return client.servers(isolation).standing()
