"""How a person sees a run go on: bars with the time left on a terminal, plain lines elsewhere. A hook of the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from .counting import Count, uncounted
from .hooks import Hook, Step

if TYPE_CHECKING:
    from .run.run import SelfPlay

CHALLENGER = ("mean_reward", "uncertainty", "band_share", "clusters")
"""What is shown of a step whose reward comes from playing questions."""
ANSWERING = ("mean_reward", "zero_variance_share", "kl", "entropy")
"""And of any other with a reward."""
SUPERVISED = ("loss", "grad_norm", "rows_trained")
"""And of one that learns what was right already."""


def bar_columns(description: str = "{task.description}") -> tuple[ProgressColumn, ...]:
    """How every progress bar of the command line looks: what, the bar, how many of how many, the time left."""
    return TextColumn(description, markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()


@contextmanager
def counting(console: Console | None, what: str) -> Iterator[Count]:
    """A bar for something that is counted, on a terminal; nothing elsewhere."""
    if console is None or not console.is_terminal:
        yield uncounted
        return
    with Bars(*bar_columns(), console=console, transient=True) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


class Progress(Hook):
    """Shows stages, steps and warnings; use it as a context.

    Args:
        console: where to; `None` shows nothing.
    """

    name = "progress"

    def __init__(self, console: Console | None = None) -> None:
        self.console = console
        self._bars: Bars | None = None
        self._run = self._current = TaskID(0)
        self._phase = ""

    def __enter__(self) -> Progress:
        if self.console is not None and self.console.is_terminal:
            self._bars = Bars(*bar_columns(), console=self.console, transient=True)
            self._run = self._bars.add_task("run", total=None)
            self._current = self._bars.add_task("", total=None)
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def before_stage(self, run: SelfPlay) -> None:
        """Name the stage, and how many lie behind."""
        self.phase(*run.position)

    def phase(self, name: str, done: int, total: int) -> None:
        """The part `name` of the work begins; `done` of `total` parts lie behind."""
        self._phase = name
        if self._bars is not None:
            self._bars.update(self._run, completed=done, total=total)
            self._bars.reset(self._current, description=self._phase, total=None)
        elif self.console is not None:
            self.console.print(self._phase, highlight=False, markup=False)

    def count(self, done: int, total: int) -> None:
        """`done` of `total` things of the stage are done."""
        if self._bars is not None:
            self._bars.update(self._current, completed=done, total=total)

    def after_step(self, run: SelfPlay, step: Step) -> None:
        """Show what a training step measured."""
        self.count(step.number + 1, step.total)
        self.show(step.measures)

    def show(self, measures: Mapping[str, Any]) -> None:
        """The few figures of a training step that a person follows."""
        if self.console is None:
            return
        names = CHALLENGER if "uncertainty" in measures else ANSWERING if "mean_reward" in measures else SUPERVISED
        shown = " · ".join(f"{name} {measures[name]:.3g}" for name in names if measures.get(name) is not None)
        if self._bars is not None:
            self._bars.update(self._current, description=f"{self._phase} · {shown}")
        else:
            self.line(shown)

    def line(self, text: str) -> None:
        """Something worth keeping on the screen, below what it belongs to."""
        self.say(f"  {text}")

    def say(self, text: str) -> None:
        """Something worth keeping on the screen."""
        if self.console is not None:
            self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def ask(self, run: SelfPlay, items: int, message: str) -> None:
        """The run waits for people, who are told where to go."""
        if self.console is not None:
            self.console.print(message, style="bold", highlight=False, markup=False, soft_wrap=True)

    def warn(self, run: SelfPlay | None, message: str) -> None:
        """Something a person should know."""
        if self.console is not None:
            self.console.print(f"warning: {message}", style="yellow", highlight=False, markup=False)
