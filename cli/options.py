"""What options of several commands share."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console


class GivenPath(click.Path):
    """A path, which an empty text is not: `Path("")` is the present folder, which nobody named."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path; fails for "", and for "-", which elsewhere means a stream."""
        if value == "":
            self.fail("an empty path names nothing; the present folder is '.'.", param, ctx)
        if value == "-":
            self.fail("streams are not read or written here; a file of that name is './-'.", param, ctx)
        return super().convert(value, param, ctx)


class Within(click.FloatRange):
    """A number in a range, in which NaN never is, though it compares with neither end."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number."""
        found = super().convert(value, param, ctx)
        if math.isnan(found):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return found


PATH = GivenPath()
COUNT = click.IntRange(1, 1_000_000)
"""How often something is done: more would never end."""
SAMPLES = click.IntRange(1, 10_000)
"""How many answers to one question: they are drawn at once."""

seed_option = click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Root of all randomness."
)


def console(**options: Any) -> Console:
    """A terminal; rich is imported where something is shown, not for every `--help`."""
    from ..selfplay.terminal import Terminal

    return Terminal(**options)
