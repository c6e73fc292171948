"""TensorBoard: event files, by torch's own writer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from ...core.errors import MissingExtraError
from ...core.options.paths import path_of
from ...core.protocols import Cell, TrackedRun
from ...core.registries import register_tracker
from .installed import is_installed

FLUSH_S = 5
"""Seconds until what was measured can be seen."""


@register_tracker("tensorboard")
class TensorBoard:
    """Event files for TensorBoard, in the folder `tensorboard` of the run or in one with other runs.

    Args:
        folder: a folder of several runs, each in its own below it; `None` keeps this one's in the run folder.
    """

    def __init__(self, folder: str | None = None) -> None:
        if not is_installed("tensorboard"):
            raise MissingExtraError("tensorboard", "trackers", "trackers=['tensorboard']")
        self.folder = None if folder is None else path_of("tensorboard: folder", folder, "runs/tensorboard").absolute()
        self._writer: Any = None

    def begin(self, run: TrackedRun) -> None:
        """See `core.protocols.Tracker`. What a killed process wrote from the step on is purged by the reader."""
        tensorboard: Any = import_module("torch.utils.tensorboard")  # of which a part has no types
        summary: Any = import_module("torch.utils.tensorboard.summary")

        own = run.folder / "tensorboard" if self.folder is None else self.folder / f"{run.name}-{run.id}"
        self._writer = writer = tensorboard.SummaryWriter(str(own), purge_step=run.step or None, flush_secs=FLUSH_S)
        if not run.step:  # `add_hparams` would begin a second run for them
            for part in summary.hparams(dict(run.settings), {}):
                writer.file_writer.add_summary(part)

    def log(self, measures: Mapping[str, float], step: int) -> None:
        """See `core.protocols.Tracker`."""
        for name, value in measures.items():
            self._writer.add_scalar(name, value, step)

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], step: int) -> None:
        """See `core.protocols.Tracker`: as a text in Markdown."""
        lines = [columns, ["---"] * len(columns), *rows]
        self._writer.add_text(name, "\n".join(_line(cells) for cells in lines), step)

    def end(self, reason: str) -> None:
        """See `core.protocols.Tracker`."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _line(cells: Sequence[Cell]) -> str:
    return "| " + " | ".join(map(_shown, cells)) + " |"


def _shown(cell: Cell) -> str:
    """A cell that stays one, and shows its text as it is."""
    if isinstance(cell, float):
        return f"{cell:g}"
    text = "" if cell is None else " ".join(str(cell).split())
    return "".join(f"&#{ord(letter)};" if letter in "|<>&`*_[]\\$" else letter for letter in text)
