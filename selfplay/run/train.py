"""`train`: start or continue a run, stop it politely, and say how it went."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from ...agents.distributed.process_group import FAILED, STOPPED, ProcessGroup, launched_alone, rank_and_size
from ...core.errors import RunError
from ..progress import Progress
from ..roles.build import fill_together
from ..settings.config import RunConfig
from ..storage.recovery import fall_back
from ..storage.run_folder import RunFolder
from .provenance import describe_environment
from .run import Interrupted, SelfPlay, resume_position


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

    Started by `torchrun` in several processes, the first plays the run, and the others help it; see
    `docs/multi_process.md`.

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
    with ProcessGroup.join(config.device) as world:
        if not world.is_rank0:
            return _help(world, run_dir)
        folder = _resumed(config, run_dir, console) if resume else RunFolder.vacant(run_dir)
        with Progress(console) as progress, _polite_stop(progress) as stop:
            if launched_alone():
                progress.warn("accelerate launch started a single process; for several use torchrun")
            shared: dict[str, Any] = {} if world.alone else {"fill": fill_together(world)}
            run = SelfPlay(config, folder, progress, stop, **shared)  # settings that cannot work are refused here
            if not resume:
                folder.begin(config.as_dict(), {**describe_environment(), "processes": world.size})
            try:
                run.run()
            except Interrupted:
                world.end(STOPPED)
                raise
    return folder


def leads() -> bool:
    """Whether this process plays the run itself: always, unless `torchrun` started it to help another one."""
    return rank_and_size()[0] == 0


def _resumed(config: RunConfig, run_dir: Path, console: Console | None) -> RunFolder:
    """The folder of a run that goes on; damaged checkpoints send it back to the last whole state."""
    folder = RunFolder.resume(run_dir)
    if RunConfig.from_dict(folder.config) != config:
        raise RunError(f"{run_dir} was started with other settings; resume it without changing any")
    told = fall_back(folder)
    if console is not None and told is not None:
        console.print(f"warning: {told}", highlight=False)
    if console is not None:
        console.print(f"Resuming {run_dir}: {resume_position(folder)}", highlight=False)
    return folder


def _help(world: ProcessGroup, run_dir: Path) -> RunFolder:
    """Take part in a run that another process plays, until it says that it is over. Ctrl-C is for that process."""
    in_main = threading.current_thread() is threading.main_thread()
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN) if in_main else None
    try:
        fill_together(world)
        how = world.serve()
    finally:
        if in_main:
            signal.signal(signal.SIGINT, previous)
    if how == STOPPED:
        raise Interrupted
    if how == FAILED:
        raise RunError("the process that leads this run could not go on; its own message says why")
    return RunFolder.open(run_dir)


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


__all__ = ["Interrupted", "Stop", "leads", "stored_config", "train"]
