"""How a person sees a run go on: bars with the time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

SHOWN = {
    "challenger": ("mean_reward", "uncertainty", "band_share", "clusters"),
    "solver": ("mean_reward", "zero_variance_share", "kl", "entropy"),
}


class Progress:
    """Shows phases, steps and warnings; use it as a context.

    Args:
        console: where to; `None` shows nothing.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console
        self._bars: Bars | None = None
        self._run = self._current = TaskID(0)
        self._phase = ""

    def __enter__(self) -> Progress:
        if self.console is not None and self.console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bars = Bars(*columns, console=self.console, transient=True)
            self._run = self._bars.add_task("run", total=None)
            self._current = self._bars.add_task("", total=None)
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def phase(self, name: str, done: int, total: int) -> None:
        """The phase `name` begins; `done` of `total` phases lie behind."""
        self._phase = name
        if self._bars is not None:
            self._bars.update(self._run, completed=done, total=total)
            self._bars.reset(self._current, description=name, total=None)
        elif self.console is not None:
            self.console.print(name, highlight=False)

    def count(self, done: int, total: int) -> None:
        """`done` of `total` things of the phase are done."""
        if self._bars is not None:
            self._bars.update(self._current, completed=done, total=total)

    def show(self, role: str, measures: Mapping[str, Any]) -> None:
        """What one training step measured."""
        if self.console is None:
            return
        shown = " · ".join(f"{name} {measures[name]:.3g}" for name in SHOWN[role] if measures.get(name) is not None)
        if self._bars is not None:
            self._bars.update(self._current, description=f"{self._phase} · {shown}")
        else:
            self.line(shown)

    def line(self, text: str) -> None:
        """Something worth keeping on the screen."""
        if self.console is not None:
            self.console.print(f"  {text}", highlight=False)

    def warn(self, message: str) -> None:
        """Something a person should know."""
        if self.console is not None:
            self.console.print(f"warning: {message}", style="yellow", highlight=False)
