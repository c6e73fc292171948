"""What options of several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

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
