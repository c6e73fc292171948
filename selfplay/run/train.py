"""`train`: start or continue a run, stop it politely, and say how it went."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from ...agents.distributed.process_group import FAILED, STOPPED, ProcessGroup, launched_alone, rank_and_size
from ...core.errors import ConfigError, RunError
from ..guard.controller import GuardController
from ..progress import Progress
from ..roles.build import build_on_all, build_roles
from ..roles.role import BuildRoles
from ..settings.config import RunConfig
from ..settings.files import stored_config, to_toml
from ..settings.presets import preset
from ..settings.tree import flatten
from ..storage.recovery import recover
from ..storage.run_folder import RunFolder
from .provenance import describe_environment
from .run import Interrupted, SelfPlay
from .stage import DONE, make_stages


class StopRequest:
    """Ctrl-C once: finish the step, save, leave. Twice: leave at once; the last save stands."""

    def __init__(self, progress: Progress) -> None:
        self.asked, self.progress = False, progress

    def __call__(self) -> bool:
        return self.asked

    def on_signal(self, *_: object) -> None:
        """Note the request; the second one does not wait."""
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self.progress.warn(None, "stopping after this step; Ctrl-C again to stop at once")


def train(
    config: RunConfig | Mapping[str, Any] | str,
    run_dir: str | Path,
    *,
    resume: bool = False,
    console: Console | None = None,
) -> RunFolder:
    """Play a run to its end and return its folder.

    Started by `torchrun` in several processes, the first plays the run, and the others help it; see
    `docs/multi_process.md`.

    Args:
        config: the settings: a `RunConfig`, changes of the defaults as a mapping, or a preset's name. On resume they
            must be those the run was started with, but for more `rounds`, which prolong it; a mapping then means
            changes of the run's own: `train({"rounds": 8}, run_dir, resume=True)`.
        run_dir: the run folder, created unless `resume`.
        console: where progress is shown; `None` for silence.

    Raises:
        ConfigError: settings that cannot work.
        RunError: the folder holds another run, or none to resume.
        Interrupted: stopped by the user; everything is saved.
    """
    import torch

    run_dir = Path(run_dir)
    if resume and isinstance(config, Mapping):
        config = stored_config(RunFolder.open(run_dir)).replace(config)
    config = as_config(config)
    if config.compute.threads:
        torch.set_num_threads(config.compute.threads)
    with ProcessGroup.join(config.compute.device) as group:
        if not group.is_rank0:
            return _serve(group, run_dir)
        folder = _resumed(config, run_dir, console) if resume else RunFolder.vacant(run_dir)
        with Progress(console) as progress, _polite_stop(progress) as stop:
            if launched_alone():
                progress.warn(None, "accelerate launch started a single process; for several use torchrun")
            shared: dict[str, Any] = {} if group.alone else {"build": build_on_all(group)}
            # settings that cannot work are refused here, before anything is written
            run = make_run(config, folder, progress, stop, **shared)
            if not any(name.startswith("train(") for name in config.stages):
                progress.warn(None, "no stage trains a role: this run only asks, answers, labels and examines")
            if resume and folder.config != to_toml(config):
                folder.replace_config(to_toml(config))  # prolonged
            if not resume:
                folder.begin(to_toml(config), {**describe_environment(), "processes": group.size})
            try:
                run.run()
            except Interrupted:
                group.end(STOPPED)
                raise
    return folder


def make_run(
    config: RunConfig,
    folder: RunFolder,
    progress: Progress | None = None,
    stop: Callable[[], bool] = lambda: False,
    build: BuildRoles = build_roles,
) -> SelfPlay:
    """A run with the stages of its settings, under the guard; see `SelfPlay`."""
    hooks = [progress or Progress(), GuardController(config.guard)]  # a step is shown, then what is wrong with it
    return SelfPlay(config, folder, make_stages(config.stages), hooks, stop, build)


def as_config(config: RunConfig | Mapping[str, Any] | str) -> RunConfig:
    """Settings in any of the forms `train` takes."""
    if isinstance(config, RunConfig):
        return config
    if isinstance(config, str):
        return preset(config)
    if isinstance(config, Mapping):
        return RunConfig.from_dict(config)
    raise ConfigError(f"config must be a RunConfig, a mapping or a preset's name, got {config!r}")


def is_rank0() -> bool:
    """Whether this process plays the run itself: always, unless `torchrun` started it to help another one."""
    return rank_and_size()[0] == 0


def resume_position(folder: RunFolder, config: RunConfig) -> str:
    """Where a run stands, for people.

    Raises:
        RunError: the state names a stage that the settings do not have.
    """
    state, known = folder.state, [stage.name for stage in make_stages(config.stages)]
    phase = state.get("phase", known[0])
    if phase not in (*known, DONE):
        raise RunError(f"{folder.path} stands at stage {phase!r}, which its settings do not have: {', '.join(known)}")
    if phase == DONE:
        return f"finished after round {state['round']}"
    return f"round {state.get('round', 0)}, {phase}, step {state.get('step', 0)}"


def _resumed(config: RunConfig, run_dir: Path, console: Console | None) -> RunFolder:
    """The folder of a run that goes on; damaged checkpoints send it back to the last whole state."""
    folder = RunFolder.resume(run_dir)
    stored = stored_config(folder)
    if config != stored:
        _check_prolonged(stored, config, run_dir)
    position = resume_position(folder, config)
    report = recover(folder)
    if console is not None and report is not None:
        console.print(f"warning: {report}", highlight=False, markup=False)
    if console is not None:
        position = resume_position(folder, config) if report is not None else position
        console.print(f"Resuming {run_dir}: {position}", highlight=False, markup=False)
    return folder


def _check_prolonged(stored: RunConfig, asked: RunConfig, run_dir: Path) -> None:
    """Refuse to go on with other settings, by name; more rounds are welcome."""
    before, now = dict(flatten(stored.as_dict())), dict(flatten(asked.as_dict()))
    other = [path for path in {**before, **now} if before.get(path) != now.get(path)]
    changed = [f"{path} was {before.get(path)!r}, not {now.get(path)!r}" for path in other if path != "rounds"]
    if changed:
        raise RunError(
            f"{run_dir} was started with other settings: {'; '.join(changed)}. Only rounds may grow on resume; start a "
            "run in another --run-dir for anything else"
        )
    if asked.rounds < stored.rounds:
        raise RunError(f"{run_dir} plays rounds={stored.rounds}: they can grow, not shrink to {asked.rounds}")


def _serve(group: ProcessGroup, run_dir: Path) -> RunFolder:
    """Take part in a run that rank 0 plays, until it says that it is over. Ctrl-C is for that process."""
    in_main = threading.current_thread() is threading.main_thread()
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN) if in_main else None
    try:
        build_on_all(group)
        how = group.serve()
    finally:
        if in_main:
            signal.signal(signal.SIGINT, previous)
    if how == STOPPED:
        raise Interrupted
    if how == FAILED:
        raise RunError("rank 0 of this run could not go on; its own message says why")
    return RunFolder.open(run_dir)


@contextmanager
def _polite_stop(progress: Progress) -> Iterator[StopRequest]:
    """Answer Ctrl-C between steps; outside the main thread signals belong to somebody else."""
    stop = StopRequest(progress)
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    previous = signal.signal(signal.SIGINT, stop.on_signal)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, previous)


__all__ = ["Interrupted", "StopRequest", "as_config", "is_rank0", "make_run", "resume_position", "train"]
