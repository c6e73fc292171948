"""`selfplay_gym.train`: a run from Python, shown as it goes on where there is something to show it in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from ..run.train import train as play
from ..settings.config import RunConfig
from .display import NotebookProgress, in_notebook
from .run import Run


def train(
    config: RunConfig | Mapping[str, Any] | str,
    run_dir: str | Path,
    *,
    resume: bool = False,
    console: Console | None = None,
    show: bool = True,
) -> Run:
    """Play a run to its end and return it.

    In a notebook its progress is shown in the output of the cell; elsewhere nothing is, unless there is a console.

    Args:
        config: the settings: a `RunConfig`, changes of the defaults as a mapping, or a preset's name. On resume they
            must be those the run was started with, but for more `rounds`, which prolong it; a mapping then means
            changes of the run's own: `train({"rounds": 8}, run_dir, resume=True)`.
        run_dir: the run folder, created unless `resume`.
        console: where progress is shown instead.
        show: whether a notebook shows it.

    Raises:
        ConfigError: settings that cannot work.
        MissingExtraError: a light installation trains no language models.
        RunError: the folder holds another run, or none to resume, or another process plays there.
        Interrupted: stopped by the user; what was committed last is where the run goes on.
    """
    shown = NotebookProgress() if console is None and show and in_notebook() else console
    play(config, run_dir, resume=resume, console=shown)
    return Run(run_dir)
