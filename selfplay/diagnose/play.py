"""What only the models of a run can tell: cross-play, and how hard each round's questions are for a frozen solver."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...core.errors import RunError
from ...core.protocols import Agent
from ...core.registries import make_agent
from ..bench.pairs import PairResult, play_pair
from ..config import RunConfig
from ..measures import histogram
from ..run_folder import RunFolder

BASE = "base"


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

    def difficulty(self) -> dict[str, float]:
        """Per challenger: 1 − accuracy of the frozen base solver at its questions; `nan` if none can be computed."""
        return {name: 1.0 - self.cell(name, self.solvers[0]).solver_accuracy.value for name in self.challengers}

    def histograms(self) -> dict[str, list[int]]:
        """Per challenger: p̂ of the frozen base solver at its questions, ten equal bins: before and after training."""
        return {name: histogram(self.cell(name, self.solvers[0]).solve_rates) for name in self.challengers}

    def as_dict(self) -> dict[str, Any]:
        return {
            "challengers": self.challengers,
            "solvers": self.solvers,
            "difficulty": self.difficulty(),
            "histograms": self.histograms(),
            "cells": [
                cell.as_dict()["summary"] | {"challenger": cell.challenger, "solver": cell.solver}
                for cell in self.cells
            ],
        }


def cross_play_run(
    run: str | Path,
    *,
    proposals: int = 64,
    attempts: int = 16,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> CrossPlay:
    """Play every kept challenger of a run, and the base, against every kept solver, and the base.

    A run keeps its newest checkpoints only, unless it was started with `--set keep_checkpoints=0`.

    Raises:
        RunError: no run there, or its challenger was never a model.
    """
    folder = RunFolder.open(Path(run))
    config = RunConfig.from_dict(folder.config)
    if config.challenger == "procedural":
        raise RunError(f"{run} has a procedural challenger; cross-play needs one that is a model")
    challengers, solvers = _agents(folder, config, "challenger"), _agents(folder, config, "solver")
    cells = []
    for name, challenger in challengers.items():
        for other, solver in solvers.items():
            cells.append(
                play_pair(
                    challenger(),
                    solver(),
                    proposals=proposals,
                    attempts=attempts,
                    template=config.template,
                    seed=seed,
                    names=(name, other),
                )
            )
            if progress is not None:
                progress(len(cells), len(challengers) * len(solvers))
    return CrossPlay(list(challengers), list(solvers), cells)


def _agents(folder: RunFolder, config: RunConfig, role: str) -> dict[str, Callable[[], Agent]]:
    """The base and the last checkpoint of every kept round, loaded when called, so that two are in memory at a time."""
    length = config.challenger_max_new_tokens if role == "challenger" else config.max_new_tokens
    last: dict[str, Path] = {}
    for path in sorted((folder.path / "checkpoints").glob(f"{role}-*-*")):
        if not path.name.endswith(".draft"):
            last[f"round {int(path.name.split('-')[1])}"] = path

    def loader(name: str) -> Callable[[], Agent]:
        options = {"temperature": config.temperature, "max_new_tokens": length, "device": config.device}
        return lambda: make_agent(f"llm:{name}", **options)

    return {BASE: loader(config.model), **{name: loader(str(path)) for name, path in last.items()}}
