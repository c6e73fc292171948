"""How numbers of things are written, and texts of models."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..stats import Estimate, Paired


LONGEST = 2_000
"""Characters of a model's text shown at most."""


def counted(number: int, noun: str) -> str:
    """ "1 line", "3 lines": a number with its noun, which takes an s."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def percent(estimate: Estimate | None, interval: bool = True, sign: str = "") -> str:
    """ "61.3 [58.0, 64.5]", in per cent; a dash where there is no such score.

    Args:
        sign: "+" writes a plus before what is not negative, as for a difference.
    """
    if estimate is None or math.isnan(estimate.value):
        return "–"
    value, low, high = (f"{100 * share:{sign}.1f}" for share in (estimate.value, estimate.low, estimate.high))
    return f"{value} [{low}, {high}]" if interval else value


def points(difference: Paired | None) -> str:
    """A difference in points with its interval, "+1.6 [+0.1, +3.0]"; a dash where there is none."""
    return "–" if difference is None else f"{difference.points:+.1f} [{difference.low:+.1f}, {difference.high:+.1f}]"


def shown(text: str, longest: int = LONGEST) -> str:
    """A model's text for people: control characters replaced, very long texts cut."""
    cut = text if len(text) <= longest else text[:longest] + " … (cut)"
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in cut)
