"""What `selfplay-gym diagnose RUN` does: measure, print, write `diagnosis.html` and `diagnosis.json` into the run."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from .measure import Diagnosis, diagnose
from .page import to_html, to_json, to_terminal
from .play import CrossPlay, cross_play_run


def diagnose_run(
    run: Path, *, play: bool = True, proposals: int = 64, seed: int = 0, console: Console | None = None
) -> tuple[Diagnosis, CrossPlay | None]:
    """Diagnose a run folder.

    Args:
        play: also let the kept checkpoints play each other (needs the models; seconds to minutes).
        proposals: questions per pair in cross-play.
    """
    console = console or Console()
    diagnosis = diagnose(run)
    crossed = None
    if play:
        with console.status("cross-play") as status:
            crossed = cross_play_run(
                run,
                proposals=proposals,
                seed=seed,
                progress=lambda done, total: status.update(f"cross-play: {done} of {total} pairs"),
            )
    console.print(to_terminal(diagnosis, crossed))
    for name, text in (
        ("diagnosis.html", to_html(diagnosis, crossed)),
        ("diagnosis.json", to_json(diagnosis, crossed)),
    ):
        (run / name).write_text(text, encoding="utf-8")
        console.print(f"wrote {run / name}", soft_wrap=True, highlight=False)
    return diagnosis, crossed
