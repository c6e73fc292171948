"""The group that every command joins."""

from __future__ import annotations

import click

from ..selfplay.commands.door import CommandGroup


@click.group(
    cls=CommandGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100, "show_default": True},
)
@click.version_option(package_name="selfplay-gym", prog_name="selfplay-gym")
def app() -> None:
    """Language models teach themselves by playing challenger against solver."""
