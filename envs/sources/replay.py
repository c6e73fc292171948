"""`replay`: questions of earlier rounds, asked again for new attempts and a new label.

A label of an early solver may be wrong, and what was too hard may have come within reach. So only the question comes
back, not its label; replaying questions with their labels is `roles.solver.replay`. By p(1 − p) is "sampling for
learnability" (SFL, arXiv 2408.15099, section 4): what attempts split on teaches most.
"""

from __future__ import annotations

from collections.abc import Callable

from ...core.errors import UnknownNameError
from ...core.protocols import Draw
from ...core.records import Question
from ...core.seeding import python_stream, weighted_draw
from ..game.domains import identity_of

WEIGHTS: dict[str, Callable[[float], float]] = {
    "p(1-p)": lambda p: p * (1.0 - p),
    "unsolved": lambda p: 1.0 - p,
    "all": lambda p: 1.0,
}


class ReplaySource:
    """Draws earlier questions without replacement, in proportion to a weight of their last solve rate.

    The first round has no earlier ones: there it gives nothing.

    Args:
        by: "p(1-p)", "unsolved" (1 − p) or "all" (evenly). What has weight 0 is not drawn.

    Raises:
        UnknownNameError: another `by`.
    """

    asks_again = True

    def __init__(self, by: str = "p(1-p)") -> None:
        if by not in WEIGHTS:
            raise UnknownNameError("replay weight", by, WEIGHTS)
        self.by = by

    def draw(self, n: int, draw: Draw) -> list[Question]:
        if n == 0:
            return []
        last: dict[str, tuple[Question, float]] = {}
        for question, solve_rate in draw.earlier():
            last[identity_of(question)] = question, solve_rate
        questions = [question for question, _ in last.values()]
        weights = [WEIGHTS[self.by](rate) for _, rate in last.values()]
        rng = python_stream(draw.seed, "replay source", draw.round)
        return weighted_draw(questions, weights, n, rng)
