"""What is handed to the fork server for one run: bounds in its request, everything else in the task file."""

from __future__ import annotations

import dataclasses
import marshal
import math
from typing import Any

from ..limits import Limits
from .channel import shared_file


def request_for(limits: Limits, *, runs: int, channel: int, most_s: float = math.inf) -> dict[str, Any]:
    """The server's part: the limits of a child that makes `runs` calls (a script: 1) in at most `most_s` seconds, and
    the channel's size."""
    bounds = {field: getattr(limits, field) for field in _FIELDS}
    return {
        **bounds,
        "wall_total_s": min(limits.wall_s * runs, most_s),
        "cpu_total_s": limits.cpu_s * runs,
        "look_s": max(0.005, limits.wall_s / 20),
        "channel": channel,
    }


_FIELDS = [field.name for field in dataclasses.fields(Limits)]


def task_file(task: dict[str, Any]) -> int:
    """The child's part, which the server never reads: code and inputs, in a file of its own.

    In the interpreter's own format: it is the same interpreter, and reading it runs no Python, which in a fresh fork is
    dear. Nothing is ever read from a program that way.
    """
    return shared_file("task", marshal.dumps(task))
