"""The R-Zero loop (arXiv 2508.05004, section 3) as a state machine that is saved after every step.

    evaluate the base
    round 1 … R:   train challenger → generate → attempt → label and filter → train solver → evaluate → gate

Each phase reads what the phase before it wrote to the run folder, draws from random streams named by (seed, phase,
round, step), and ends in a commit. So a run can stop anywhere, be killed anywhere, and goes on to the same end.

What differs from the paper: question texts of the held-out split and repeated questions are dropped before labelling;
the KL reference stays the base model over all rounds (a moving one bounds nothing); the best solver is remembered by a
validation exam of its own, and a guard goes back to it when training makes things worse (`guard/`). Rounds count on
after a rollback, so nothing is drawn twice and a run ends after as many rounds as it was given.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ..core.errors import RunError
from ..core.language import key
from ..core.protocols import Curriculum, Generator
from ..core.records import Outcome, Question, TaskSpec
from ..core.registries import make_curriculum, make_generator, make_reward
from ..core.seeding import integer_seed, python_stream
from ..core.split import is_held_out
from ..envs.domains import find_domain
from ..envs.engine import Game
from ..envs.rewards import in_band
from .config import RunConfig
from .evaluation import ExamResult, held_out_questions, run_exam
from .guard.fallback import keep_snapshot
from .guard.measures import FinitePay, divergence, frozen_votes, starts
from .guard.watch import Cause, Guard, GuardLimits
from .labels import labels_right
from .measures import challenger_measures, label_measures
from .pay import ChallengerPay, SolverPay
from .progress import Progress
from .run_folder import RunFolder
from .seats import ROLES, CheckpointShelf, Seat, fill_seats
from .subjects import find_subject

PHASES = ("train_challenger", "generate", "attempt", "label", "train_solver", "evaluate", "gate")
PROBES, PROBE_SAMPLES = 16, 8


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
    """

    def __init__(
        self,
        config: RunConfig,
        folder: RunFolder,
        progress: Progress,
        stop: Callable[[], bool] = lambda: False,
        limits: GuardLimits = GuardLimits(),  # noqa: B008 - frozen
    ) -> None:
        self.config, self.folder, self.progress, self.stop = config, folder, progress, stop
        state = folder.state
        self.round: int = state.get("round", 0)
        self.phase: str = state.get("phase", "evaluate")
        self.step: int = state.get("step", 0)
        self.checkpoints: dict[str, str] = dict(state.get("checkpoints", {}))
        self.best: dict[str, Any] = dict(state.get("best", {}) if "guard" in state else {})  # older bests lack a role
        self.shelf = CheckpointShelf(folder.path / "checkpoints", config.keep_checkpoints)
        self.guard = Guard(config.guard, limits, state.get("guard"))
        self._sit()
        self.starts = starts(config, self.seats) if self.guard.watches or config.l2_start else {}
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
        self.exam, self.validation = shuffled[config.validation_questions :], shuffled[: config.validation_questions]

    def run(self) -> None:
        """Play to the end.

        Raises:
            Interrupted: after `stop` said so; the folder can be resumed.
        """
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
            pay = ChallengerPay(self.game, partial(self._attempts, seed=integer_seed(seed, "attempts")))
            guarded = FinitePay(pay) if self.guard.acts else pay
            trained = self.challenger.trainer.step(prompts, guarded, samples=self.config.challenger_samples, seed=seed)
            measures = {**trained.as_dict(), **challenger_measures(pay.rounds, self.config.band)}
            if not self._end_step(self.challenger, step, measures, guarded):
                return

    def _generate(self) -> None:
        """The challenger writes this round's questions; repeated and held-out ones are not asked."""
        questions, rejected = self._written() if self.challenger is not None else self._drawn()
        seen: set[str] = set()
        rows = []
        for question in questions:
            identity = key(question.text)
            why = "held out" if is_held_out(question.text) else "repeated" if identity in seen else None
            seen.add(identity)
            rows.append({**self._here(), **_question_row(question), "dropped": why})
        for row in rejected:
            rows.append({**self._here(), **row})
        self.folder.log("questions", [{**row, "index": index} for index, row in enumerate(rows)])

    def _attempt(self) -> None:
        """The solver attempts every question m times."""
        asked = self._asked()
        prompts = self.game.ask([question for _, question in asked])
        groups = self._attempts(prompts, self._seed("attempt")) if prompts else []
        rows = zip(asked, groups, strict=True)
        self.folder.log("attempts", [{**self._here(), "index": i, "attempts": list(group)} for (i, _), group in rows])

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
                    **self._here(),
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
        self.folder.log("metrics", [{**self._here(), **measures}])
        self.guard.labelled(measures)
        self._log_guard()

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
            guarded = FinitePay(pay) if self.guard.acts else pay
            prompts, samples = self.game.ask(batch), self.config.solver_samples
            trained = self.solver.trainer.step(prompts, guarded, samples=samples, seed=seed)
            if not self._end_step(self.solver, step, trained.as_dict(), guarded):
                return

    def _evaluate(self) -> None:
        """Hold the exam, and a smaller one on other held-out questions for the guard; go back if it says so."""
        exam = self._examine(self.exam, samples=self.config.exam_samples, greedy=True)
        timeless = replace(exam, seconds=0.0).as_dict()  # the metrics of equal seeds are equal
        score, cause = self._validate()
        self.folder.log("metrics", [{**self._here(), "exam": timeless, "validation_accuracy": score}])
        if cause is not None:
            self._roll_back(cause)

    def _gate(self) -> None:
        """Say which solver is the best so far; a run that would end below it ends with it."""
        self.folder.log("metrics", [{**self._here(), "best_round": self.best["round"]}])
        if self.guard.acts and self.round == self.config.rounds and self.guard.rule.ends_below_best():
            self._roll_back("end")

    # --- the guard ---

    def _validate(self) -> tuple[float, Cause | None]:
        """Validation accuracy, and why to roll back if there is reason; the best checkpoints are remembered."""
        result = self._examine(self._validation(), samples=self.config.exam_samples, greedy=False)
        score = result.accuracy.value
        if not self.best or score > self.best["validation_accuracy"]:
            self.best = {
                "round": self.round,
                "validation_accuracy": score,
                "solver": self.checkpoints.get("solver"),
                "checkpoints": dict(self.checkpoints),
                "curriculum": self.curriculum.state_dict(),
            }
        unanswered = sum(result.invalid) / (len(result.invalid) * result.samples)
        measures = {"unanswered_share": unanswered, **self._apart()} if self.guard.watches else {}
        cause = self.guard.evaluated([count / result.samples for count in result.correct], measures)
        self._log_guard()
        self._set_rates()
        return score, cause

    def _validation(self) -> list[Question]:
        """The validation questions with what answers are held against."""
        if self.config.validation == "reference":
            return self.validation
        prompts = self.game.ask(self.validation)
        if self.guard.votes is None:
            groups = self._attempts(prompts, integer_seed(self.config.seed, "validation votes"))
            self.guard.votes = frozen_votes(groups, prompts)
        voted = zip(self.validation, self.guard.votes, strict=True)
        labelled = [replace(question, reference=vote) for question, vote in voted if vote is not None]
        if not labelled:
            raise RunError("validation='vote', but the base answers no validation question; use validation='reference'")
        return labelled

    def _apart(self) -> dict[str, float | None]:
        """How far each seat's weights are from the start, and the seats' answers from each other."""
        measures: dict[str, float | None] = dict.fromkeys(("challenger_drift", "solver_drift", "consistency"))
        for role, seat in self.seats.items():
            measures[f"{role}_drift"] = self.starts[role].drift(seat)
        if self.challenger is not None:
            prompts, seed = self.game.ask(self.validation[:PROBES]), integer_seed(self.config.seed, "probes")
            asker = self.challenger.agent.with_settings(max_new_tokens=self.config.max_new_tokens)
            ours = self.solver.agent.act(prompts, n=PROBE_SAMPLES, seed=seed)
            measures["consistency"] = divergence(ours, asker.act(prompts, n=PROBE_SAMPLES, seed=seed))
        return measures

    def _roll_back(self, cause: Cause) -> None:
        """Put the best checkpoints into both seats again, optimisers and curriculum included, with a smaller step."""
        self.checkpoints = dict(self.best["checkpoints"])
        self.curriculum.load_state_dict(self.best["curriculum"])
        self.guard.rolled_back(cause, f"the solver of round {self.best['round']}")
        self._sit()
        self._log_guard()

    def _sit(self) -> None:
        """Fill the seats from their checkpoints, at the learning rates the guard allows."""
        saved = {role: self.shelf.path(name) for role, name in self.checkpoints.items()}
        roles = ROLES[1:] if self.config.challenger == "procedural" else ROLES
        self.seats = fill_seats(self.config, roles, saved)
        self.challenger, self.solver = self.seats.get("challenger"), self.seats["solver"]
        self._set_rates()

    def _set_rates(self) -> None:
        if not self.guard.acts:
            return
        rates = {"challenger": self.config.challenger_learning_rate, "solver": self.config.learning_rate}
        for role, seat in self.seats.items():
            seat.trainer.learning_rate = rates[role] * self.guard.rule.scale

    def _watch(self, seat: Seat, step: int, measures: dict[str, Any], pay: object) -> Cause | None:
        if not self.guard.watches:
            return None
        norm = self.starts[seat.role].norm
        share = measures["update_norm"] / norm if norm > 0 else 0.0
        bad = pay.bad if isinstance(pay, FinitePay) else 0
        cause = self.guard.step(seat.role, step, {**measures, "update_share": share, "bad_rewards": bad})
        self._log_guard()
        return cause

    def _log_guard(self) -> None:
        """Write down what the guard noticed, and tell people."""
        for row in self.guard.take_rows():
            self.folder.log("guard", [{**self._here(), **row}])
            if "event" in row:
                self.progress.warn(f"round {self.round}: {row['event']} {row['name']}: {row['why']}")

    # --- what phases share ---

    def _attempts(self, prompts: list[str], seed: int) -> list[list[str]]:
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
        return [(row["index"], _question(row)) for row in rows]

    def _kept(self) -> list[Question]:
        """This round's training questions, their label as reference."""
        labels = {row["index"]: row["label"] for row in self._rows("labels") if row["kept"]}
        return [replace(question, reference=labels[i]) for i, question in self._asked() if i in labels]

    def _examine(self, questions: Sequence[Question], *, samples: int, greedy: bool) -> ExamResult:
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

    def _here(self) -> dict[str, Any]:
        return {"round": self.round, "phase": self.phase}

    def _rows(self, log: str) -> list[dict[str, Any]]:
        return [row for row in self.folder.rows(log) if row["round"] == self.round]

    # --- saving ---

    def _log_step(self, role: str, step: int, measures: dict[str, Any]) -> None:
        told = {n: None if isinstance(v, float) and not math.isfinite(v) else v for n, v in measures.items()}  # JSON
        self.folder.log("metrics", [{**self._here(), "role": role, "step": step, **told}])
        self.progress.count(step + 1, getattr(self.config, f"{role}_steps"))
        self.progress.show(role, measures)

    def _end_step(self, seat: Seat, step: int, measures: dict[str, Any], pay: object) -> bool:
        """After an optimiser step: log, look, and save now and then; whether the phase goes on.

        A state is saved every few steps, at the end of the phase, at a validation, and before stopping.
        """
        config, self.step = self.config, step + 1
        if config.l2_start and measures["updates"]:
            self.starts[seat.role].pull(seat, config.l2_start)
        self._log_step(seat.role, step, measures)
        cause = self._watch(seat, step, measures, pay)
        stopping, steps = self.stop(), getattr(config, f"{seat.role}_steps")
        inside = seat is self.solver and config.validate_every > 0 and self.step < steps
        validating = inside and self.step % config.validate_every == 0
        saving = stopping or validating or self.step == steps or self.step % config.save_every == 0
        if saving and cause is None:
            self.checkpoints |= dict.fromkeys(seat.saves, self.shelf.write(seat, self.round, self.step))
        if validating and cause is None:
            cause = self._validate()[1]
        if cause is not None:
            self._roll_back(cause)
            self.step = steps
        if saving or cause is not None:
            self._commit()
            if cause is None:
                keep_snapshot(self.shelf.path(self.checkpoints[seat.role]), self.folder.state)
            self.shelf.prune(seat.role, {*self.checkpoints.values(), *self.best["checkpoints"].values()})
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
                "best": self.best,
                "curriculum": self.curriculum.state_dict(),
                "guard": self.guard.state_dict(),
            }
        )


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


def _question_row(question: Question) -> dict[str, Any]:
    row = {"text": question.text, "reference": question.reference, "level": question.level, "author": question.author}
    return {**row, "domain": question.domain, "meta": dict(question.meta)} if question.meta else row


def _question(row: dict[str, Any]) -> Question:
    domain, meta = row.get("domain", "maths"), row.get("meta", {})
    return Question(row["text"], row["reference"], domain, row["level"], row["author"], meta)
