"""`warm_up`: roles are shown the forms of the game before they play it, by supervised steps on generated examples.

Self-play has nothing to learn from a model whose questions cannot be read and whose answers have no box. The solver is
shown questions of the run's generator with a worked solution, or the bare answer where nobody can write one; the
challenger such questions as proposals; a further role the tasks made of them, where its words have an example
(`RoleWords.example`). None of them is held out. The player of a turn game is shown positions of random play, each with
a legal move drawn at random. It plays like any other stage, with any model and however roles share weights; usually
once, in a part of its own (`schedule`).
"""

from __future__ import annotations

from collections.abc import Sequence

from ....core.errors import ConfigError, UnknownNameError
from ....core.protocols import Rng
from ....core.records import Labelled, TaskSpec
from ....core.registries import register_stage
from ....core.seeding import python_stream
from ...roles.supervised import take_supervised_steps
from ...settings.config import CHALLENGER, SOLVER
from ..questions.examples import checked_levels, training_question, worked
from ..run import SelfPlay
from ..stage import check_counts
from ..turns.legal_moves import random_moves, random_pairs
from ..turns.run import TurnPlay

DRAWS = 1000
"""Draws in a row that may make no task of a role."""


@register_stage("warm_up")
class WarmUp:
    """Supervised steps of the roles that learn, or of one of them, on examples of the run's generator.

    Args:
        role: which role; `None` is solver, challenger, and every further role that examples can be made for.
        steps: optimiser steps of each.
        batch: examples per step.
        learning_rate: at its peak; it climbs and falls within the stage.
        levels: lowest and highest level of the questions, drawn evenly.
        habit: in a turn game the share of examples that follow chances decided by the prompt; see `turns.legal_moves`.

    Raises:
        ConfigError: an option out of range.
    """

    def __init__(
        self,
        role: str | None = None,
        steps: int = 100,
        batch: int = 32,
        learning_rate: float = 1e-3,
        levels: Sequence[float] = (0.0, 1.0),
        habit: float = 0.0,
    ) -> None:
        from ....agents.training.sft import SFTConfig

        self.role, self.name = role, "warm_up" if role is None else f"warm_up({role})"
        check_counts(self.name, batch=batch)
        if not 0.0 <= habit <= 1.0:
            raise ConfigError(f"{self.name} needs habit in [0, 1], got {habit!r}")
        self.habit = habit
        self.batch, self.levels = batch, checked_levels(self.name, levels)
        self.settings = SFTConfig(steps=steps, learning_rate=learning_rate)

    def check(self, run: SelfPlay | TurnPlay) -> None:
        """Refuse a role that nothing can be shown, and a challenger whose examples would be malformed."""
        if isinstance(run, TurnPlay):
            next(random_moves(run.game, python_stream(run.config.seed, "warm-up check")))
            return
        role = self.role
        if role is not None and role not in run.config.roles:
            raise UnknownNameError(f"role in the stage {self.name}", role, run.config.roles)
        if role is not None and not _can_be_shown(run, role):
            raise ConfigError(f"the stage {self.name} has nothing to show: tasks of this role are made of attempts")
        if CHALLENGER not in self._taught(run):
            return
        question = run.generator.generate(TaskSpec(self.levels[0]), python_stream(run.config.seed, "warm-up check"))
        found = run.domain.read(run.domain.write(question))
        if isinstance(found, str):
            raise ConfigError(
                f"the stage warm_up cannot show a challenger of the domain {run.domain.name!r} what to write: its own "
                f"example is malformed ({found}); take the challenger out of questions.sources"
            )

    def run(self, run: SelfPlay | TurnPlay) -> None:
        """Take the steps, role by role, and save each."""
        for role in self._taught(run):
            if not run.roles[role].trainer.placement.group.alone:
                raise ConfigError("the stage warm_up trains in a single process")

            def pairs(step: int, role: str = role) -> list[tuple[str, str]]:
                rng = python_stream(run.config.seed, f"{role} warm-up", run.round, step)
                if isinstance(run, TurnPlay):
                    return random_pairs(run.game, rng, self.batch, self.habit, run.config.seed)
                return [self._pair(run, role, rng) for _ in range(self.batch)]

            measures = take_supervised_steps(run.roles[role], pairs, self.settings, run.count)
            run.save(role)
            run.log("metrics", [measures])

    def _taught(self, run: SelfPlay | TurnPlay) -> list[str]:
        """The roles that take the steps: those that play, learn, and can be shown something."""
        if isinstance(run, TurnPlay):
            return [name for name in run.config.players if run.config.roles[name].learns]
        wanted = dict.fromkeys([SOLVER, CHALLENGER, *run.config.players]) if self.role is None else [self.role]
        playing = [role for role in wanted if role in run.config.players and run.config.roles[role].learns]
        return [role for role in playing if _can_be_shown(run, role)]

    def _pair(self, run: SelfPlay, role: str, rng: Rng) -> tuple[str, str]:
        """A prompt and a completion."""
        for _ in range(DRAWS):
            question = training_question(run.generator, self.levels, rng)
            if role == CHALLENGER:
                return run.game.instruct(), run.domain.write(question)
            if role == SOLVER:
                return run.game.ask([question])[0], worked(question, rng)
            words = run.domain.roles[role]
            for task in words.tasks([Labelled(question, (), ())]):
                assert words.example is not None  # see `check`
                return words.ask(task), words.example(task)
        raise ConfigError(f"{DRAWS} questions of questions.generator in a row make no task of the role {role!r}")


def _can_be_shown(run: SelfPlay, role: str) -> bool:
    words = run.domain.roles.get(role)
    return role in (SOLVER, CHALLENGER) or (words is not None and words.example is not None)
