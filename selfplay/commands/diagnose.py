"""What `selfplay-gym diagnose RUN` does: measure, print, write `diagnosis.html` and `diagnosis.json` into the run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rich.console import Console

from ..diagnose.consistency import label_consistency
from ..diagnose.frozen import frozen_difficulty
from ..diagnose.measure import Diagnosis, diagnose
from ..diagnose.page import to_html, to_json, to_terminal
from ..diagnose.play import CrossPlay, can_cross_play, cross_play_run
from ..terminal import Terminal


def diagnose_run(
    run: Path,
    *,
    play: bool = True,
    consistency: bool = False,
    proposals: int = 64,
    seed: int = 0,
    console: Console | None = None,
) -> tuple[Diagnosis, CrossPlay | None]:
    """Diagnose a run folder.

    Args:
        play: also ask the models: the frozen base answers each round's questions, and the kept checkpoints play each
            other if the challenger is a model that writes math questions (seconds to minutes).
        consistency: also teach a second head on the run's labels, and see whether it finds the wrong ones.
        proposals: questions per round for the base, and per pair in cross-play.
    """
    console = console or Terminal()
    diagnosis = diagnose(run)
    crossed = None
    if play:
        with console.status("questions for the frozen base") as status:
            diagnosis.difficulty.extend(
                frozen_difficulty(
                    run,
                    questions=proposals,
                    seed=seed,
                    progress=lambda done, total: status.update(f"the frozen base: {done} of {total} rounds"),
                )
            )
            if can_cross_play(run):
                crossed = cross_play_run(
                    run,
                    proposals=proposals,
                    seed=seed,
                    progress=lambda done, total: status.update(f"cross-play: {done} of {total} pairs"),
                )
    if consistency:
        with console.status("a second head reads the labels"):
            diagnosis = replace(diagnosis, consistency=label_consistency(run, seed=seed))
    console.print(to_terminal(diagnosis, crossed, console.width))
    for name, text in (
        ("diagnosis.html", to_html(diagnosis, crossed)),
        ("diagnosis.json", to_json(diagnosis, crossed)),
    ):
        (run / name).write_text(text, encoding="utf-8")
        console.print(f"wrote {run / name}", soft_wrap=True, highlight=False)
    return diagnosis, crossed
