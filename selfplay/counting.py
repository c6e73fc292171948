"""How somebody hears, of what takes long, how many of how many are done."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Count: TypeAlias = Callable[[int, int], None]
"""Is called with (done, in all)."""


def uncounted(done: int, total: int) -> None:
    """A `Count` for nobody."""
