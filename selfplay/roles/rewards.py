"""What a training step is paid: reward functions a trainer can call without knowing role, game or verifier."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.protocols import Verifier
from ...core.records import Question
from ...envs.game.engine import Answering, Episode, Game, solver_reward


class ChallengerPay:
    """Pays challengers by playing their proposals against the solver, all groups as one batch.

    Args:
        game: the rules.
        answer: asks the solver seat.

    Attributes:
        rounds: what was played last, for the measures.
    """

    def __init__(self, game: Game, answer: Answering) -> None:
        self.game, self.answer = game, answer
        self.rounds: list[Episode] = []

    def __call__(self, prompts: Sequence[str], groups: Sequence[Sequence[str]]) -> list[list[float]]:
        self.rounds = self.game.play([text for group in groups for text in group], self.answer)
        values = iter(played.reward.value for played in self.rounds)
        return [[next(values) for _ in group] for group in groups]


class SolverPay:
    """Pays solvers by a verifier that holds their attempts against the labels.

    Args:
        labelled: the questions of the step in the order of its prompts, `reference` holding the label.
        verifier: judges the attempts.
    """

    def __init__(self, labelled: Sequence[Question], verifier: Verifier) -> None:
        self.labelled, self.verifier = labelled, verifier

    def __call__(self, prompts: Sequence[str], groups: Sequence[Sequence[str]]) -> list[list[float]]:
        judged = self.verifier.judge_many(self.labelled, groups)
        return [[solver_reward(verdict) for verdict in judgement.verdicts] for judgement in judged]
