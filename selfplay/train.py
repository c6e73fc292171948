"""`train`: start or continue a run, stop it politely, and say how it went."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from ..core.errors import RunError
from .config import RunConfig
from .environment import describe_environment
from .guard.fallback import fall_back
from .progress import Progress
from .rounds import Interrupted, SelfPlay, resume_position
from .run_folder import RunFolder


class Stop:
    """Ctrl-C once: finish the step, save, leave. Twice: leave at once; the last save stands."""

    def __init__(self, progress: Progress) -> None:
        self.asked, self.progress = False, progress

    def __call__(self) -> bool:
        return self.asked

    def on_signal(self, *_: object) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self.progress.warn("stopping after this step; Ctrl-C again to stop at once")


def train(config: RunConfig, run_dir: Path, *, resume: bool = False, console: Console | None = None) -> RunFolder:
    """Play a run to its end and return its folder.

    Args:
        config: the settings; on resume they must equal those the run was started with.
        run_dir: the run folder, created unless `resume`.
        console: where progress is shown; `None` for silence.

    Raises:
        RunError: the folder holds another run, or none to resume.
        Interrupted: stopped by the user; everything is saved.
    """
    import torch

    if config.threads:
        torch.set_num_threads(config.threads)
    if resume:
        folder = RunFolder.resume(run_dir)
        if RunConfig.from_dict(folder.config) != config:
            raise RunError(f"{run_dir} was started with other settings; resume it without changing any")
        told = fall_back(folder)
        if console is not None and told is not None:
            console.print(f"warning: {told}", highlight=False)
        if console is not None:
            console.print(f"Resuming {run_dir}: {resume_position(folder)}", highlight=False)
    else:
        folder = RunFolder.vacant(run_dir)
    with Progress(console) as progress, _polite_stop(progress) as stop:
        run = SelfPlay(config, folder, progress, stop)  # settings that cannot work are refused here
        if not resume:
            folder.begin(config.as_dict(), describe_environment())
        run.run()
    return folder


def stored_config(run_dir: Path) -> RunConfig:
    """The settings a run was started with."""
    return RunConfig.from_dict(RunFolder.open(run_dir).config)


@contextmanager
def _polite_stop(progress: Progress) -> Iterator[Stop]:
    """Answer Ctrl-C between steps; outside the main thread signals belong to somebody else."""
    stop = Stop(progress)
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    previous = signal.signal(signal.SIGINT, stop.on_signal)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, previous)


__all__ = ["Interrupted", "Stop", "stored_config", "train"]
