"""What a validation asks, and what answers are held against: references, or votes the base gave before training."""

from __future__ import annotations

from dataclasses import replace

from ...core.errors import RunError
from ...core.records import Question
from ...core.seeding import integer_seed
from .guarded import GuardedRun
from .measures import divergence, frozen_votes
from .monitor import Guard

PROBES, PROBE_SAMPLES = 16, 8


class Validation:
    """The questions of one run's validations; they are in no exam and no training.

    Args:
        run: its `held_back` are the questions, its seats answer.
        guard: keeps the votes with the run's state.
    """

    def __init__(self, run: GuardedRun, guard: Guard) -> None:
        self.run, self.guard = run, guard

    def questions(self) -> list[Question]:
        """The questions with what answers are held against as reference.

        Raises:
            RunError: answers are held against votes, and the base gave none.
        """
        run = self.run
        if run.config.validation == "reference":
            return run.held_back
        prompts = run.game.ask(run.held_back)
        if self.guard.votes is None:
            groups = run.attempts(prompts, integer_seed(run.config.seed, "validation votes"))
            self.guard.votes = frozen_votes(groups, prompts)
        voted = zip(run.held_back, self.guard.votes, strict=True)
        labelled = [replace(question, reference=vote) for question, vote in voted if vote is not None]
        if not labelled:
            raise RunError("validation='vote', but the base answers no validation question; use validation='reference'")
        return labelled

    def consistency(self) -> float | None:
        """How far apart the seats' answers to the same probes are, in bits; `None` with one seat."""
        run = self.run
        if run.challenger is None:
            return None
        prompts, seed = run.game.ask(run.held_back[:PROBES]), integer_seed(run.config.seed, "probes")
        asker = run.challenger.agent.with_settings(max_new_tokens=run.config.max_new_tokens)
        ours = run.solver.agent.act(prompts, n=PROBE_SAMPLES, seed=seed)
        return divergence(ours, asker.act(prompts, n=PROBE_SAMPLES, seed=seed))
