"""The sentence at the top of a page: what came out, with the numbers, and no more than interval and test allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .wording import counted

if TYPE_CHECKING:
    from ..stats import Paired

SIGNIFICANT = 0.05
"""A p-value below it, with an interval on one side of 0, is more than chance."""


@dataclass(frozen=True, slots=True)
class Headline:
    """The outcome in two sentences.

    Attributes:
        tone: "better", "worse", or "open" where the outcome may be chance or is no comparison.
        text: what came out.
        detail: the numbers behind it, with intervals; "" without any.
    """

    tone: str
    text: str
    detail: str = ""


def tone_of(change: Paired | None, p_value: float | None = None) -> str:
    """ "better" or "worse" if the interval of a difference excludes 0 and its p-value is below 5 %, else "open".

    Args:
        p_value: after a correction for several tests; `None` takes that of the difference.
    """
    if change is None or not (change.p_value if p_value is None else p_value) < SIGNIFICANT:
        return "open"
    return "better" if change.low > 0 else "worse" if change.high < 0 else "open"


def difference(change: Paired) -> str:
    """A paired difference with everything that belongs to it."""
    return (
        f"{change.points:+.1f} points, 95 % interval [{change.low:+.1f}, {change.high:+.1f}], "
        f"exact p = {change.p_value:.2g} ({counted(change.better, 'question')} better, {change.worse} worse)"
    )
