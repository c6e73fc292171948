"""Commands that share runs: push."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .app import app
from .options import PATH, Within, console


@app.command(short_help="Send a model of a run, or its questions, to the Hugging Face hub.")
@click.argument("run_dir", type=PATH)
@click.option("--repo", metavar="[OWNER/]NAME", help="The repository; left out: the name of the folder.")
@click.option("--private", is_flag=True, help="Only its owner can read it.")
@click.option("--checkpoint", default="best", help="best, last, or a name such as solver-02-005.")
@click.option("--questions", is_flag=True, help="Send the questions as a data set instead of a model.")
@click.option("--dry-run", is_flag=True, help="Only show the files and their sizes.")
@click.option("--timeout", type=Within(1, 1_000_000), help="Seconds; left out: 60, and 4 a MiB.")
def push(run_dir: Path, **options: Any) -> None:
    """Send the best model of the run in RUN_DIR to the Hugging Face hub, with a card that says how it was made.

    Secrets, paths of this machine, locks and optimiser states stay here. Needs a token: `hf auth login` or HF_TOKEN.
    What goes along, and what not: docs/sharing.md.
    """
    from ..selfplay.sharing.push import push as send

    send(run_dir, **options, console=console())
