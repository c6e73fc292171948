"""The guard as a hook of a run: `monitor.Guard` decides, this is what it sees, writes down and asks the run to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...core.records import UNCHECKED
from ..hooks import Action, Hook, Rates, RollBack, Step
from ..settings.config import CHALLENGER, SOLVER
from ..settings.parts import GuardConfig
from .measures import probe_divergence
from .monitor import Cause, Guard

if TYPE_CHECKING:
    from ..evaluation import ExamResult
    from ..run.run import SelfPlay


class GuardController(Hook):
    """The guard of one run.

    Args:
        config: the guard's settings.
    """

    name = "guard"

    def __init__(self, config: GuardConfig) -> None:
        self.guard, self.by_reference = Guard(config.mode, config.thresholds), config.validation == "reference"

    def after_step(self, run: SelfPlay, step: Step) -> Action | None:
        """Look at a training step."""
        if not self.guard.watches:
            return None
        norm = run.start_of(step.role).norm
        seen = {
            "update_share": step.measures["update_norm"] / norm if norm > 0 else 0.0,
            "bad_rewards": step.bad_rewards,
            "majority_premium": step.majority_premium,
        }
        cause = self.guard.step(step.role, step.number, {**step.measures, **seen})
        self._log(run)
        return self._roll_back(run, cause)

    def after_labels(self, run: SelfPlay, measures: Mapping[str, Any]) -> Action | None:
        """Look at a round's labels; if most of those that are to train are wrong, the best checkpoints come back."""
        cause = self.guard.labelled(measures, self.by_reference and bool(run.best))
        self._log(run)
        return self._roll_back(run, cause)

    def after_exam(self, run: SelfPlay, validation: ExamResult) -> Action | None:
        """Look at a validation; learning rates follow, or the best checkpoints come back."""
        if not self.guard.watches:
            return None
        unanswered = sum(validation.invalid) / (len(validation.invalid) * validation.samples)
        shares = [count / validation.samples for count in validation.correct]
        cause = self.guard.evaluated(shares, {"unanswered_share": unanswered, **self._apart(run)})
        self._log(run)
        if cause is not None:
            return self._roll_back(run, cause)
        return Rates(self.guard.rule.scale) if self.guard.acts else None

    def after_stage(self, run: SelfPlay) -> Action | None:
        """Look at what the policies refused; a run that is over ends at its best, if that is better than where it
        stands."""
        for role, counts in sorted(run.refusals.counts.items()):
            self.guard.looked_at(role, counts.checked, counts.refused, counts.codes.get(UNCHECKED, 0))
        self._log(run)
        over = run.is_last_stage and self.guard.acts and self.guard.rule.ends_below_best()
        return self._roll_back(run, "end") if over else None

    def state_dict(self) -> dict[str, Any]:
        return self.guard.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.guard.load_state_dict(state)

    def _roll_back(self, run: SelfPlay, cause: Cause | None) -> RollBack | None:
        """The action, noted as done: the run carries it out as soon as it gets it."""
        if cause is None:
            return None
        self.guard.rolled_back(cause, f"the solver of round {run.best['round']}")
        self._log(run)
        return RollBack(cause, self.guard.rule.scale)

    def _apart(self, run: SelfPlay) -> dict[str, float | None]:
        """How far each role's weights are from the start, and the answers of two roles from each other."""
        drift = {f"{name}_drift": run.start_of(name).drift(role) for name, role in run.roles.items()}
        return {f"{CHALLENGER}_drift": None, f"{SOLVER}_drift": None, **drift, "consistency": probe_divergence(run)}

    def _log(self, run: SelfPlay) -> None:
        """Write down what the guard noticed, and report it to people."""
        for row in self.guard.take_rows():
            run.log("guard", [row])
            if "event" in row:
                run.warn(f"round {run.round}: {row['event']} {row['name']}: {row['why']}")
