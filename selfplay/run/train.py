"""`train`: start or continue a run, stop it politely, and say how it went."""

from __future__ import annotations

import shlex
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from ...agents.addressing import BARE, INSTRUCTED, template_for
from ...agents.distributed.process_group import FAILED, STOPPED, ProcessGroup, launched_alone, rank_and_size
from ...agents.packages import check_models
from ...core.errors import ConfigError, RunError
from ...core.interrupts import Stopped
from ...core.options import parse_named
from ...core.options.paths import path_of
from ..evaluations.hook import FullEvaluations
from ..guard.controller import GuardController
from ..hooks import Hook
from ..live.feed import LiveFeed
from ..pages.wording import counted
from ..progress import Progress
from ..reviews.gates import ReviewGates
from ..roles.build import build_on_all, build_roles
from ..roles.role import BuildRoles
from ..settings.config import TRAINING, RunConfig
from ..settings.files import absolute_paths, stored_config, to_toml
from ..settings.presets import preset
from ..settings.tree import flatten
from ..settings.turn_games import turn_game_of
from ..sharing.hook import Pages
from ..storage.files import make_folder
from ..storage.lock import hold
from ..storage.recovery import reopen
from ..storage.run_folder import RunFolder
from ..trackers.hook import Trackers
from .machine.state_machine import Run
from .provenance import describe_environment
from .run import SelfPlay
from .schedule.parts import Schedule
from .stage import DONE, Interrupted
from .turns.run import TurnPlay

FREE = ("rounds", "live.", "trackers")
"""Settings that may differ on resume, as the run up to there would have been the same."""

LEARNING = (*TRAINING, "warm_up", "adapt", "feedback")
"""Our stages that train a role."""


class StopRequest:
    """Ctrl-C or SIGTERM: inside a training stage finish the step, save, leave; elsewhere leave at once, because what
    was committed last is where the run goes on anyway. A second signal never waits.

    Attributes:
        progress: tells people that it stops.
        run: the run that is to stop; `None` as long as there is none.
        waits: whether every stage is finished first: several processes must agree on where they stop.
        code: exit code of a process that was stopped so, 128 and the number of the signal.
    """

    def __init__(self, progress: Progress, waits: bool = False) -> None:
        self.asked, self.progress, self.waits = False, progress, waits
        self.run: Run | None = None
        self.code = Stopped().code

    def __call__(self) -> bool:
        return self.asked

    def on_signal(self, number: int = signal.SIGINT, *_: object) -> None:
        """Note the request.

        Raises:
            Stopped: there is nothing to wait for.
        """
        before, self.asked, self.code = self.asked, True, Stopped(number).code
        stage = None if self.run is None else self.run.stage
        if before or self.run is None or not (self.waits or getattr(stage, "saves_steps", False)):
            raise Stopped(number)
        again = "Ctrl-C again" if number == signal.SIGINT else "a second SIGTERM"
        self.progress.warn(None, f"stopping after this step; {again} stops at once")


