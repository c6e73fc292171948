"""`warm_up`: roles are shown the forms of the game before they play it, by supervised steps on generated examples.

Self-play has nothing to learn from a model whose questions cannot be read and whose answers have no box. The solver is
shown questions of the run's generator with a worked solution, or the bare answer where nobody can write one; the
challenger is shown such questions as proposals. None of them is held out. It plays like any other stage, with any model
and however roles share weights; usually once, in a part of its own (`schedule`).
"""

from __future__ import annotations

from collections.abc import Sequence

from ....core.errors import ConfigError
from ....core.protocols import Rng
from ....core.records import TaskSpec
from ....core.registries import register_stage
from ....core.seeding import python_stream
from ...roles.supervised import take_supervised_steps
from ...settings.config import CHALLENGER, SOLVER
from ..questions.examples import proposal, training_question, worked
from ..run import SelfPlay


@register_stage("warm_up")
class WarmUp:
    """Supervised steps of challenger and solver, where they learn, on examples of the run's generator.

    Args:
        steps: optimiser steps of each.
        batch: examples per step.
        learning_rate: at its peak; it climbs and falls within the stage.
        levels: lowest and highest level of the questions, drawn evenly.

    Raises:
        ConfigError: an option out of range.
    """

    name = "warm_up"

    def __init__(
        self,
        steps: int = 100,
        batch: int = 32,
        learning_rate: float = 1e-3,
        levels: Sequence[float] = (0.0, 1.0),
    ) -> None:
        from ....agents.training.sft import SFTConfig

        if batch < 1 or len(levels) != 2 or not 0.0 <= levels[0] <= levels[1] <= 1.0:
            raise ConfigError(
                f"warm_up needs batch >= 1 and levels=[low, high] within [0, 1], got {batch!r} and {levels!r}"
            )
        self.batch, self.levels = batch, (float(levels[0]), float(levels[1]))
        self.settings = SFTConfig(steps=steps, learning_rate=learning_rate)

    def check(self, run: SelfPlay) -> None:
        """Refuse a domain whose proposals cannot be written down from a question and its answer."""
        question = run.generator.generate(TaskSpec(self.levels[0]), python_stream(run.config.seed, "warm-up check"))
        found = run.domain.read(proposal(question))
        if CHALLENGER in run.config.players and isinstance(found, str):
            raise ConfigError(
                f"the stage warm_up cannot show a challenger of the domain {run.domain.name!r} what to write: its own "
                f"example is malformed ({found}); take the challenger out of questions.sources"
            )

    def run(self, run: SelfPlay) -> None:
        """Take the steps, role by role, and save each."""
        for role in (SOLVER, CHALLENGER):
            if role not in run.roles or not run.config.roles[role].learns:
                continue
            if not run.roles[role].trainer.placement.group.alone:
                raise ConfigError("the stage warm_up trains in a single process")

            def pairs(step: int, role: str = role) -> list[tuple[str, str]]:
                rng = python_stream(run.config.seed, f"{role} warm-up", run.round, step)
                return [self._pair(run, role, rng) for _ in range(self.batch)]

            measures = take_supervised_steps(run.roles[role], pairs, self.settings, run.count)
            run.save(role)
            run.log("metrics", [measures])

    def _pair(self, run: SelfPlay, role: str, rng: Rng) -> tuple[str, str]:
        question = training_question(run.generator, self.levels, rng)
        if role == CHALLENGER:
            return run.game.instruct(), proposal(question)
        return run.game.ask([question])[0], worked(question, rng)
