"""Counts games, and holds a full evaluation at the end of the stage in which another N of them were full.

A game is a proposal of a challenger in training, or a question that the solver answers in a round or in its training,
with all attempts at it. The count is part of the run's state: rounds and resumes do not begin it again.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ...core.errors import asked_by
from ..exams.suites import load_suites
from ..hooks import Hook, Step
from ..settings.config import CHALLENGER
from ..settings.parts import EvaluationConfig
from . import process
from .hold import Occasion, hold
from .page import write_page

if TYPE_CHECKING:
    from ..run.run import SelfPlay

LABELLED = ("round", "asked", "kept", "label_accuracy", "kept_label_accuracy", "solve_rate", "clusters")


class FullEvaluations(Hook):
    """Holds them; as a context it ends the process that it may have started.

    The first one is of the base, after the first stage.

    Args:
        path: the run folder.
        settings: how often they are held, and whether a process of its own holds them while the run goes on.
        say: tells people what is waited for.

    Attributes:
        games: played so far.
    """

    name = "evaluations"

    def __init__(
        self, path: Path, settings: EvaluationConfig, say: Callable[[str], None] = lambda sentence: None
    ) -> None:
        self.path, self.every, self.beside, self.say = path, settings.every_games, settings.beside, say
        self.suites = settings.suites
        self.games, self.held, self.labels = 0, -1, dict[str, Any]()
        self._running: tuple[str, subprocess.Popen[bytes]] | None = None

    def __enter__(self) -> FullEvaluations:
        for name in process.unfinished(self.path):  # of an earlier process of this run
            self._start(name)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            self._finish()
            if self.every and self.held >= 0:
                write_page(self.path, self.every, self.games)
        elif self._running is not None:
            process.end(self._running[1])

    def checked(self) -> FullEvaluations:
        """Itself, unless suites cannot be loaded: before there is a run, and only where evaluations are held.

        Raises:
            ConfigError: no such suite, or none that can be read.
        """
        if self.every:
            with asked_by("evaluation.suites", list(self.suites)):
                load_suites(self.suites, limit=1)
        return self

    def after_step(self, run: SelfPlay, step: Step) -> None:
        """Count the games of a training step."""
        row = run.config.roles[step.role]
        proposals = row.groups * row.samples if step.role == CHALLENGER else 0
        self.games += proposals or int(step.measures.get("groups_drawn", 0))

    def after_labels(self, run: SelfPlay, measures: Mapping[str, Any]) -> None:
        """Count the questions of a round that were not asked before, and remember how the labelling went."""
        self.games += measures["asked"] - measures["pooled"]
        seen = {**measures, "round": run.round}
        self.labels = {name: seen[name] for name in LABELLED if seen[name] is not None}

    def after_stage(self, run: SelfPlay) -> None:
        """Hold one, if it is due."""
        if not self.every or self.games // self.every <= self.held:
            return
        self.held = self.games // self.every
        weights = {role: run.store.path(name) for role, name in run.checkpoints.items()}
        occasion = Occasion(self.games, run.round, run.phase, self.labels, weights)
        self._finish()
        if self.beside:
            process.prepare(self.path, occasion)
            self._start(occasion.name)
        else:
            hold(self.path, occasion)
            write_page(self.path, self.every, self.games)

    def state_dict(self) -> dict[str, Any]:
        """See `Hook`; empty where none is ever held."""
        return {"games": self.games, "held": self.held, "labels": self.labels} if self.every else {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """See `Hook`."""
        self.games, self.held, self.labels = int(state["games"]), int(state["held"]), dict(state["labels"])

    def _start(self, name: str) -> None:
        self._finish()
        self._running = name, process.start(self.path, name)

    def _finish(self) -> None:
        if self._running is not None:
            name, running = self._running
            if running.poll() is None:
                self.say(f"waiting for the full evaluation after {int(name):,} games")
            process.finish(self.path, name, running)
            self._running = None
