"""The guard on duty in a run: it holds validations, remembers the best checkpoints, and carries out what the rule asks.

`Guard` decides; this is the part that touches the run: seats, learning rates, checkpoints, curriculum, `guard.jsonl`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .guarded import GuardedRun
from .measures import Pay, Start, WatchedPay, starts
from .monitor import Cause, Guard
from .thresholds import GuardLimits
from .validation import Validation

if TYPE_CHECKING:
    from ..roles.role import Seat


class Duty:
    """The guard of one run.

    Args:
        run: the run; where its folder's state knows a guard, duty goes on from there.
        limits: the guard's thresholds.

    Attributes:
        best: the best validation so far: round, accuracy, checkpoints and curriculum; empty before the first.
    """

    def __init__(self, run: GuardedRun, limits: GuardLimits) -> None:
        state = run.folder.state
        self.run, self.guard = run, Guard(run.config.guard, limits, state.get("guard"))
        self.best: dict[str, Any] = dict(state.get("best", {}) if "guard" in state else {})  # older bests lack a role
        self.validation = Validation(run, self.guard)
        self.starts: dict[str, Start] = {}

    def seated(self) -> None:
        """Somebody new sits in the seats: they learn at the rates the guard allows."""
        if not self.starts and (self.guard.watches or self.run.config.l2_start):
            self.starts = starts(self.run.config, self.run.seats)
        self._set_rates()

    def checked(self, pay: Pay) -> Pay:
        """What a training step is paid by: an acting guard keeps rewards that are not finite from it."""
        return WatchedPay(pay, silences=self.guard.acts) if self.guard.watches else pay

    def step(self, seat: Seat, step: int, measures: dict[str, Any], pay: Pay) -> Cause | None:
        """Look at a step that has just been taken; why to roll back, or `None`."""
        run = self.run
        if run.config.l2_start and measures["updates"]:
            self.starts[seat.role].pull(seat, run.config.l2_start)
        if not self.guard.watches:
            return None
        norm = self.starts[seat.role].norm
        share = measures["update_norm"] / norm if norm > 0 else 0.0
        seen: dict[str, Any] = {"update_share": share, "bad_rewards": 0, "majority_premium": None}
        if isinstance(pay, WatchedPay):
            seen |= {"bad_rewards": pay.bad, "majority_premium": pay.premium if seat.role == "solver" else None}
        cause = self.guard.step(seat.role, step, {**measures, **seen})
        self._log()
        return cause

    def labelled(self, measures: dict[str, Any]) -> None:
        """Look at a round's labels."""
        self.guard.labelled(measures)
        self._log()

    def validate(self) -> tuple[float, Cause | None]:
        """Validation accuracy, and why to roll back if there is reason; the best checkpoints are remembered."""
        run = self.run
        result = run.examine(self.validation.questions(), samples=run.config.exam_samples, greedy=False)
        score = result.accuracy.value
        if not self.best or score > self.best["validation_accuracy"]:
            self.best = {
                "round": run.round,
                "validation_accuracy": score,
                "solver": run.checkpoints.get("solver"),
                "checkpoints": dict(run.checkpoints),
                "curriculum": run.curriculum.state_dict(),
            }
        unanswered = sum(result.invalid) / (len(result.invalid) * result.samples)
        measures = {"unanswered_share": unanswered, **self._apart()} if self.guard.watches else {}
        cause = self.guard.evaluated([count / result.samples for count in result.correct], measures)
        self._log()
        self._set_rates()
        return score, cause

    def end(self) -> None:
        """The run is over: it ends at its best, if that is better than where it stands."""
        if self.guard.acts and self.guard.rule.ends_below_best():
            self.roll_back("end")

    def roll_back(self, cause: Cause) -> None:
        """Put the best checkpoints into both seats again, optimisers and curriculum included, with a smaller step."""
        run = self.run
        run.checkpoints = dict(self.best["checkpoints"])
        run.curriculum.load_state_dict(self.best["curriculum"])
        self.guard.rolled_back(cause, f"the solver of round {self.best['round']}")
        run.sit()
        self._log()

    def _apart(self) -> dict[str, float | None]:
        """How far each seat's weights are from the start, and the seats' answers from each other."""
        drift = {role: self.starts[role].drift(seat) for role, seat in self.run.seats.items()}
        return {
            "challenger_drift": drift.get("challenger"),
            "solver_drift": drift.get("solver"),
            "consistency": self.validation.consistency(),
        }

    def _set_rates(self) -> None:
        config = self.run.config
        if not self.guard.acts:
            return
        rates = {"challenger": config.challenger_learning_rate, "solver": config.learning_rate}
        for role, seat in self.run.seats.items():
            seat.trainer.learning_rate = rates[role] * self.guard.rule.scale

    def _log(self) -> None:
        """Write down what the guard noticed, and tell people."""
        run = self.run
        for row in self.guard.take_rows():
            run.folder.log("guard", [{**run.here(), **row}])
            if "event" in row:
                run.progress.warn(f"round {run.round}: {row['event']} {row['name']}: {row['why']}")
