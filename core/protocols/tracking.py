"""Trackers: who keeps a record of runs elsewhere, such as TensorBoard or Weights & Biases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

Cell: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """What a tracker is told of a run before anything that happens in it.

    Attributes:
        name: for people: the name of the run folder.
        id: twelve hexadecimal digits, no other run's, and the same however often the run is resumed.
        folder: the run folder; what a tracker writes on disk goes below it.
        settings: all settings by their path, without secrets.
        step: the first step it will be told of: 0 for a new run. Steps from here on that it knows already are of a
            process that was killed, and come again with equal values.
    """

    name: str
    id: str
    folder: Path
    settings: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    step: int = 0


@runtime_checkable
class Tracker(Protocol):
    """Keeps a record of a run somewhere. It may raise whatever it wants: then the run goes on without it."""

    def begin(self, run: TrackedRun) -> None:
        """A run begins, or is resumed; then there must be one curve, not two."""
        ...

    def log(self, measures: Mapping[str, float], step: int) -> None:
        """The `measures` of a step: finite numbers by name, such as "solver/loss". Steps only grow."""
        ...

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], step: int) -> None:
        """A table of that `name`, as it is at a step: `rows` of one cell per name of `columns`.

        Texts are what models wrote, cut, and without what no file can hold.
        """
        ...

    def end(self, reason: str) -> None:
        """The run is over in this process: "done", "stopped" (it may be resumed) or "failed"."""
        ...
