"""A page in parts: each is HTML with a name, so that a browser replaces only what has changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...pages.figures import BAD, CHALLENGER, GOOD, MUTED, SOLVER, VOTE
from ..render import render

SERIES = {SOLVER: "1", CHALLENGER: "2", GOOD: "3", VOTE: "4", MUTED: "8", BAD: "bad"}
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


def part(name: str, **values: Any) -> Part:
    """The part that the template `parts/NAME.html.j2` makes."""
    return Part(name, render(f"parts/{name}.html.j2", **values))
