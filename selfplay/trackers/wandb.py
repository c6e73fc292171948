"""Weights & Biases: a run in a project, on its servers or, offline, in the run folder."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...core.errors import ConfigError, MissingExtraError
from ...core.protocols import Cell, TrackedRun
from ...core.registries import register_tracker
from .installed import is_installed

MODES = ("online", "offline")
PATIENCE_S = 30.0
"""Seconds to wait for the servers."""
SILENT = {
    "console": "off",
    "silent": True,
    "disable_code": True,
    "disable_git": True,
    "save_code": False,
    "host": "",
    "x_disable_machine_info": True,
    "x_disable_meta": True,
    "x_save_requirements": False,
}
"""What is not sent besides the record itself: output, source, command line, host, installed packages."""


@register_tracker("wandb")
class WandB:
    """A run of Weights & Biases; what it keeps on disk is the folder `wandb` of the run folder.

    Args:
        project, entity, group: where it stands there.
        tags: its tags.
        mode: "online", after `wandb login` or with `WANDB_API_KEY`; or "offline", to be sent by `wandb sync` later.

    Raises:
        ConfigError: another mode.
    """

    def __init__(
        self,
        project: str = "selfplay-gym",
        entity: str | None = None,
        group: str | None = None,
        tags: Sequence[str] = (),
        mode: str = "online",
    ) -> None:
        if mode not in MODES:
            raise ConfigError(f"wandb has mode online or offline, got {mode!r}")
        if not is_installed("wandb"):
            raise MissingExtraError("wandb", "wandb", "trackers=['wandb']")
        self.place = {"project": project, "entity": entity, "group": group}
        self.tags, self.mode = [tags] if isinstance(tags, str) else list(tags), mode
        self._run: Any = None

    def begin(self, run: TrackedRun) -> None:
        """See `core.protocols.Tracker`. Steps that the servers know already are dropped there: they are the same.

        Raises:
            ConfigError: nobody is logged in; nobody is asked for a key while a run waits.
        """
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        import wandb

        if self.mode == "online" and not wandb.login(prompt=False, verify=False):
            raise ConfigError("nobody is logged in: wandb login, WANDB_API_KEY, or wandb(mode=offline)")
        self._run = wandb.init(
            **self.place,
            id=run.id,
            name=run.name,
            dir=_made(run.folder),
            config=dict(run.settings),
            tags=self.tags,
            mode=self.mode,
            resume="allow" if self.mode == "online" else None,
            reinit="create_new",
            settings=wandb.Settings(init_timeout=PATIENCE_S, **SILENT),
        )

    def log(self, measures: Mapping[str, float], step: int) -> None:
        """See `core.protocols.Tracker`."""
        if measures:
            self._run.log(dict(measures), step=step)

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], step: int) -> None:
        """See `core.protocols.Tracker`."""
        import wandb

        data = [list(row) for row in rows]
        self._run.log({name: wandb.Table(columns=list(columns), data=data, allow_mixed_types=True)}, step=step)

    def end(self, reason: str) -> None:
        """See `core.protocols.Tracker`."""
        if self._run is not None:
            run, self._run = self._run, None
            run.finish(exit_code=0 if reason == "done" else 1)


def _made(folder: Path) -> str:
    """The folder below which `wandb` keeps its own, which is there."""
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)
