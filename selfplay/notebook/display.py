"""The progress of a run as HTML that a notebook shows and replaces: how far it is, what it measures, what it warns of.

Plain display updates: no widgets, which a notebook would have to have installed.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from html import escape
from importlib import import_module
from typing import Any

from ...envs.notebooks import present_shell
from ...envs.views.rendering.pieces import bar
from ..hooks import AnyRun, Step
from ..progress import ANSWERING, CHALLENGER, SUPERVISED, Progress
from ..sharing.cards import shown
from ..sharing.facts import RunFacts

EVERY_S = 0.25
"""Seconds between two updates at least; a notebook keeps none of those in between."""
CURVE = 60
"""Training steps of a role that its curve shows."""
LINES = 8


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    shell = present_shell()
    return shell is not None and getattr(shell, "kernel", None) is not None


class NotebookProgress(Progress):
    """Shows a run in the output of a cell.

    Args:
        show: is given the first HTML, and returns what replaces it by another; IPython's `display` if left out.
        clock: seconds that only go forward.
    """

    def __init__(
        self, show: Callable[[str], Callable[[str], object]] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(None)
        self._show, self._clock, self._drawn = show or _display, clock, clock() - EVERY_S
        self._replace: Callable[[str], object] | None = None
        self._done, self._total = 0, 0
        self._stage: tuple[int, int] | None = None
        self._facts = RunFacts()
        self._curves: dict[str, deque[float]] = {}
        self._measures = ""
        self._lines: deque[str] = deque(maxlen=LINES)

    def __enter__(self) -> NotebookProgress:
        self._draw(at_once=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._draw(at_once=True)

    def phase(self, name: str, done: int, total: int) -> None:
        """See `Progress`."""
        self._phase, self._done, self._total, self._stage = name, done, total, None
        self._draw()

    def after_stage(self, run: AnyRun) -> None:
        """One more stage lies behind."""
        self._done = min(self._done + 1, self._total)
        self._draw()

    def count(self, done: int, total: int) -> None:
        """See `Progress`."""
        self._stage = done, total
        self._draw()

    def after_rows(self, run: AnyRun, log: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Remember what was measured."""
        if log == "metrics":
            self._facts.add(rows)

    def after_step(self, run: AnyRun, step: Step) -> None:
        """See `Progress`."""
        value = step.measures.get("mean_reward", step.measures.get("loss"))
        if isinstance(value, int | float):
            self._curves.setdefault(step.role, deque(maxlen=CURVE)).append(float(value))
        super().after_step(run, step)

    def show(self, measures: Mapping[str, Any]) -> None:
        """See `Progress`."""
        names = CHALLENGER if "uncertainty" in measures else ANSWERING if "mean_reward" in measures else SUPERVISED
        self._measures = " · ".join(f"{name} {measures[name]:.3g}" for name in names if measures.get(name) is not None)
        self._draw()

    def say(self, text: str) -> None:
        """See `Progress`."""
        self._lines.append(text.strip())
        self._draw()

    def ask(self, run: AnyRun, items: int, message: str) -> None:
        """See `Progress`; at once, as the run waits."""
        self._lines.append(message)
        self._draw(at_once=True)

    def warn(self, run: AnyRun | None, message: str) -> None:
        """See `Progress`."""
        self.say(f"warning: {message}")

    def _draw(self, at_once: bool = False) -> None:
        now = self._clock()
        if not at_once and now - self._drawn < EVERY_S:
            return
        self._drawn = now
        if self._replace is None:
            self._replace = self._show(self.html)
        else:
            self._replace(self.html)

    @property
    def html(self) -> str:
        """What is shown now."""
        parts = [_counted("run", self._done, self._total)]
        if self._stage is not None:
            parts.append(_counted(self._phase, *self._stage))
        elif self._phase:
            parts.append(f"<div>{escape(self._phase)}</div>")
        parts.append(f"<div>{escape(self._measures)}</div>" if self._measures else "")
        parts += [f"<div>{escape(role)} {_curve(list(values))}</div>" for role, values in self._curves.items()]
        for number, found in sorted(self._facts.rounds.items()):
            if found.exam is not None:
                right = "" if found.label_accuracy is None else f", asked labels right {shown(found.label_accuracy)} %"
                name = "base" if number == 0 else f"round {number}"
                parts.append(f"<div>{name}: exam {escape(shown(found.exam['accuracy']))} %{escape(right)}</div>")
        parts += [f"<div style='opacity:.8'>{escape(line)}</div>" for line in self._lines]
        return f"<div style='font-family:monospace;line-height:1.5'>{''.join(parts)}</div>"


def _counted(name: str, done: int, total: int) -> str:
    return f"<div>{bar(done / total if total else 0.0, '16em')} {escape(name)} {done}/{total}</div>"


def _curve(values: Sequence[float]) -> str:
    """The last values as a line, from the least to the greatest of them."""
    low, high = min(values), max(values)
    step, span = 180 / max(1, len(values) - 1), (high - low) or 1.0
    points = " ".join(f"{at * step:.1f},{22 - 20 * (value - low) / span:.1f}" for at, value in enumerate(values))
    line = f'<polyline points="{points}" fill="none" stroke="#4a90d9" stroke-width="1.5"/>'
    return f'<svg width="180" height="24" role="img" aria-label="curve">{line}</svg> {values[-1]:.3g}'


def _display(html: str) -> Callable[[str], object]:
    """Show HTML in the output of the present cell; what replaces it."""
    ipython: Any = import_module("IPython.display")
    handle = ipython.display(ipython.HTML(html), display_id=True)
    return lambda changed: handle.update(ipython.HTML(changed))
