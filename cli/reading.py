"""Commands that read runs: report, diagnose, watch, review."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .app import app
from .options import COUNT, PATH, console, seed_option


@app.command(short_help="A run as one HTML page.")
@click.argument("run_dir", type=PATH)
def report(run_dir: Path) -> None:
    """Write the run in RUN_DIR as one HTML page with plots, and its measures as tables of one kind each."""
    from ..selfplay.report.write import write_report
    from ..selfplay.storage.run_folder import RunFolder
    from ..selfplay.tables.tables import write_tables

    run, screen = RunFolder.open(run_dir), console()
    if run.note:
        screen.print(f"note: {run.note}", soft_wrap=True)
    screen.print(f"Report: {write_report(run)}", soft_wrap=True)
    screen.print(f"Tables: {write_tables(run)}", soft_wrap=True)


@app.command(short_help="Look into a run: labels, difficulty, diversity, cross-play.")
@click.argument("run_dir", type=PATH)
@click.option("--play/--no-play", default=True, help="Ask the models too: frozen base, cross-play.")
@click.option("--consistency", is_flag=True, help="Teach a second head on the labels: does it find the wrong ones?")
@click.option("--proposals", type=COUNT, default=64, help="Questions per pair in cross-play.")
@seed_option
def diagnose(run_dir: Path, **options: Any) -> None:
    """Look into the run in RUN_DIR: label and reward accuracy, difficulty, diversity, forgetting, cross-play."""
    from ..selfplay.commands.diagnose import diagnose_run

    diagnose_run(run_dir, **options, console=console())


@app.command(short_help="Watch runs in a browser as they go on.")
@click.argument("folders", nargs=-1, required=True, metavar="RUN_OR_FOLDER...", type=PATH)
@click.option("--port", type=click.IntRange(0, 65_535), help="0: any; left out: one that belongs to the folders.")
@click.option("--host", default="127.0.0.1", help="Where connections are taken; others than this machine's need care.")
@click.option("--beside", type=int, hidden=True)
def watch(folders: tuple[Path, ...], **options: Any) -> None:
    """Watch runs in a browser as they go on: losses, outputs, labels, resources. Ctrl-C ends it, and no run.

    Reads run folders only: finished, running, killed and copied runs, one or many. Prints the address to open.
    """
    from ..selfplay.commands.watch import watch as serve

    serve(folders, **options)


@app.command(short_help="Decide about questions, labels and answers of a run.")
@click.argument("run_dir", type=PATH)
@click.option("--reviewer", help="Who decides; left out: the name you are logged in by.")
@click.option(
    "--export", "tool", type=click.Choice(["label-studio", "argilla"]), help="Write the open items for a tool."
)
@click.option("--out", type=PATH, help="The file to --export to.")
@click.option("--import", "answers", type=PATH, help="Read the answers that a tool gave.")
def review(run_dir: Path, **options: Any) -> None:
    """Decide with the keyboard about what the gates of the run in RUN_DIR picked; leave and go on whenever you like.

    Works beside the run, which takes decisions over in its stage `review`. What gates are, and what decisions do:
    docs/review.md.
    """
    from ..selfplay.commands.review import review_command

    review_command(run_dir, **options, console=console())
