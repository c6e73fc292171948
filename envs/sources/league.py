"""`league`: challengers of the run's league write, its snapshots of earlier rounds."""

from __future__ import annotations

from dataclasses import replace

from ...core.errors import ConfigError
from ...core.protocols import Draw
from ...core.records import Question
from ...core.seeding import integer_seed
from .players import proposed

OPPONENT = "opponent"
"""What the meta of a question calls the snapshot that wrote it."""


class LeagueSource:
    """Challengers that the solver meets: see `roles.solver.opponents`."""

    def draw(self, n: int, draw: Draw) -> list[Question]:
        if draw.league is None:
            raise ConfigError(
                "the source 'league' needs a league to draw from: set roles.solver.opponents='league(pfsp)'"
            )
        found = []
        for place, (name, agent, count) in enumerate(draw.league(n)):
            seed = integer_seed(draw.seed, "league source", draw.round, place)
            questions = proposed(agent, count, draw, seed)
            found += [replace(question, meta={**question.meta, OPPONENT: name}) for question in questions]
        return found
