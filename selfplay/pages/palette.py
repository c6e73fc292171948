"""The colours of all pages and figures, read from where they are written: `static/page.css`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"
_COLOUR = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")


@dataclass(frozen=True, slots=True)
class Colours:
    """One colour on light and on dark ground, as "#rrggbb"."""

    light: str
    dark: str


@cache
def palette() -> dict[str, Colours]:
    """Custom property, without its dashes → its colours, in the order of the file."""
    css = (STATIC / "page.css").read_text(encoding="utf-8")
    return {name: Colours(light, dark) for name, light, dark in _COLOUR.findall(css)}
