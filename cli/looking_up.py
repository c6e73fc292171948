"""Commands about this installation: list, doctor, completion."""

from __future__ import annotations

import click

from ..selfplay.completion.shells import SHELLS, script
from .app import app
from .options import console


@app.command("list", short_help="What is registered.")
@click.argument("kind", required=False)
def list_names(kind: str | None) -> None:
    """What there is: all of it, or one KIND, such as verifiers, agents, sources, envs, presets or suites; an unknown
    one is answered with all kinds. `list settings.roles` shows a part of the settings."""
    from ..selfplay.commands.list_names import print_names

    print_names(kind, console())


@app.command(short_help="What holds on this machine.")
def doctor() -> None:
    """What holds on this machine: versions, extras, devices, and the layers of the sandbox."""
    from ..selfplay.commands.doctor import doctor as look

    for finding in look():
        click.echo(finding)


@app.command(short_help="Tab completion for bash or zsh.")
@click.argument("shell", type=click.Choice(sorted(SHELLS)))
def completion(shell: str) -> None:
    """Print what makes SHELL complete commands, options, agents, suites, presets, settings and runs.

    In ~/.bashrc: eval "$(selfplay-gym completion bash)"; in ~/.zshrc, after compinit, likewise with zsh.
    """
    click.echo(script(app, shell), nl=False)
