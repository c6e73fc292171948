"""How numbers of things are written, and names and texts that come from outside."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from unicodedata import category, east_asian_width

if TYPE_CHECKING:
    from ..stats import Estimate, Paired

LONGEST = 2_000
"""Characters of a text shown at most."""
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Categories of characters that have no shape of their own."""


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


def in_per_cent(share: float | None, digits: int = 1) -> str:
    """ "61.3", for a column in per cent; a dash where there is no such share."""
    return "–" if share is None or math.isnan(share) else f"{100 * share:.{digits}f}"


def with_per_cent(share: float | None, digits: int = 1) -> str:
    """ "61.3 %"; a dash where there is no such share."""
    return "–" if share is None or math.isnan(share) else f"{in_per_cent(share, digits)} %"


def points(difference: Paired | None) -> str:
    """A difference in points with its interval, "+1.6 [+0.1, +3.0]"; a dash where there is none."""
    if difference is None or math.isnan(difference.points):
        return "–"
    return f"{difference.points:+.1f} [{difference.low:+.1f}, {difference.high:+.1f}]"


def shown(text: str, longest: int = LONGEST) -> str:
    """A text that came from outside, for people: what cannot be printed or turns the line around is replaced by "�",
    but for tabs and ends of lines, and very long texts are cut."""
    cut = text if len(text) <= longest else text[:longest] + " … (cut)"
    return "".join(c if c.isprintable() or c in "\n\t" else "�" for c in cut)


def is_hidden(character: str) -> bool:
    """Whether a character shows nothing, or changes how others are shown; a line's end is one."""
    return category(character) in _HIDDEN


def short_name(name: str, longest: int = 60) -> str:
    """A name in a line: a long one without its middle, for names differ at both ends."""
    line = " ".join(shown(name).split())
    if len(line) <= longest:
        return line
    end = (longest - 1) // 2
    return f"{line[: longest - 1 - end].rstrip()}…{line[len(line) - end :].lstrip()}"


def name_in_figure(name: str, width: float = 13.0) -> str:
    """A name in a figure, not wider than so many times its height; matplotlib leaves those out that begin with "_"."""
    line = short_name(name, longest := int(2.5 * width)) or "–"
    while width_of(line) > width:
        line = short_name(name, longest := longest - 1)
    return f" {line}" if line.startswith("_") else line


def width_of(text: str) -> float:
    """About how wide a text is, in times its height, in a font as wide as they come."""
    return sum(1.1 if east_asian_width(c) in "WF" else 0.95 if c.isupper() or c in "mw@%&#…" else 0.64 for c in text)
