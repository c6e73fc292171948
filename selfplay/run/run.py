"""A run: stages in their order, round after round; its state, its commits, and how it goes on after a kill.

    before the first round    evaluate → gate
    round 1 … R               train(challenger) → generate → attempt → label → train(solver) → evaluate → gate

That is the R-Zero loop (arXiv 2508.05004, section 3), `RunConfig.stages`. A stage reads what others wrote, draws
from streams named by (seed, words, round, step), and a commit follows: killed anywhere, a run goes on to the same end.

What differs from the paper: held-out and repeated questions are dropped; the KL reference stays the base by default;
the best solver is remembered by a validation of its own, for hooks to go back to; rounds count on after that.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ...core.protocols import Stage
from ...core.records import Labelled, Question
from ...core.registries import make_curriculum, make_generator
from ...core.seeding import integer_seed
from ...envs.game.domains import domain_of
from ...envs.game.engine import Game
from ..evaluation import ExamResult, run_exam
from ..exams.questions import exam_and_validation
from ..hooks import Action, Hook, Rates, RollBack, Step, Stop
from ..reviews.adoption import check_reviews
from ..roles.answer_rewards import challenger_reward
from ..roles.build import build_roles
from ..roles.role import BuildRoles, Role
from ..roles.start import Start, Starts
from ..roles.updates import rate_of
from ..settings.config import CHALLENGER, SOLVER, RunConfig
from ..storage.checkpoint_store import CheckpointStore
from ..storage.recovery import keep_snapshot, needed_checkpoints
from ..storage.run_folder import RunFolder
from . import round_log
from .compute import Compute, cpu_seconds
from .labels import labeller_of
from .questions.hearing import heard
from .questions.past import RunPast
from .refusals import Refusals
from .restore import best_of, check_position, go_back, restore, state_of
from .schedule.parts import Schedule
from .stage import DONE, Interrupted, check_stages
from .validation import Validation


class SelfPlay:
    """One run, from its folder to its end.

    Args:
        config: the settings.
        folder: a fresh or resumed run folder.
        schedule: the parts of the run, or what every round consists of, in order.
        hooks: hear what happens, in order; what they ask for is done at once.
        stop: asked between steps; when it says `True` the run saves and raises `Interrupted`.
        build: makes the roles; another one brings other players.

    Attributes:
        round, phase, step: where it stands: 0 is before training; the stage's name, or "done"; steps of the stage done.
        roles: who plays, by name.
        game: the rules, with the run's labeller as judge and the challenger's reward.
        checkpoints: the saved state of each role, by name.
        best: the best validation so far: round, accuracy, checkpoints and curriculum; empty before the first.
        compute: the tokens of the present round.
        past: what rewards may know of earlier rounds.
        refusals: the policies of the roles, and what they refused in the present stage.
        exam: the held-out questions of the exam.
        stop_reason: why a hook wants the run to stop, "" if none does.
    """

    def __init__(
        self,
        config: RunConfig,
        folder: RunFolder,
        schedule: Schedule | Sequence[Stage],
        hooks: Sequence[Hook] = (),
        stop: Callable[[], bool] = lambda: False,
        build: BuildRoles = build_roles,
    ) -> None:
        self.config, self.folder, self.hooks, self.stop = config, folder, hooks, stop
        check_reviews(folder)
        state = folder.state
        self.schedule = Schedule.resumed(schedule, state.get("part", {}))
        self.round: int = state.get("round", 0 if self.schedule.order(0) else 1)
        self.phase: str = state.get("phase") or self.schedule.order(self.round)[0]
        self.step: int = state.get("step", 0)
        self.checkpoints: dict[str, str] = dict(state.get("checkpoints", {}))
        self.references: dict[str, str] = dict(state.get("references", {}))
        self.best: dict[str, Any] = dict(state.get("best", {}))
        self.rate_scale: float = state.get("rate_scale", 1.0)
        self.compute = Compute(config.compute.tokens_per_round, state.get("compute", {}))
        self._saved: list[str] = []
        check_position(self)
        self.domain = domain_of(config.env)
        self.store = CheckpointStore(folder.path / "checkpoints", config.storage.keep, state.get("kept"))
        self.past = RunPast(self)
        self._build, self._starts, self.stop_reason = build, Starts(config), ""
        reward = challenger_reward(config.roles[CHALLENGER].reward if CHALLENGER in config.roles else "r-zero")
        self.refusals = Refusals(config.roles, self.here, state.get("refusals", {}))
        self.game = Game(self.domain, labeller_of(self), reward, config.template, self.refusals.policies)
        self.generator = make_generator(config.questions.generator)
        self.curriculum = make_curriculum(config.questions.curriculum)
        restore(state, self.curriculum, hooks)
        sizes = config.exam.questions, config.guard.questions
        self.exam, validation = exam_and_validation(config.questions.generator, *sizes, config.seed)
        self.validation = Validation(config, validation, state.get("votes"))
        if self.phase == DONE and self.round < config.rounds and not self.schedule.over:  # prolonged
            self._begin_round(self.round + 1)
        check_stages(self.schedule.all_stages, self)
        self._build_roles()

    def run(self) -> None:
        """Play to the end.

        Raises:
            Interrupted: after `stop` or a hook said so; the folder can be resumed.
        """
        self.store.prune(self.roles)  # a killed process may not have come to it
        while self.phase != DONE:
            begun, cpu = time.perf_counter(), cpu_seconds()
            for hook in self.hooks:
                hook.before_stage(self)
            self.stage.run(self)
            self._tell(hook.after_stage(self) for hook in self.hooks)
            seconds, cpu_s = time.perf_counter() - begun, cpu_seconds() - cpu
            self.log("timings", [{"seconds": round(seconds, 3), "cpu_s": round(cpu_s, 3)}])
            self.compute.collect(self.roles)
            self.log("metrics", [row for row in [self.compute.end_stage(), self.refusals.end_stage()] if row])
            self._advance()

    # --- where it stands ---

    @property
    def stage(self) -> Stage:
        """The present stage."""
        return next(stage for stage in self.schedule.stages if stage.name == self.phase)

    @property
    def is_last_stage(self) -> bool:
        """Whether nothing follows the present stage."""
        return self.round == self.config.rounds and self.phase == self.schedule.stages[-1].name

    @property
    def position(self) -> tuple[str, int, int]:
        """The stage for people, stages done, and stages in all."""
        return self.schedule.position(self.round, self.phase, self.config.rounds)

    def here(self) -> dict[str, Any]:
        """Round and phase, as every row of a log has them."""
        return {"round": self.round, "phase": self.phase}

    def seed(self, name: str, step: int = 0) -> int:
        """The seed of a random stream of this round."""
        return integer_seed(self.config.seed, name, self.round, step)

    # --- what stages read and write ---

    def log(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows to a log of the run folder; they reach the disk with the next commit."""
        self.folder.log(name, added := round_log.checked(name, [{**self.here(), **row} for row in rows]))
        for hook in self.hooks:
            hook.after_rows(self, name, added)

    def rows(self, name: str) -> list[dict[str, Any]]:
        """This round's committed rows of a log, in order."""
        return self.folder.rows_of_round(name, self.round)

    def asked(self) -> list[tuple[int, Question]]:
        """This round's questions that are put to the solver, with their index in the log."""
        return round_log.asked(self.rows)

    def kept(self) -> list[tuple[int, Question]]:
        """This round's training questions with their label as reference, after reviews."""
        return round_log.kept(self.rows)

    def labelled(self, valid: bool = False) -> list[Labelled]:
        """The same with the attempts at each, and which match the label; with `valid` as well what was not kept."""
        return round_log.labelled(self.rows, valid)

    def warn(self, message: str) -> None:
        """Tell people something."""
        for hook in self.hooks:
            hook.warn(self, message)

    def count(self, done: int, total: int) -> None:
        """`done` of `total` things of the present stage are done."""
        for hook in self.hooks:
            hook.count(done, total)

    # --- what stages let the roles do ---

    def attempt(self, prompts: Sequence[str], seed: int, n: int | None = None, hears: Any = None) -> list[list[str]]:
        """The solver's `n` attempts at prompts, by default as many as the settings say; see `heard` for `hears`."""
        return heard(self.roles[SOLVER].agent, hears).act(prompts, n=n or self.config.labels.attempts, seed=seed)

    def examine(
        self,
        questions: Sequence[Question],
        *,
        samples: int,
        greedy: bool = True,
        verifier: str | None = None,
        vote: str | None = "majority",
    ) -> ExamResult:
        """The solver's answers to questions, graded by the domain's grader or another verifier."""
        with self.compute.examining(self.roles):
            return run_exam(
                self.roles[SOLVER].agent,
                questions,
                verifier=verifier or self.domain.grader,
                vote=vote,
                samples=samples,
                greedy=greedy,
                seed=integer_seed(self.config.seed, "exam"),
                batch=self.config.exam.batch,
                ask=lambda question: self.game.ask([question])[0],
                progress=self.count,
            )

    def validate(self) -> tuple[float, bool]:
        """Hold a validation and remember the best; its accuracy, and whether a hook asked to go back."""
        with self.compute.examining(self.roles):
            result = self.validation.hold(
                lambda questions, seed: self.attempt(self.game.ask(questions), seed),
                lambda questions, samples: self.examine(questions, samples=samples, greedy=False),
            )
            score = result.accuracy.value
            if not self.best or score > self.best["validation_accuracy"]:
                self.best = best_of(self, score)
            return score, self._tell(hook.after_exam(self, result) for hook in self.hooks)

    def start_of(self, role: str) -> Start:
        """The weights a role began the run with."""
        return self._starts.of(self.roles[role], self.config.players)

    # --- what happened ---

    def labelled_as(self, measures: Mapping[str, Any]) -> None:
        """Log a round's labelling and tell the hooks."""
        self.log("metrics", [measures])
        self._tell(hook.after_labels(self, measures) for hook in self.hooks)

    def stepped(self, step: Step) -> bool:
        """Log a training step and tell the hooks; whether one asked to go back."""
        finite = {n: None if isinstance(v, float) and not math.isfinite(v) else v for n, v in step.measures.items()}
        self.log("metrics", [{"role": step.role, "step": step.number, **finite}])  # JSON has no NaN
        weight = self.config.roles[step.role].l2_sp
        if weight and step.measures["updates"]:
            self.start_of(step.role).pull(self.roles[step.role], weight)
        return self._tell(hook.after_step(self, step) for hook in self.hooks)

    def save(self, role: str, after: int = 0) -> None:
        """Write a checkpoint of a role, which counts from the next commit on; `after` earlier steps of the round."""
        row = self.roles[role]
        name = self.store.name(role, self.round, after + self.step)
        row.save(self.store.path(name))
        self.store.add(name)
        self.checkpoints |= dict.fromkeys(row.saves, name)
        self._saved.append(name)

    def commit(self) -> None:
        """Make everything so far permanent; checkpoints saved since the last commit keep the state with them."""
        self.compute.collect(self.roles)
        self.log("refusals", self.refusals.take_rows())
        state = state_of(self)
        kept = self.store.select(needed_checkpoints(state))
        saved, self._saved = [name for name in self._saved if name in kept], []
        self.folder.commit({**state, "saved": saved, "kept": kept})
        self.store.prune(self.roles)
        for name in saved:
            keep_snapshot(self.store.path(name), self.folder.state)

    def stop_if_asked(self) -> None:
        """Leave if somebody asked to; what was committed last stands."""
        if self.stop_reason or self.stop():
            raise Interrupted(self.stop_reason)

    @property
    def stopping(self) -> bool:
        """Whether the run leaves at the next occasion, so that a stage saves now."""
        return bool(self.stop_reason) or self.stop()

    # --- inside ---

    def _tell(self, answers: Iterable[Action | None]) -> bool:
        """Carry out what hooks ask for, in order; whether the run went back."""
        actions = list(answers)
        for action in actions:
            if isinstance(action, RollBack):
                go_back(self, action)
            elif isinstance(action, Rates):
                self._set_rates(action.scale)
            elif isinstance(action, Stop):
                self.stop_reason = action.reason
        return any(isinstance(action, RollBack) for action in actions)

    def take_back(self) -> None:
        """Go on with the roles as their checkpoints have them."""
        self.compute.collect(self.roles)  # these agents go
        self._build_roles()

    def _build_roles(self) -> None:
        saved = {role: self.store.path(name) for role, name in self.checkpoints.items()}
        references = {role: self.store.path(name) for role, name in self.references.items()}
        self.roles: dict[str, Role] = self._build(self.config, self.config.players, saved, references)
        self._set_rates(self.rate_scale)

    def _set_rates(self, scale: float) -> None:
        self.rate_scale = scale
        for name, role in self.roles.items():
            role.trainer.learning_rate = rate_of(self.config.roles[name]) * scale

    def _begin_round(self, number: int) -> None:
        self.round, self.phase = number, self.schedule.stages[0].name
        self.compute.begin_round()
        moving = [role for role in self.checkpoints if self.config.roles[role].kl_reference == "round"]
        self.references = {role: self.checkpoints[role] for role in moving}  # none after a return to the base

    def _ends(self) -> bool:
        """At the end of a round: whether it was the last one. A part that is over makes room for the next."""
        ended = self.schedule.end_round(self) if self.round else None
        if ended is not None:
            self.log("metrics", [{"part_over": ended}])
        return self.schedule.over or self.round == self.config.rounds

    def _advance(self) -> None:
        """Go to the next stage and make the step permanent."""
        self.step = 0
        order = self.schedule.order(self.round)
        following = order.index(self.phase) + 1
        if following < len(order):
            self.phase = order[following]
        elif self._ends():
            self.phase = DONE
        else:
            before = dict(self.references)
            self._begin_round(self.round + 1)
            if self.references != before:
                self._build_roles()
        self.commit()
        if self.phase != DONE:
            self.stop_if_asked()
