"""`adapt`: the solver's weights become a start from which a few updates lead far on a family it was not trained on.

Outer steps of Reptile, first-order MAML, or plain multi-task training, over tasks that are families of questions
(`agents/training/meta/`). Then the weights adapt to a few examples of a held-out family, with an exam after n = 0, 4,
16, 64 updates, and are put back. Before the first round the stage only measures: that is the base, untrained.

Neither the held-out family nor a question of the exam's side is ever trained on. A state is saved now and then; a kill
inside costs what came after it, which is done again to the same end.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ....core.errors import ConfigError
from ....core.options import parse_named
from ....core.protocols import Generator, Rng
from ....core.records import Question
from ....core.registries import make_generator, register_stage
from ....core.seeding import PathElement, python_stream
from ...exams.adaptation import UPDATES, adaptation_row, checked_updates, measure_adaptation
from ...exams.questions import LEVELS, held_out_questions
from ...settings.config import SOLVER
from ..questions.examples import checked_levels, family_of, training_question, worked
from ..run import SelfPlay
from ..stage import Interrupted, check_counts

if TYPE_CHECKING:
    from ....agents.training.meta.inner_loop import Task

CLIP = 1.0
"""Longest gradient, as of the other supervised stages."""


@register_stage("adapt")
class Adapt:
    """Meta-learning of the solver over families of questions, measured by how fast it learns a held-out one.

    Args:
        families: generators, each a task, from whose training questions is learnt.
        held_out: the generator of the family that is only measured on.
        method: "reptile", "fomaml" or "multi-task".
        steps: outer steps per round.
        tasks: families per outer step, drawn anew each time.
        inner: batches per family and outer step.
        batch: examples per batch.
        learning_rate: of the inner loop and of the updates that are measured, by Adam that begins anew.
        outer_rate: at its beginning; it falls on a line to 0. `None` is 1 for Reptile and `learning_rate` for others.
        levels: lowest and highest level of all questions.
        shots: examples of the held-out family that it adapts to.
        questions: of the held-out family in each exam.
        updates: numbers of updates after which there is an exam.

    Raises:
        ConfigError: an option out of range.
    """

    name = "adapt"
    before_training = True
    saves_steps = True

    def __init__(
        self,
        families: Sequence[str],
        held_out: str,
        method: str = "reptile",
        steps: int = 100,
        tasks: int = 2,
        inner: int = 8,
        batch: int = 16,
        learning_rate: float = 1e-3,
        outer_rate: float | None = None,
        levels: Sequence[float] = (0.0, 1.0),
        shots: int = 32,
        questions: int = 128,
        updates: Sequence[int] = UPDATES,
    ) -> None:
        from ....agents.training.meta.inner_loop import InnerLoop
        from ....agents.training.meta.methods import method_of

        check_counts(self.name, steps=steps, tasks=tasks, batch=batch, shots=shots, questions=questions)
        self.families = [families] if isinstance(families, str) else list(families)
        if tasks > len({repr(parse_named(name)) for name in self.families if isinstance(name, str)}):
            raise ConfigError(f"adapt with tasks={tasks} needs as many different families, got {self.families}")
        if method == "fomaml" and inner < 2:
            raise ConfigError("adapt with fomaml needs inner >= 2: batches to adapt to and one to be asked")
        self.method, self.take = method, method_of(method)
        self.inner = InnerLoop(inner, learning_rate, max_grad_norm=CLIP)
        self.outer_rate = (1.0 if method == "reptile" else learning_rate) if outer_rate is None else outer_rate
        if not 0 < self.outer_rate <= 1:
            raise ConfigError(f"adapt needs an outer_rate in (0, 1], got {outer_rate!r}")
        self.held_out, self.most_steps, self.tasks, self.batch = held_out, steps, tasks, batch
        self.levels, self.shots = checked_levels(self.name, levels), shots
        self.questions, self.updates = questions, checked_updates(updates)

    def check(self, run: SelfPlay) -> None:
        """Refuse families that nobody knows or of another domain, and a part whose solver is trained besides."""
        for part in run.schedule.parts:
            names = [stage.name for stage in part.stages]
            if self.name in names and f"train({SOLVER})" in names:
                raise ConfigError(
                    f"adapt and train({SOLVER}) save checkpoints of one name in a round: give adapt a part of its own, "
                    '[schedule.adapt] with until = "rounds(1)"'
                )
        exam, rng = self._exam(run), python_stream(run.config.seed, "adapt check")
        without = {*map(family_of, exam)}
        for name in self.families:
            if parse_named(name) == parse_named(self.held_out) or name in without:
                raise ConfigError(
                    f"adapt holds {self.held_out!r} out, so {name!r} is not to be trained on: take it out of families"
                )
        drawn = [training_question(make_generator(name), self.levels, rng, without) for name in self.families]
        for question in (*drawn, *exam):
            if question.domain != run.domain.name:
                raise ConfigError(
                    f"adapt needs families of the domain {run.domain.name!r}, got {question.author!r} of "
                    f"{question.domain!r}"
                )

    def run(self, run: SelfPlay) -> None:
        """Train from the step where the run stands, then measure."""
        if SOLVER not in run.roles or not run.config.roles[SOLVER].learns:
            return
        role = run.roles[SOLVER]
        if not role.trainer.placement.group.alone:
            raise ConfigError("the stage adapt trains in a single process")
        exam = self._exam(run)
        if run.round:
            self._train(run, {*map(family_of, exam)})
        run.log("metrics", [{"adaptation": self._measured(run, exam)}])

    # --- training ---

    def _train(self, run: SelfPlay, without: set[str]) -> None:
        import torch

        from ....agents.training.meta.methods import falling
        from ....agents.training.objectives import CrossEntropy, set_up

        role = run.roles[SOLVER]
        families = {name: make_generator(name) for name in self.families}
        weights, rate = [*role.trainer.parameters.values()], role.trainer.learning_rate
        outer = torch.optim.SGD(weights, lr=1.0) if self.method == "reptile" else role.trainer.optimizer
        set_up(role.trainer.optimizer, CrossEntropy(weight_decay=0.0, restarts=run.step == 0))
        for step in range(run.step, self.most_steps):
            outer_rate = falling(self.outer_rate, step, self.most_steps) * run.rate_scale
            for group in outer.param_groups:
                group["lr"] = outer_rate
            drawn = python_stream(run.config.seed, "adapt families", run.round, step).sample(self.families, self.tasks)
            tasks = [self._task(run, families[name], without, ("adapt", run.round, step, name)) for name in drawn]
            with role.agent.active():
                first, last = self.take(weights, tasks, self.inner, outer)
            losses = {"first_batch_loss": first, "last_batch_loss": last, "outer_rate": outer_rate}
            run.log("metrics", [{"step": step, "trained": SOLVER, "families": drawn, **losses}])
            self._end_step(run, step + 1)
        role.trainer.learning_rate = rate

    def _end_step(self, run: SelfPlay, done: int) -> None:
        """Save now and then, at the end, and before stopping."""
        run.step = done
        run.count(done, self.most_steps)
        stopping, last = run.stopping, done == self.most_steps
        if last:
            run.roles[SOLVER].trainer.optimizer.state.clear()  # its running means are of other steps than come next
        if stopping or last or done % run.config.storage.save_every == 0:
            run.save(SOLVER)
            run.commit()
        if stopping:
            raise Interrupted(run.stop_reason)

    def _task(self, run: SelfPlay, family: Generator, without: set[str], path: tuple[PathElement, ...]) -> Task:
        from ....agents.training.meta.pairs import task_of_pairs

        def batch(number: int) -> list[tuple[str, str]]:
            rng = python_stream(run.config.seed, *path, number)
            drawn = [training_question(family, self.levels, rng, without) for _ in range(self.batch)]
            return self._pairs(run, drawn, rng)

        agent = run.roles[SOLVER].agent
        return task_of_pairs(agent, batch, agent.counted)

    def _pairs(self, run: SelfPlay, questions: Sequence[Question], rng: Rng) -> list[tuple[str, str]]:
        """Examples of questions: what the solver reads, and what it should say."""
        prompts = run.game.ask(questions)
        for question, reason in zip(questions, run.roles[SOLVER].agent.unreadable(prompts), strict=True):
            if reason is not None:
                raise ConfigError(
                    f"adapt cannot train on the family {family_of(question)!r}: {reason}; lower its levels"
                )
        return [(prompt, worked(question, rng)) for prompt, question in zip(prompts, questions, strict=True)]

    # --- measuring ---

    def _exam(self, run: SelfPlay) -> list[Question]:
        low, high = self.levels
        levels = [low + (high - low) * at / (LEVELS - 1) for at in range(LEVELS)]
        return held_out_questions(self.held_out, self.questions, run.config.seed, levels)

    def _measured(self, run: SelfPlay, exam: Sequence[Question]) -> dict[str, Any]:
        """The measures of adaptation; examples, batches and questions are the same in every round."""
        from ....agents.training.meta.pairs import task_of_pairs

        role, seed = run.roles[SOLVER], run.config.seed
        rng, source = python_stream(seed, "adapt shots"), make_generator(self.held_out)
        shown = [training_question(source, self.levels, rng) for _ in range(self.shots)]
        pairs = self._pairs(run, shown, rng)

        def batch(number: int) -> list[tuple[str, str]]:
            return python_stream(seed, "adapt update", number).sample(pairs, min(self.batch, len(pairs)))

        examine = partial(run.examine, exam, samples=run.config.exam.samples, greedy=False, vote=None)
        with role.agent.active():
            weights = [*role.trainer.parameters.values()]
            found = measure_adaptation(weights, task_of_pairs(role.agent, batch), self.inner, self.updates, examine)
        return adaptation_row(found, method=self.method, held_out=self.held_out, shots=self.shots)
