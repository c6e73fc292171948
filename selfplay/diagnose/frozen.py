"""Did the questions get harder? The base model, frozen, answers the questions every round asked.

The solver of a run moves, so its own p̂ tells nothing about difficulty over the rounds. The base does not. Needs the
base model and the log of questions, but no checkpoint, so every round of every run can be looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...core.options.paths import path_of
from ...core.protocols import Agent
from ...core.protocols.completions import completions_of
from ...core.records import Question
from ...core.registries import make_reward, make_verifier
from ...core.seeding import integer_seed, python_stream
from ...envs.game.domains import domain_of
from ...envs.game.engine import Game
from ...envs.game.screening import ReadingVerifier
from ..run.labels import known_answers
from ..run.metrics import histogram
from ..run.question_log import question_of
from ..settings.config import SOLVER, RunConfig
from ..settings.files import stored_config
from ..stats import Estimate, mean_rate
from ..storage.run_folder import RunFolder
from .players import load_player


@dataclass(frozen=True, slots=True)
class Difficulty:
    """One round's questions for the frozen base.

    Attributes:
        questions: how many were put to it.
        solve_rates: p̂ by its own vote, per question.
        shares_right: share of right attempts, per question whose answer can be computed.
    """

    round: int
    questions: int
    solve_rates: list[float]
    shares_right: list[float]

    @property
    def accuracy(self) -> Estimate:
        """Share of right attempts with a 95 % interval over questions: the lower, the harder."""
        return mean_rate(self.shares_right)

    @property
    def solve_rate(self) -> Estimate:
        """Mean p̂."""
        return mean_rate(self.solve_rates)

    def as_dict(self) -> dict[str, Any]:
        return {
            "round": self.round,
            "questions": self.questions,
            "accuracy": self.accuracy.as_dict(),
            "solve_rate": self.solve_rate.as_dict(),
            "histogram": histogram(self.solve_rates),
        }


def frozen_difficulty(
    run: str | Path,
    *,
    questions: int = 64,
    attempts: int = 16,
    seed: int = 0,
    base: Agent | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Difficulty]:
    """Let the base of a run answer (at most `questions` of) the questions of each of its rounds.

    Args:
        attempts: answers per question.
        base: the solver; `None` loads the model the run started from.
        progress: called with (rounds done, rounds in all).
    """
    folder = RunFolder.open(path_of("run", run, "runs/tiny"))
    config = stored_config(folder)
    asked: dict[int, list[Question]] = {}
    for number, rows in folder.by_round("questions"):
        if written := [row for row in rows["questions"] if row["dropped"] is None]:
            picked = python_stream(seed, "frozen", number).sample(written, min(questions, len(written)))
            asked[number] = [question_of(row) for row in picked]
    solver = base or load_player(config, SOLVER)
    found = []
    for done, (number, drawn) in enumerate(asked.items(), start=1):
        found.append(_measured(config, number, drawn, solver, attempts, integer_seed(seed, "frozen", number)))
        if progress is not None:
            progress(done, len(asked))
    return found


def _measured(
    config: RunConfig, number: int, questions: list[Question], solver: Agent, attempts: int, seed: int
) -> Difficulty:
    domain, voter = domain_of(config.env), ReadingVerifier(make_verifier("majority"))
    game = Game(domain, voter, make_reward("r-zero"), config.template)
    groups = completions_of(solver, game.ask(questions), n=attempts, seed=seed)
    answers = known_answers(questions)
    known = [i for i, answer in enumerate(answers) if answer is not None]
    graded = ReadingVerifier(make_verifier(domain.grader)).judge_many(
        [replace(questions[i], reference=answers[i]) for i in known], [groups[i] for i in known]
    )
    rates = [judgement.solve_rate for judgement in voter.judge_many(questions, groups)]
    return Difficulty(number, len(questions), rates, [judgement.solve_rate for judgement in graded])
