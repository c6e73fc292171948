"""`sft(role)`: a further role learns its tasks by supervised steps; before the first round from votes taken for that.

A role that the base has never seen earns no reward to learn from. Here it is shown what it should have said. The tasks
are the domain's (`RoleWords.tasks`), made of the votes of the round, so no computed answer is learnt where none labels.
It is measured before it learns, on what it has not seen. A kill inside costs its steps, which are taken again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ....core.errors import ConfigError, asked_by
from ....core.records import Question
from ....core.registries import register_stage
from ....core.seeding import python_stream
from ...roles.supervised import take_supervised_steps
from ...settings.config import CHALLENGER, SOLVER
from ..batches import answering
from ..run import SelfPlay
from ..validator.beliefs import role_belief
from ..validator.measures import pair_measures
from ..validator.votes import Vote, votes_of


@register_stage("sft")
class SupervisedSteps:
    """Supervised steps of a further role, such as a validator, on its tasks of the round.

    Args:
        role: a row of the table of roles, with words in the domain.
        steps: optimiser steps per round; `None` is the row's `steps`.
        batch: tasks per step.
        learning_rate: at its peak; it climbs and falls within the stage.
    """

    before_training = True

    def __init__(self, role: str, steps: int | None = None, batch: int = 64, learning_rate: float = 1e-3) -> None:
        from ....agents.training.sft import SFTConfig

        if batch < 1:
            raise ConfigError(f"batch must be >= 1, got {batch!r}")
        self.role, self.name, self.batch = role, f"sft({role})", batch
        self.steps, self.settings = steps, SFTConfig(steps=1 if steps is None else steps, learning_rate=learning_rate)

    def check(self, run: SelfPlay) -> None:
        """Refuse a role without tasks, and weights that are not the role's own, or not whole in this process."""
        if self.role in (CHALLENGER, SOLVER):
            raise ConfigError(f"{self.name} is for further roles with tasks of their own; use train({self.role})")
        with asked_by(f"roles.{self.role}.reward", run.config.roles[self.role].reward):
            answering(run, self.role)
        if run.domain.roles[self.role].example is not None:
            raise ConfigError(
                f"{self.name}: no task of the role {self.role!r} has one right answer that it could be shown; show it "
                f"the form with warm_up, and train it with train({self.role})"
            )
        row = run.config.roles[self.role]
        if row.shares_trained_weights:
            raise ConfigError(
                f"{self.name} would move weights that other roles act with: roles.{self.role}.weight_sharing="
                f"{row.weight_sharing!r}; use 'copies', 'lora' with trunk='frozen', or train({self.role})"
            )

    def run(self, run: SelfPlay) -> None:
        """Measure, take the steps, save."""
        if not run.config.roles[self.role].learns:
            return
        if not run.roles[self.role].trainer.placement.group.alone:
            raise ConfigError(f"{self.name} trains in a single process; use train({self.role}) with several")
        votes = votes_of(run, run.round)
        tasks = run.domain.roles[self.role].tasks([vote.labelled for vote in votes])
        if not tasks:
            run.warn(f"round {run.round}: no vote makes a task, the {self.role} does not train")
            return
        measured = self._measured(run, votes)
        trained = self._train(run, tasks)
        run.save(self.role)
        run.log("metrics", [{**trained, "tasks": len(tasks), **measured}])

    def _measured(self, run: SelfPlay, votes: Sequence[Vote]) -> dict[str, Any]:
        if run.domain.roles[self.role].claim is None:
            return {}
        return pair_measures(role_belief(run, self.role), votes)

    def _train(self, run: SelfPlay, tasks: Sequence[Question]) -> dict[str, Any]:
        words = run.domain.roles[self.role]
        pairs = [(words.ask(task), f"\\boxed{{{task.reference}}}") for task in tasks]

        def batch(step: int) -> list[tuple[str, str]]:
            rng = python_stream(run.config.seed, f"{self.role} sft", run.round, step)
            return rng.sample(pairs, min(self.batch, len(pairs)))

        steps = run.config.roles[self.role].steps if self.steps is None else self.steps
        return take_supervised_steps(run.roles[self.role], batch, replace(self.settings, steps=steps), run.count)
