"""A page in parts: each is HTML with a name, so that a browser replaces only what has changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...pages.figures import BAD, BETWEEN, COLOURS
from ..render import render

SERIES = {**{colour: str(number) for number, colour in enumerate(COLOURS, start=1)}, BAD: "bad", BETWEEN: "8"}
"""The colours of the report's figures, as classes of the dashboard's."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a page.

    Attributes:
        name: letters and dashes; unique on its page.
        html: safe to stand in the page.
    """

    name: str
    html: str


def part(name: str, /, **values: Any) -> Part:
    """The part that the template `parts/NAME.html.j2` makes."""
    return Part(name, render(f"parts/{name}.html.j2", **values))
