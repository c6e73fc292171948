"""`selfplay-gym train`: settings from preset, file and command line; a run; its table and report."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from ...core.errors import ConfigError
from ..evaluations.page import PAGE as EVALUATIONS
from ..report.summary import print_summary
from ..report.write import write_report
from ..run.train import Interrupted, is_rank0, train
from ..settings.compose import changed, compose
from ..settings.files import stored_config
from ..storage.run_folder import RunFolder
from ..tables.tables import write_tables
from ..terminal import Terminal
from .watch import watched


def train_run(
    preset: str | None,
    *,
    file: Path | None,
    env: str | None,
    seed: int | None,
    run_dir: Path,
    resume: bool,
    settings: Sequence[str],
    watching: bool = False,
) -> int:
    """Start or continue a run; the exit code.

    Args:
        watching: show it in a browser meanwhile.

    Raises:
        ConfigError: settings that cannot work, or a preset for a run that goes on.
    """
    if resume and preset is not None:
        own = f"{run_dir} goes on with its own settings: leave --preset out"
        raise ConfigError(f"--preset {preset} is for a new run; {own}")
    if resume:
        config = changed(stored_config(RunFolder.found(run_dir)), file, settings, env=env, seed=seed)
    else:
        config = compose("tiny" if preset is None else preset, file=file, assignments=settings, env=env, seed=seed)
    console = Terminal(quiet=not is_rank0())
    try:
        with watched(run_dir) if watching and is_rank0() else nullcontext():
            folder = train(config, run_dir, resume=resume, console=console)
    except Interrupted as stop:
        reason = f" ({stop})" if str(stop) else ""
        command = f"selfplay-gym train --resume --run-dir {shlex.quote(str(run_dir))}"
        console.print(
            f"Stopped and saved{reason}. Continue with: {command}", soft_wrap=True, highlight=False, markup=False
        )
        return stop.code
    if not is_rank0():
        return 0
    print_summary(folder, console)
    write_tables(folder)
    console.print(f"Report: {write_report(folder)}", soft_wrap=True, highlight=False, markup=False)
    if (folder.path / EVALUATIONS).exists():
        console.print(f"Evaluations: {folder.path / EVALUATIONS}", soft_wrap=True, highlight=False, markup=False)
    return 0
