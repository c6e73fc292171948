"""The R-Zero loop (arXiv 2508.05004, section 3) as a state machine that is saved after every step.

    evaluate the base
    round 1 … R:   train challenger → generate → attempt → label and filter → train solver → evaluate → gate

Each phase reads what the phase before it wrote to the run folder, draws from random streams named by (seed, phase,
round, step), and ends in a commit. So a run can stop anywhere, be killed anywhere, and goes on to the same end.

What differs from the paper: question texts of the held-out split and repeated questions are dropped before labelling;
the KL reference stays the base model over all rounds unless asked otherwise (a moving one bounds nothing); the best
solver is remembered by a validation exam of its own, and a guard goes back to it when training makes things worse
(`guard/`). Rounds count on after a rollback, so nothing is drawn twice and a run ends after as many rounds as it was
given.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any

from ...core.errors import RunError
from ...core.held_out import is_held_out
from ...core.math_language import key
from ...core.protocols import Curriculum, Generator, Verifier
from ...core.records import Outcome, Question, TaskSpec
from ...core.registries import make_curriculum, make_generator, make_reward
from ...core.seeding import integer_seed, python_stream
from ...envs.game.domains import find_domain
from ...envs.game.engine import Game
from ...envs.rewards.challenger import in_band
from ..evaluation import ExamResult, held_out_questions, run_exam
from ..guard.controller import Duty
from ..guard.measures import Pay
from ..guard.thresholds import GuardLimits
from ..progress import Progress
from ..roles.build import fill_seats
from ..roles.rewards import ChallengerPay, SolverPay
from ..roles.role import ROLES, FillSeats, Seat
from ..settings.config import RunConfig
from ..storage.checkpoint_store import CheckpointShelf
from ..storage.recovery import keep_snapshot, needed_checkpoints
from ..storage.run_folder import RunFolder
from .labels import labels_right
from .metrics import challenger_measures, label_measures
from .question_rows import question_of, question_row
from .subjects import find_subject

if TYPE_CHECKING:
    from ...agents.training.dynamic_sampling import Refill

PHASES = ("train_challenger", "generate", "attempt", "label", "train_solver", "evaluate", "gate")


class Interrupted(Exception):
    """The run was asked to stop, and has saved its state."""


class SelfPlay:
    """One run, from its folder to its end.

    Args:
        config: the settings.
        folder: a fresh or resumed run folder.
        progress: shows a person how far the run is.
        stop: asked between steps; when it says `True` the run saves and raises `Interrupted`.
        limits: thresholds of the guard.
        fill: puts agents and trainers into the seats; another one brings other players.
    """

    def __init__(
        self,
        config: RunConfig,
        folder: RunFolder,
        progress: Progress,
        stop: Callable[[], bool] = lambda: False,
        limits: GuardLimits = GuardLimits(),  # noqa: B008 - frozen
        fill: FillSeats = fill_seats,
    ) -> None:
        self.config, self.folder, self.progress, self.stop = config, folder, progress, stop
        state = folder.state
        self.round: int = state.get("round", 0)
        self.phase: str = state.get("phase", "evaluate")
        self.step: int = state.get("step", 0)
        self.checkpoints: dict[str, str] = dict(state.get("checkpoints", {}))
        self.references: dict[str, str] = dict(state.get("references", {}))
        self.shelf = CheckpointShelf(folder.path / "checkpoints", config.keep_checkpoints)
        self.fill, self.duty = fill, Duty(self, limits)
        self.sit()
        reward = make_reward(config.reward, repetition=config.repetition_scale)
        self.subject = find_subject(config.env)
        labeller = self.subject.labeller(config.labels)
        self.game = Game(find_domain(self.subject.domain), labeller, reward, config.template)
        self.generator: Generator = make_generator(config.generator)
        self.curriculum: Curriculum = make_curriculum(config.curriculum)
        if "curriculum" in state:
            self.curriculum.load_state_dict(state["curriculum"])
        held_out = held_out_questions(
            config.generator, config.exam_questions + config.validation_questions, config.seed
        )
        shuffled = python_stream(config.seed, "exam order").sample(held_out, len(held_out))
        self.exam, self.held_back = shuffled[config.validation_questions :], shuffled[: config.validation_questions]

    def run(self) -> None:
        """Play to the end.

        Raises:
            Interrupted: after `stop` said so; the folder can be resumed.
        """
        self._tidy()  # a killed process may not have come to it
        while self.phase != "done":
            begun = time.perf_counter()
            self.progress.phase(*self._position())
            getattr(self, f"_{self.phase}")()
            seconds = round(time.perf_counter() - begun, 3)
            self.folder.log("timings", [{"round": self.round, "phase": self.phase, "seconds": seconds}])
            self._advance()

    # --- the phases, in their order ---

    def _train_challenger(self) -> None:
        """GRPO on the challenger, paid by the game with the present solver in the other seat."""
        if self.challenger is None or self.config.challenger == "untrained":
            return
        prompts = [self.game.instruct()] * self.config.challenger_groups
        for step in range(self.step, self.config.challenger_steps):
            seed = self._seed("challenger", step)
            pay = ChallengerPay(self.game, partial(self.attempts, seed=integer_seed(seed, "attempts")))
            checked = self.duty.checked(pay)
            trained = self.challenger.trainer.step(prompts, checked, samples=self.config.challenger_samples, seed=seed)
            measures = {**trained.as_dict(), **challenger_measures(pay.rounds, self.config.band)}
            if not self._end_step(self.challenger, step, measures, checked):
                return

    def _generate(self) -> None:
        """The challenger writes this round's questions; repeated and held-out ones are not asked."""
        questions, rejected = self._written() if self.challenger is not None else self._drawn()
        seen: set[str] = set()
        rows = []
        for question in questions:
            identity = key(question.text)
            why = "held out" if is_held_out(identity) else "repeated" if identity in seen else None
            seen.add(identity)
            rows.append({**self.here(), **question_row(question), "dropped": why})
        for row in rejected:
            rows.append({**self.here(), **row})
        self.folder.log("questions", [{**row, "index": index} for index, row in enumerate(rows)])

    def _attempt(self) -> None:
        """The solver attempts every question m times."""
        asked = self._asked()
        prompts = self.game.ask([question for _, question in asked])
        groups = self.attempts(prompts, self._seed("attempt")) if prompts else []
        rows = zip(asked, groups, strict=True)
        self.folder.log("attempts", [{**self.here(), "index": i, "attempts": list(group)} for (i, _), group in rows])

    def _label(self) -> None:
        """Vote or compute the labels, keep the questions in the band, and measure how often labels are right."""
        asked = self._asked()
        questions = [question for _, question in asked]
        groups = [row["attempts"] for row in self._rows("attempts")]
        judgements = self.game.judge(questions, groups)
        right = labels_right(questions, [judgement.label for judgement in judgements])
        rows = []
        for (index, question), judgement, correct in zip(asked, judgements, right, strict=True):
            kept = judgement.valid and in_band(judgement.correct_count, len(judgement.verdicts), self.config.band)
            rows.append(
                {
                    **self.here(),
                    "index": index,
                    "label": judgement.label,
                    "solve_rate": judgement.solve_rate,
                    "valid": judgement.valid,
                    "kept": kept,
                    "label_right": correct,
                    "answers": [verdict.answer for verdict in judgement.verdicts],
                    "matches": [verdict.outcome is Outcome.CORRECT for verdict in judgement.verdicts],
                }
            )
            if self.challenger is None and question.level is not None:
                self.curriculum.observe(TaskSpec(question.level), judgement.solve_rate)
        self.folder.log("labels", rows)
        measures = label_measures(self._rows("questions"), rows)
        self.folder.log("metrics", [{**self.here(), **measures}])
        self.duty.labelled(measures)

    def _train_solver(self) -> None:
        """GRPO on the solver with the kept questions, paid 1 for the label and 0 for anything else."""
        kept = self._kept()
        if not kept:
            self.progress.warn(f"round {self.round}: no question survived the filter, the solver does not train")
            return
        if len(kept) < self.config.solver_prompts:
            self.progress.warn(f"round {self.round}: {len(kept)} questions survived; smaller batches")
        order = python_stream(self.config.seed, "solver order", self.round).sample(kept, len(kept))
        size = min(self.config.solver_prompts, len(kept))
        for step in range(self.step, self.config.solver_steps):
            batch = [order[(step * size + i) % len(order)] for i in range(size)]
            seed = self._seed("solver", step)
            payer = self.subject.payer(self.config.solver_reward, self.config.labels, integer_seed(seed, "coins"))
            pay = SolverPay(batch, payer)
            checked = self.duty.checked(pay)
            prompts, samples = self.game.ask(batch), self.config.solver_samples
            others = [order[(step * size + i) % len(order)] for i in range(size, len(order))]
            refill = self._refill(iter(others), payer)
            trained = self.solver.trainer.step(prompts, checked, samples=samples, seed=seed, refill=refill)
            if not self._end_step(self.solver, step, trained.as_dict(), checked):
                return

    def _evaluate(self) -> None:
        """Hold the exam, and a smaller one on other held-out questions for the guard; go back if it says so."""
        exam = self.examine(self.exam, samples=self.config.exam_samples, greedy=True)
        timeless = replace(exam, seconds=0.0).as_dict()  # the metrics of equal seeds are equal
        score, cause = self.duty.validate()
        self.folder.log("metrics", [{**self.here(), "exam": timeless, "validation_accuracy": score}])
        if cause is not None:
            self.duty.roll_back(cause)

    def _gate(self) -> None:
        """Say which solver is the best so far; a run that would end below it ends with it."""
        self.folder.log("metrics", [{**self.here(), "best_round": self.duty.best["round"]}])
        if self.round == self.config.rounds:
            self.duty.end()

    # --- what phases share, and the guard ---

    def _refill(self, others: Iterator[Question], payer: Verifier) -> Refill | None:
        """Further questions of the round for places of a batch where all attempts were paid the same."""
        if not self.config.refill:
            return None
        from ...agents.training.dynamic_sampling import Refill

        def further(count: int) -> tuple[list[str], Pay]:
            batch = list(islice(others, count))
            return self.game.ask(batch), self.duty.checked(SolverPay(batch, payer))

        return Refill(self.config.refill, further)

    def sit(self) -> None:
        """Fill the seats from their checkpoints."""
        saved = {role: self.shelf.path(name) for role, name in self.checkpoints.items()}
        roles = ROLES[1:] if self.config.challenger == "procedural" else ROLES
        references = {role: self.shelf.path(name) for role, name in self.references.items()}
        self.seats = self.fill(self.config, roles, saved, references)
        self.challenger, self.solver = self.seats.get("challenger"), self.seats["solver"]
        self.duty.seated()

    def attempts(self, prompts: list[str], seed: int) -> list[list[str]]:
        return self.solver.agent.act(prompts, n=self.config.attempts, seed=seed)

    def _written(self) -> tuple[list[Question], list[dict[str, Any]]]:
        """The challenger's questions, and rows for its malformed proposals."""
        assert self.challenger is not None
        texts = self.challenger.agent.act([self.game.instruct()], n=self.config.questions, seed=self._seed("generate"))
        proposals = self.game.read(texts[0])
        malformed = [{"text": p.text, "dropped": f"malformed: {p.reason}"} for p in proposals if p.question is None]
        return [p.question for p in proposals if p.question is not None], malformed

    def _drawn(self) -> tuple[list[Question], list[dict[str, Any]]]:
        """Questions of the procedural challenger, at the curriculum's level."""
        rng = python_stream(self.config.seed, "draw", self.round)
        specs = [self.curriculum.sample(rng) for _ in range(self.config.questions)]
        return [self.generator.generate(spec, rng) for spec in specs], []

    def _asked(self) -> list[tuple[int, Question]]:
        """This round's questions that are put to the solver, with their index in the log."""
        rows = [row for row in self._rows("questions") if row["dropped"] is None]
        return [(row["index"], question_of(row)) for row in rows]

    def _kept(self) -> list[Question]:
        """This round's training questions, their label as reference."""
        labels = {row["index"]: row["label"] for row in self._rows("labels") if row["kept"]}
        return [replace(question, reference=labels[i]) for i, question in self._asked() if i in labels]

    def examine(self, questions: Sequence[Question], *, samples: int, greedy: bool) -> ExamResult:
        return run_exam(
            self.solver.agent,
            questions,
            verifier=self.subject.grader,
            samples=samples,
            greedy=greedy,
            seed=integer_seed(self.config.seed, "exam"),
            ask=lambda question: self.game.ask([question])[0],
            progress=self.progress.count,
        )

    def _position(self) -> tuple[str, int, int]:
        """The phase for people, phases done, and phases in all (round 0 has only the exam and the gate)."""
        total = 2 + len(PHASES) * self.config.rounds
        done = PHASES.index(self.phase) + (len(PHASES) * (self.round - 1) + 2 if self.round else 2 - len(PHASES))
        return f"round {self.round}/{self.config.rounds} · {self.phase.replace('_', ' ')}", done, total

    def _seed(self, name: str, step: int = 0) -> int:
        return integer_seed(self.config.seed, name, self.round, step)

    def here(self) -> dict[str, Any]:
        return {"round": self.round, "phase": self.phase}

    def _rows(self, log: str) -> list[dict[str, Any]]:
        """This round's rows of a log: the last ones, so no more is read."""
        mine = takewhile(lambda row: row["round"] == self.round, self.folder.rows_from_end(log))
        return list(mine)[::-1]

    # --- saving ---

    def _log_step(self, role: str, step: int, measures: dict[str, Any]) -> None:
        told = {n: None if isinstance(v, float) and not math.isfinite(v) else v for n, v in measures.items()}  # JSON
        self.folder.log("metrics", [{**self.here(), "role": role, "step": step, **told}])
        self.progress.count(step + 1, getattr(self.config, f"{role}_steps"))
        self.progress.show(role, measures)

    def _end_step(self, seat: Seat, step: int, measures: dict[str, Any], pay: Pay) -> bool:
        """After an optimiser step: log, look, and save now and then; whether the phase goes on.

        A state is saved every few steps, at the end of the phase, at a validation, and before stopping.
        """
        config, self.step = self.config, step + 1
        self._log_step(seat.role, step, measures)
        cause = self.duty.step(seat, step, measures, pay)
        stopping, steps = self.stop(), getattr(config, f"{seat.role}_steps")
        inside = seat is self.solver and config.validate_every > 0 and self.step < steps
        validating = inside and self.step % config.validate_every == 0
        saving = stopping or validating or self.step == steps or self.step % config.save_every == 0
        if saving and cause is None:
            self.checkpoints |= dict.fromkeys(seat.saves, self.shelf.write(seat, self.round, self.step))
        if validating and cause is None:
            cause = self.duty.validate()[1]
        if cause is not None:
            self.duty.roll_back(cause)
            self.step = steps
        if saving or cause is not None:
            self._commit()
            if cause is None:
                keep_snapshot(self.shelf.path(self.checkpoints[seat.role]), self.folder.state)
        if stopping:
            raise Interrupted
        return cause is None

    def _advance(self) -> None:
        """Go to the next phase and make the step permanent."""
        self.step = 0
        if self.phase != "gate":
            self.phase = PHASES[PHASES.index(self.phase) + 1]
        elif self.round == self.config.rounds:
            self.phase = "done"
        else:
            self.round, self.phase = self.round + 1, PHASES[0]
            if self.config.kl_reference == "round":
                self.references = dict(self.checkpoints)
                self.sit()
        self._commit()
        if self.phase != "done" and self.stop():
            raise Interrupted

    def _commit(self) -> None:
        self.folder.commit(
            {
                "round": self.round,
                "phase": self.phase,
                "step": self.step,
                "checkpoints": self.checkpoints,
                "references": self.references,
                "best": self.duty.best,
                "curriculum": self.curriculum.state_dict(),
                "guard": self.duty.guard.state_dict(),
            }
        )
        self._tidy()

    def _tidy(self) -> None:
        """Remove the checkpoints that the committed state does not need."""
        for role in self.seats:
            self.shelf.prune(role, needed_checkpoints(self.folder.state))


def resume_position(folder: RunFolder) -> str:
    """Where a run stands, for people.

    Raises:
        RunError: the state names a phase this version does not know.
    """
    state = folder.state
    phase = state.get("phase", "evaluate")
    if phase not in (*PHASES, "done"):
        raise RunError(f"{folder.path} stands at phase {phase!r}, which this version does not know")
    return f"round {state.get('round', 0)}, {phase.replace('_', ' ')}, step {state.get('step', 0)}"
