"""Commands that hand questions to other tools: export."""

from __future__ import annotations

from typing import Any

import click

from .app import app
from .options import COUNT, PATH, Within, console, seed_option

BOTH = "both"


@app.command(short_help="Write questions for another tool.")
@click.argument("source")
@click.option(
    "--format", required=True, help="For which tool: datasets, lm-eval or verl; with options as name(key=value)."
)
@click.option("--out", type=PATH, required=True, help="The folder that is written.")
@click.option("--split", type=click.Choice(["train", "held_out", BOTH]), help="Left out: what the tool needs.")
@click.option("--limit", type=COUNT, help="At most this many questions per split.")
@click.option("--level", "levels", type=Within(0, 1), multiple=True, help="Only this level; repeatable.")
@seed_option
@click.option("--force", is_flag=True, help="Replace the export that is in --out.")
def export(source: str, split: str | None, **options: Any) -> None:
    """Write the questions of SOURCE as the files of another tool.

    SOURCE is a suite as `bench --suite` takes it (mixed, rg:chain_sum, jsonl:FILE), a generator or a domain (its
    held-out questions are its suite, its training questions are all others), or a run folder: what its solver trained
    on, with the labels, and its exam. What each tool does with it: docs/interop_evaluators.md.
    """
    from ..interop.export import SPLITS
    from ..interop.export import export as write
    from ..selfplay.progress import counting

    splits = None if split is None else SPLITS if split == BOTH else (split,)
    with counting(console(stderr=True), f"questions of {source}") as count:
        said = write(source, splits=splits, **options, progress=count)
    click.echo(said)