def train(
    config: RunConfig | Mapping[str, Any] | str,
    run_dir: str | Path,
    *,
    resume: bool = False,
    console: Console | Progress | None = None,
) -> RunFolder:
    """Play a run to its end and return its folder.

    Started by `torchrun` in several processes, the first plays the run, and the others help it; see
    `docs/multi_process.md`.

    Args:
        config: a `RunConfig`, changes of the defaults as a mapping, or a preset's name. On resume those the run was
            started with, but for more `rounds`, which prolong it; a mapping then means changes of the run's own.
        run_dir: the run folder, created unless `resume`.
        console: where progress is shown, or what shows it; `None` for silence.

    Raises:
        ConfigError: settings that cannot work.
        MissingExtraError: a light installation trains no language models.
        RunError: the folder holds another run, or none to resume, or another process plays there.
        Interrupted: stopped by the user; what was committed last is where the run goes on.
    """
    check_models("training")
    run_dir = checked_folder(config, run_dir, console)
    if resume and isinstance(config, Mapping):
        config = stored_config(RunFolder.found(run_dir)).replace(config)
    config = absolute_paths(as_config(config))
    _use_threads(config.compute.threads)
    with ProcessGroup.join(config.compute.device) as group:
        if not group.is_rank0:
            return _serve(group, run_dir)
        shown = console if isinstance(console, Progress) else Progress(console)
        with ExitStack() as held, shown as progress, _polite_stop(progress, not group.alone) as stop:
            if resume:
                held.enter_context(hold(RunFolder.found(run_dir).path))
            folder = _resumed(config, run_dir, progress) if resume else RunFolder.vacant(run_dir)
            if launched_alone():
                progress.warn(None, "accelerate launch started a single process; for several use torchrun")
            shared: dict[str, Any] = {} if group.alone else {"build": build_on_all(group)}
            # settings that cannot work are refused here, before anything is written
            live, trackers, evaluations = _watchers(config, folder, progress)
            run = stop.run = make_run(config, folder, progress, stop, further=[evaluations, live, trackers], **shared)
            held.callback(run.close)
            for warning in _doubts(config, run):
                progress.warn(None, warning)
            if resume and folder.config != to_toml(config):
                folder.replace_config(to_toml(config))  # prolonged
            if not resume:
                make_folder(run_dir)
                held.enter_context(hold(run_dir))
                folder.begin(to_toml(config), {**describe_environment(), "processes": group.size})
            try:
                with live, trackers, evaluations:
                    run.run()
            except (Interrupted, KeyboardInterrupt) as error:
                group.end(STOPPED)
                raise Interrupted.by(error, stop.code) from None
    return folder


def checked_folder(config: Any, run_dir: Any, console: Any) -> Path:
    """The folder of a run that is about to be played.

    Args:
        config, run_dir, console: see `train`; of any type as yet.

    Raises:
        ConfigError: one of them is nothing that `train` takes.
    """
    if not isinstance(config, Mapping):
        as_config(config)
    if not isinstance(console, Console | Progress | None):
        raise ConfigError(f"console must be a rich.console.Console, or None for silence, got {console!r:.80}")
    return path_of("run_dir", run_dir, "runs/tiny")


def _doubts(config: RunConfig, run: Run) -> Iterator[str]:
    """What can be played, and is hardly meant."""
    if not any(parse_named(stage).name in LEARNING for stage in config.all_stages):
        yield "no stage trains a role: this run only asks, answers, labels and examines"
    if config.template == BARE:
        for name, role in run.roles.items():
            if template_for(role.agent) != BARE:
                model = config.roles[name].model
                yield (
                    f"roles.{name}.model={model} follows instructions, and template={BARE} gives it none, as exam and "
                    f"bench do: --set template={INSTRUCTED}"
                )


def _use_threads(count: int | None) -> None:
    """Let torch use that many threads; 0 and `None` leave it as it is."""
    import torch

    if count:
        torch.set_num_threads(count)


def make_run(
    config: RunConfig,
    folder: RunFolder,
    progress: Progress | None = None,
    stop: Callable[[], bool] = lambda: False,
    build: BuildRoles = build_roles,
    further: Sequence[Hook] = (),
) -> Run:
    """A run with the stages of its settings, under the guard and further hooks; see `SelfPlay` and `TurnPlay`."""
    gates = [ReviewGates(config.review_gates)] if config.gates else []
    # a step is shown, then what is wrong, of which gates know
    hooks = [progress or Progress(), GuardController(config.guard), *gates, *further, Pages(config)]
    kind: type[Run] = SelfPlay if turn_game_of(config.env) is None else TurnPlay
    return kind(config, folder, Schedule.of(config), hooks, stop, build)


