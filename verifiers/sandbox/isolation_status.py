"""What isolation holds on this machine, found out from a server that was started and attacked from inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class IsolationStatus:
    """What the servers of one requested isolation can do here.

    Attributes:
        level: "full", "landlock", "namespaces", "rlimits", or `None` when there is no isolation at all.
        layers: the layers in force.
        missing: layers that are not in force, each with the reason.
        facts: what the server reported when it started.
        refusal: `None`, or why `run_python` would refuse.
    """

    level: str | None
    layers: tuple[str, ...]
    missing: dict[str, str]
    facts: dict[str, Any]
    refusal: str | None
