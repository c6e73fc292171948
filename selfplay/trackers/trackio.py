"""trackio: a run in a project, in a database on this machine or a Space of Hugging Face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...core.errors import MissingExtraError
from ...core.protocols import Cell, TrackedRun
from ...core.registries import register_tracker
from .installed import is_installed


@register_tracker("trackio")
class Trackio:
    """A run of trackio, which keeps them all in its own folder (`TRACKIO_DIR`).

    Args:
        project: its name there.
        space: a Space that shows it, "user/name"; `None` keeps it on this machine.
    """

    def __init__(self, project: str = "selfplay-gym", space: str | None = None) -> None:
        if not is_installed("trackio"):
            raise MissingExtraError("trackio", "trackio", "trackers=['trackio']")
        self.project, self.space = project, space
        self._run: Any = None

    def begin(self, run: TrackedRun) -> None:
        """See `core.protocols.Tracker`."""
        import trackio

        self._run = trackio.init(
            project=self.project,
            name=f"{run.name}-{run.id}",
            space_id=self.space,
            config=dict(run.settings),
            resume="allow",
            embed=False,
        )

    def log(self, measures: Mapping[str, float], step: int) -> None:
        """See `core.protocols.Tracker`."""
        if measures:
            self._run.log(dict(measures), step=step)

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], step: int) -> None:
        """See `core.protocols.Tracker`."""
        import pandas
        import trackio

        frame = pandas.DataFrame([list(row) for row in rows], columns=list(columns))
        self._run.log({name: trackio.Table(dataframe=frame)}, step=step)

    def end(self, reason: str) -> None:
        """See `core.protocols.Tracker`."""
        if self._run is not None:
            run, self._run = self._run, None
            run.finish()