def _watchers(config: RunConfig, folder: RunFolder, progress: Progress) -> tuple[LiveFeed, Trackers, FullEvaluations]:
    """The hooks that are open while the run goes on."""
    warn = partial(progress.warn, None)
    evaluations = FullEvaluations(folder.path, config.evaluation, progress.say).checked()
    return LiveFeed(folder.path, config.live, warn), Trackers(config, folder, warn), evaluations


def as_config(config: RunConfig | Mapping[str, Any] | str) -> RunConfig:
    """Settings in any of the forms `train` takes; raises ConfigError for anything else."""
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


def resume_position(folder: RunFolder) -> str:
    """Where a run stands, for people."""
    state = folder.state
    if state.get("phase") == DONE:
        return f"finished after round {state['round']}"
    return f"round {state.get('round', 0)}, {state.get('phase') or 'the start'}, step {state.get('step', 0)}"


def _resumed(config: RunConfig, run_dir: Path, progress: Progress) -> RunFolder:
    """The folder of a run that goes on; damage sends it back to the last whole state."""
    stored = stored_config(RunFolder.found(run_dir))
    if config != stored:
        _check_prolonged(stored, config, run_dir)
    folder, damage = reopen(run_dir)
    if damage is not None:
        progress.warn(None, damage)
    progress.say(f"Resuming {run_dir}: {resume_position(folder)}")
    if folder.state.get("phase") == DONE:
        over = bool(folder.state.get("part", {}).get("over"))
        if over or folder.state["round"] >= config.rounds:
            progress.say(_nothing_left(config, over, run_dir))
    return folder


def _nothing_left(config: RunConfig, over: bool, run_dir: Path) -> str:
    """That a run which is to go on is finished, and how it can be played on; `over` says that its schedule is."""
    if over:
        return "Nothing was left to do: the last part of its schedule is over, and more rounds do not prolong it"
    more = f"selfplay-gym train --resume --run-dir {shlex.quote(str(run_dir))} --set rounds={config.rounds + 1}"
    return f"Nothing was left to do: all of {counted(config.rounds, 'round')} played. For more: {more}"


def _check_prolonged(stored: RunConfig, asked: RunConfig, run_dir: Path) -> None:
    """Refuse to go on with other settings, by name; more rounds are welcome, and whoever watches may change."""
    before, now = dict(flatten(stored.as_dict())), dict(flatten(asked.as_dict()))
    other = [path for path in {**before, **now} if before.get(path) != now.get(path)]
    changed = [f"{path} was {before.get(path)!r}, not {now.get(path)!r}" for path in other if not path.startswith(FREE)]
    if changed:
        raise RunError(
            f"{run_dir} was started with other settings: {'; '.join(changed)}. Only rounds may grow on resume, and "
            "live and trackers change; start a run in another --run-dir for anything else"
        )
    if asked.rounds < stored.rounds:
        raise RunError(f"{run_dir} plays rounds={stored.rounds}: they can grow, not shrink to {asked.rounds}")


def _serve(group: ProcessGroup, run_dir: Path) -> RunFolder:
    """Take part in a run that rank 0 plays, until it says that it is over. Signals to stop are for that process."""
    with _handled(signal.SIG_IGN):
        build_on_all(group)
        how = group.serve()
    if how == STOPPED:
        raise Interrupted
    if how == FAILED:
        raise RunError("rank 0 of this run could not go on; its own message says why")
    return RunFolder.open(run_dir)


@contextmanager
def _polite_stop(progress: Progress, waits: bool) -> Iterator[StopRequest]:
    """Answer Ctrl-C and SIGTERM."""
    stop = StopRequest(progress, waits)
    with _handled(stop.on_signal):
        yield stop


@contextmanager
def _handled(handler: Any) -> Iterator[None]:
    """Both signals that ask to stop go to `handler`; outside the main thread they belong to somebody else."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, before in previous.items():
            signal.signal(number, before)


__all__ = [
    "Interrupted",
    "StopRequest",
    "as_config",
    "checked_folder",
    "is_rank0",
    "make_run",
    "resume_position",
    "train",
]
