"""Isolation levels by name, what each needs, and how to get what is missing."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping

from ...core.errors import ConfigError

LEVELS: dict[str, tuple[str, ...]] = {
    "full": ("namespaces", "landlock", "seccomp", "rlimits"),
    "landlock": ("landlock", "seccomp", "rlimits"),
    "namespaces": ("namespaces", "seccomp", "rlimits"),
    "rlimits": ("rlimits",),
}
"""Best first. The first three each hold against hostile programs; `rlimits` stops accidents only, and has to be
asked for by name."""

SAFE = ("full", "landlock", "namespaces")

REMEDIES = {
    "landlock": "Linux 5.13 or later with landlock in the kernel's lsm= list",
    "seccomp": "Linux on x86-64 or aarch64 with CONFIG_SECCOMP_FILTER",
    "namespaces": (
        "unprivileged user namespaces (sysctl user.max_user_namespaces > 0, on Ubuntu"
        " kernel.apparmor_restrict_unprivileged_userns=0, in Docker --security-opt seccomp=unconfined)"
    ),
    "jail": "a kernel and container that let a process restrict itself",
    "probe": "a report to the authors: a layer is in force, but did not hold",
}


def wanted(isolation: str | None) -> tuple[str, ...]:
    """The layers to try for.

    Raises:
        ConfigError: no such level.
    """
    check_level(isolation)
    return LEVELS[isolation or "full"]


def check_level(isolation: str | None) -> None:
    """Raises `ConfigError` unless it is a level, or `None`."""
    if isolation is not None and isolation not in LEVELS:
        raise ConfigError(
            f"isolation must be one of {', '.join(LEVELS)} or None (the best there is), got {isolation!r}"
        )


def reached(layers: Collection[str]) -> str | None:
    """The best level these layers make up; `None` when there are none."""
    return next((level for level, needs in LEVELS.items() if set(needs) <= set(layers)), None)


def refusal(isolation: str | None, level: str | None, missing: Mapping[str, str]) -> str | None:
    """Why programs may not run at `level` when `isolation` was asked for; `None` when they may."""
    if level is not None and (level == isolation or (isolation is None and level in SAFE)):
        return None
    if sys.platform == "win32":
        return "the sandbox needs a POSIX system; on Windows, run inside WSL2"
    wish = "safe isolation" if isolation is None else f"isolation {isolation!r}"
    gaps = "; ".join(
        f"{layer}: {why} (needs {REMEDIES.get(layer, 'another system')})" for layer, why in missing.items()
    )
    below = "" if level is None else f" This system reaches {level!r}; ask for isolation={level!r} to run all the same."
    return f"no {wish} here. Missing: {gaps or 'the fork server did not start'}.{below}"
