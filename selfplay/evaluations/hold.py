"""One full evaluation: the solver in all suites, and challengers against solvers, at the run's start and now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ...core.seeding import integer_seed
from ...envs.game.domains import domain_of
from ..diagnose.play import BASE, Players, has_writer, play_across
from ..diagnose.players import load_player
from ..evaluation import run_exam
from ..exams.suites import load_suites
from ..pages.tables import finite
from ..run.stages.evaluate import timeless
from ..settings.config import CHALLENGER, SOLVER, RunConfig
from ..settings.files import stored_config
from ..storage.files import write_text
from ..storage.run_folder import RunFolder

FOLDER = "evaluations"
NOW = "now"


@dataclass(frozen=True, slots=True)
class Occasion:
    """When an evaluation is held, and on what.

    Attributes:
        games: games played so far.
        round, phase: where the run stands.
        labels: what was measured of the last labelling; empty before the first.
        checkpoints: folders of the roles' weights; a role that never trained has none.
    """

    games: int
    round: int
    phase: str
    labels: Mapping[str, Any]
    checkpoints: Mapping[str, Path]

    @property
    def name(self) -> str:
        """Of its files; names sort as games do."""
        return f"{self.games:09d}"


def hold(run: Path, occasion: Occasion) -> Path:
    """Hold an evaluation and write it down; the file.

    Raises:
        RunError: a checkpoint cannot be used.
        ConfigError: a suite or a model cannot be loaded.
    """
    config = stored_config(RunFolder.found(run))
    found = {
        "games": occasion.games,
        "round": occasion.round,
        "phase": occasion.phase,
        "suites": _suites(config, occasion),
        "cross_play": _cross_play(config, occasion),
        "labels": dict(occasion.labels),
    }
    path = run / FOLDER / f"{occasion.name}.json"
    path.parent.mkdir(exist_ok=True)
    write_text(path, json.dumps(finite(found)) + "\n")
    return path


def _suites(config: RunConfig, occasion: Occasion) -> dict[str, Any]:
    settings = config.evaluation
    ask = domain_of(config.env).template(config.template).ask
    solver = load_player(config, SOLVER, occasion.checkpoints.get(SOLVER))
    results = {}
    for suite in load_suites(settings.suites, limit=settings.questions):
        result = run_exam(
            solver,
            suite.questions,
            verifier=suite.verifier,
            vote=suite.vote,
            samples=settings.samples,
            seed=integer_seed(config.seed, "full evaluation", suite.name),
            ask=ask,
        )
        results[suite.name] = timeless(result)
    return results


def _cross_play(config: RunConfig, occasion: Occasion) -> list[dict[str, Any]] | None:
    """A row per pair, `None` where the challenger is no model that writes questions of mathematics."""
    if not config.evaluation.proposals or not has_writer(config):
        return None
    crossed = play_across(
        _standing(config, occasion, CHALLENGER),
        _standing(config, occasion, SOLVER),
        proposals=config.evaluation.proposals,
        attempts=config.labels.attempts,
        template=config.template,
        seed=integer_seed(config.seed, "full evaluation", "pairs"),
    )
    rows: list[dict[str, Any]] = crossed.as_dict()["cells"]
    return rows


def _standing(config: RunConfig, occasion: Occasion, role: str) -> Players:
    """The role as the run began, and as it is."""
    trained = occasion.checkpoints.get(role)
    base = {BASE: partial(load_player, config, role, None)}
    return base if trained is None else {**base, NOW: partial(load_player, config, role, trained)}
