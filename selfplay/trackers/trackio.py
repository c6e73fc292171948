"""trackio: a run in a project, in a database on this machine or in a Space of Hugging Face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...core.errors import MissingExtraError
from ...core.protocols import Cell, TrackedRun
from ...core.registries import register_tracker
from .installed import is_installed


@register_tracker("trackio")
class Trackio:
    """A run of trackio, which keeps all runs in a folder of its own (`TRACKIO_DIR`).

    Args:
        project: its name there.
        space: a Space that shows it, "user/name"; `None` keeps it on this machine.
        private: whether a new Space is.
    """

    def __init__(self, project: str = "selfplay-gym", space: str | None = None, private: bool = True) -> None:
        if not is_installed("trackio"):
            raise MissingExtraError("trackio", "trackio", "trackers=['trackio']")
        self.project, self.space, self.private = project, space, private
        self._run: Any = None

    def begin(self, run: TrackedRun) -> None:
        """See `core.protocols.Tracker`. A resumed run is found by its name, of which the id is a part."""
        import trackio

        self._run = trackio.init(
            project=self.project,
            name=f"{run.name}-{run.id}",
            space_id=self.space,
            private=self.private,
            config=dict(run.settings),
            resume="allow",
            embed=False,
            auto_log_cpu=False,  # rows of its own would take steps
            auto_log_gpu=False,
        )

    def log(self, measures: Mapping[str, float], step: int) -> None:
        """See `core.protocols.Tracker`."""
        if measures:
            self._run.log(dict(measures), step=step)

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], step: int) -> None:
        """See `core.protocols.Tracker`."""
        import trackio

        data = [list(row) for row in rows]
        self._run.log({name: trackio.Table(columns=list(columns), data=data, allow_mixed_types=True)}, step=step)

    def end(self, reason: str) -> None:
        """See `core.protocols.Tracker`."""
        if self._run is not None:
            run, self._run = self._run, None
            run.finish()
