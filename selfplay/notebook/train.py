"""`selfplay_gym.train`: a run from Python, shown as it goes on: in the cell of a notebook, or on the error stream."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from ...agents.packages import check_models
from ..progress import Progress
from ..run.train import checked_folder
from ..run.train import train as play
from ..settings.config import RunConfig
from ..terminal import Terminal
from .display import NotebookProgress, in_notebook
from .run import Run


def train(
    config: RunConfig | Mapping[str, Any] | str,
    run_dir: str | Path | None = None,
    *,
    resume: bool = False,
    console: Console | None = None,
    show: bool = True,
) -> Run:
    """Play a run to its end and return it.

    In a notebook its progress is shown in the output of the cell, elsewhere on the error stream: bars on a terminal, a
    line per stage and step in a file, as by the command line.

    Args:
        config: the settings: a `RunConfig`, changes of the defaults as a mapping, or a preset's name. On resume they
            must be those the run was started with, but for more `rounds`, which prolong it; a mapping then means
            changes of the run's own: `train({"rounds": 8}, run_dir, resume=True)`.
        run_dir: the run folder, created unless `resume`; `None` is an error, as an empty path is.
        console: where progress is shown instead.
        show: `False` for silence, unless there is a console.

    Raises:
        ConfigError: settings that cannot work.
        MissingExtraError: a light installation trains no language models.
        RunError: the folder holds another run, or none to resume, or another process plays there.
        Interrupted: stopped by the user; what was committed last is where the run goes on.
    """
    shown: Console | Progress | None = console
    if console is None and show:
        shown = NotebookProgress() if in_notebook() else Terminal(stderr=True)
    check_models("training")
    folder = checked_folder(config, run_dir, shown)
    play(config, folder, resume=resume, console=shown)
    return Run(folder)
