"""How numbers of things are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..stats import Paired


def counted(number: int, noun: str) -> str:
    """ "1 line", "3 lines": a number with its noun, which takes an s."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def points(difference: Paired | None) -> str:
    """A difference in points with its interval, "+1.6 [+0.1, +3.0]"; a dash where there is none."""
    return "–" if difference is None else f"{difference.points:+.1f} [{difference.low:+.1f}, {difference.high:+.1f}]"
