"""Challengers against solvers of other rounds: what only the checkpoints of a run can tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from ...core.errors import RunError
from ...core.options.paths import path_of
from ...core.protocols import Agent
from ...envs.game.domains import domain_of
from ..bench.pairs import PairResult, play_pair
from ..run.metrics import histogram
from ..settings.config import CHALLENGER, SOLVER, RunConfig
from ..settings.files import stored_config
from ..storage.checkpoint_store import last_of_rounds
from ..storage.links import CHECKPOINTS
from ..storage.run_folder import RunFolder
from .players import load_player

BASE = "base"
Players: TypeAlias = Mapping[str, Callable[[], Agent]]


@dataclass(frozen=True, slots=True)
class CrossPlay:
    """Challengers × solvers of a run, by the vote of the solver and by computed answers.

    Attributes:
        challengers, solvers: "base" and the rounds whose checkpoints are kept, as "round 2".
        cells: one result per pair, challengers varying slowest.
    """

    challengers: list[str]
    solvers: list[str]
    cells: list[PairResult]

    def cell(self, challenger: str, solver: str) -> PairResult:
        return self.cells[self.challengers.index(challenger) * len(self.solvers) + self.solvers.index(solver)]

    def histograms(self) -> dict[str, list[int]]:
        """Per challenger: p̂ of the frozen base solver at its questions, ten equal bins: before and after training."""
        return {name: histogram(self.cell(name, self.solvers[0]).solve_rates) for name in self.challengers}

    def as_dict(self) -> dict[str, Any]:
        return {
            "challengers": self.challengers,
            "solvers": self.solvers,
            "histograms": self.histograms(),
            "cells": [
                cell.as_dict()["summary"] | {"challenger": cell.challenger, "solver": cell.solver}
                for cell in self.cells
            ],
        }


def can_cross_play(run: str | Path) -> bool:
    """Whether the run's challenger is a model that writes math questions."""
    return has_writer(stored_config(RunFolder.open(path_of("run", run, "runs/tiny"))))


def has_writer(config: RunConfig) -> bool:
    """Whether a run of these settings has a challenger that writes math questions."""
    return CHALLENGER in config.players and domain_of(config.env).name == "math"


def cross_play_run(
    run: str | Path,
    *,
    proposals: int = 64,
    attempts: int = 16,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> CrossPlay:
    """Play every kept challenger of a run, and the base, against every kept solver, and the base.

    A run keeps its newest checkpoints only, unless it was started with `--set storage.keep=0`.

    Raises:
        RunError: no run there, or its challenger is not a model that writes math questions.
    """
    folder = RunFolder.open(path_of("run", run, "runs/tiny"))
    config = stored_config(folder)
    if not can_cross_play(run):
        raise RunError(f"{run} cannot cross-play: that needs a challenger that is a model and writes math questions")
    players = _agents(folder, config, CHALLENGER), _agents(folder, config, SOLVER)
    return play_across(
        *players, proposals=proposals, attempts=attempts, template=config.template, seed=seed, progress=progress
    )


def play_across(
    challengers: Players,
    solvers: Players,
    *,
    proposals: int,
    attempts: int,
    template: str,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> CrossPlay:
    """Play every challenger against every solver.

    Args:
        challengers, solvers: by name, loaded when called, so that two are in memory at a time.
    """
    cells = []
    for name, challenger in challengers.items():
        for other, solver in solvers.items():
            cells.append(
                play_pair(
                    challenger(),
                    solver(),
                    proposals=proposals,
                    attempts=attempts,
                    template=template,
                    seed=seed,
                    names=(name, other),
                )
            )
            if progress is not None:
                progress(len(cells), len(challengers) * len(solvers))
    return CrossPlay(list(challengers), list(solvers), cells)


def _agents(folder: RunFolder, config: RunConfig, role: str) -> Players:
    """The base and the last checkpoint of every kept round."""
    last = last_of_rounds(folder.path / CHECKPOINTS, role)
    paths: dict[str, Path | None] = {BASE: None, **{f"round {number}": path for number, path in last.items()}}
    return {name: partial(load_player, config, role, path) for name, path in paths.items()}
