"""The guard: watches both roles, raises alarms by name, and says when to take a smaller step or to go back.

It only reads what steps, labellings and evaluations measured; the run carries out what it asks for. As long as it asks
for nothing, a run with it and a run without it are equal, bit for bit. `docs/guard.md` has the rules and what they were
measured against.

    guard   on      measures, alarms, learning rates, rollback
            watch   measures and alarms only
            off     nothing
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from ..stats import mean
from ..storage.run_folder import RunFolder
from .kinds import KindHistory
from .members import MemberHistory
from .thresholds import (
    PREMIUMS,
    Alarm,
    GuardThresholds,
    kept_labels_are_wrong,
    label_alarms,
    policy_alarms,
    reward_alarms,
    step_alarms,
    validation_alarms,
)
from .validation_rule import ValidationRule, loss, standard_error

__all__ = ["Cause", "Guard", "GuardThresholds", "guard_events", "guard_measures"]

Cause = Literal["patience", "fall", "not_finite", "labels", "end"]
"""Why a run went back to its best checkpoint."""

CAUSES: dict[Cause, str] = {
    "patience": "the validation loss rose several evaluations in a row",
    "fall": "the validation loss is far above the best",
    "not_finite": "rewards, losses or gradients were not finite several steps in a row",
    "labels": "labels that were to train are wrong too often; none of this round trains",
    "end": "the run would end below its best",
}


class Guard:
    """One run's guard.

    Args:
        mode: "on", "watch" or "off".
        limits: its thresholds.

    Attributes:
        rule: what follows from the validation loss.
        rows: what happened since the caller last took them, ready for `guard.jsonl`.
    """

    def __init__(self, mode: str, limits: GuardThresholds) -> None:
        self.mode, self.limits, self.rule = mode, limits, ValidationRule(limits)
        self.rows: list[dict[str, Any]] = []
        self.active: set[str] = set()
        self.first_length: dict[str, float] = {}
        self.bad_steps: dict[str, int] = {}
        self.earned: list[float] = []
        self.premiums: list[float] = []
        self.kinds = KindHistory()
        self.members = MemberHistory()
        self.solve_rate: float | None = None
        self.earned_at_best: float | None = None

    @property
    def acts(self) -> bool:
        """Whether it asks for rates and rollbacks, or only raises alarms."""
        return self.mode == "on"

    @property
    def watches(self) -> bool:
        """Whether it looks at anything."""
        return self.mode != "off"

    def step(self, role: str, step: int, measures: Mapping[str, Any]) -> Cause | None:
        """Look at a training step; returns why to roll back, or `None`.

        Args:
            role: who was trained.
            measures: what `metrics.jsonl` gets, with `update_share`, `bad_rewards` and `majority_premium`.
        """
        if not self.watches:
            return None
        first = self.first_length.setdefault(role, measures["mean_length"])
        self._raise(step_alarms(self.limits, measures, first), role, step)
        if role == "solver" and "mean_reward" in measures:
            self.earned.append(measures["mean_reward"])
            if measures["majority_premium"] is not None:
                self.premiums = [*self.premiums[1 - PREMIUMS :], measures["majority_premium"]]
                self._raise(reward_alarms(self.limits, self.premiums), role, step)
        broken = measures["skipped"] + measures["bad_rewards"] > 0
        self.bad_steps[role] = self.bad_steps.get(role, 0) + 1 if broken else 0
        if self.acts and self.bad_steps[role] >= self.limits.bad_steps:
            return "not_finite"
        return None

    def labelled(self, measures: Mapping[str, Any], may_act: bool = True) -> Cause | None:
        """Look at a round's labels; returns why to roll back, or `None`.

        Args:
            measures: of the labelling, as `metrics.jsonl` has them.
            may_act: whether computed answers, against which labels are held, may steer the run.
        """
        if self.watches:
            self._raise(label_alarms(self.limits, measures, self.solve_rate), "challenger")
            self._raise(self.kinds.observe(self.limits, measures["by_kind"]), "challenger")
            self._raise(self.members.observe(self.limits, measures), "solver")
            self.solve_rate = measures["solve_rate"] if measures["asked"] else self.solve_rate
        return "labels" if self.acts and may_act and kept_labels_are_wrong(self.limits, measures) else None

    def looked_at(self, role: str, checked: int, refused: int, unchecked: int) -> None:
        """Look at what a policy said of a role's texts in one stage, see `policy_alarms`."""
        if self.watches and checked:
            self._raise(policy_alarms(self.limits, checked, refused, unchecked), role)

    def evaluated(self, shares: Sequence[float], measures: Mapping[str, Any]) -> Cause | None:
        """Look at an evaluation; returns why to roll back, or `None`.

        Args:
            shares: share of right samples of every validation question.
            measures: `unanswered_share`, `solver_drift`, `challenger_drift`, `consistency`.
        """
        if not self.watches:
            return None
        before = self.rule.scale
        move = self.rule.observe(shares)
        earned, self.earned = self.earned, []
        row = {
            "validation_loss": loss(shares),
            "best_validation_loss": loss(self.rule.best),
            "rising": self.rule.rising,
            "rate_scale": self.rule.scale if self.acts else 1.0,
            "majority_premium": mean(self.premiums) if self.premiums else None,
            **measures,
        }
        self.rows.append(row)
        self._raise([*validation_alarms(self.limits, row), *self._validation_trend(shares, earned)], "solver")
        if move == "best":
            self.earned_at_best = mean(earned) if earned else None
        if self.acts and self.rule.scale != before:
            why = "after an improvement" if self.rule.scale > before else "after the validation loss rose"
            report = f"learning rates × {self.rule.scale:g} {why}"
            self.event("rate", None, None, Alarm("rate_scale", self.rule.scale, before, report))
        return move if self.acts and move in ("patience", "fall") else None

    def _validation_trend(self, shares: Sequence[float], earned: Sequence[float]) -> Iterable[tuple[Alarm, bool]]:
        """Whether held-out answers got worse, and whether training rewarded that.

        It did if steps earn more and more, or as much as when held-out answers were best; where the base is the best,
        as much as at first.

        Args:
            earned: mean rewards of the solver's steps since the evaluation before.
        """
        rule = self.rule
        gap, margin = loss(shares) - loss(rule.best), 2 * standard_error(rule.best, shares)
        yield Alarm("validation_falls", gap, margin, "held-out questions are answered worse than at best"), gap > margin
        if earned:
            third = max(1, len(earned) // 3)
            first, last, now = mean(earned[:third]), mean(earned[-third:]), mean(earned)
            then = self.earned_at_best
            as_ever = len(earned) > 1 and last > first - 0.05 if then is None else now >= then
            why = (
                "held-out answers get worse, and training rewards as much as ever or more and more: its reward misleads"
            )
            misled = gap > margin and (as_ever or last > first + min(0.05, 0.1 * abs(first)))
            yield Alarm("misled", now, first if then is None else then, why), misled

    def rolled_back(self, cause: Cause, to: str) -> None:
        """Note that the run went back to its best checkpoint, `to` in words, because of `cause`."""
        was, best = loss(self.rule.last), loss(self.rule.best)
        self.rule.rolled_back(smaller=cause != "not_finite")
        self.bad_steps, self.earned, self.premiums = {}, [], []
        self.active.clear()  # what goes wrong again from here is news again
        scale = self.rule.scale
        why = f"{CAUSES[cause]}; back to {to}, learning rates × {scale:g} from here"
        self.event("rollback", None, None, Alarm(cause, was, best, why))
        self.rows[-1]["rate_scale"] = scale

    def event(self, event: str, role: str | None, step: int | None, what: Alarm) -> None:
        """Note an `event` ("alarm", "rollback" …) of a `role` at a `step`, for `guard.jsonl`; `None` for none."""
        value = what.value if math.isfinite(what.value) else None  # JSON has no NaN
        noticed = {"name": what.name, "value": value, "limit": what.limit, "why": what.why}
        self.rows.append({"event": event, "role": role, "step": step, **noticed})

    def _raise(self, alarms: Iterable[tuple[Alarm, bool]], role: str, step: int | None = None) -> None:
        """Note alarms when they begin; one that lasts is noted once."""
        for alarm, raised in alarms:
            key = f"{role} {alarm.name}"
            if raised and key not in self.active:
                self.event("alarm", role, step, alarm)
            (self.active.add if raised else self.active.discard)(key)

    def take_rows(self) -> list[dict[str, Any]]:
        """What happened since the last call."""
        rows, self.rows = self.rows, []
        return rows

    def state_dict(self) -> dict[str, Any]:
        """What it remembers, as JSON has it; `load_state_dict` takes it back."""
        return {
            "rule": self.rule.state_dict(),
            "active": sorted(self.active),
            "first_length": self.first_length,
            "bad_steps": self.bad_steps,
            "earned": self.earned,
            "premiums": self.premiums,
            "solve_rate": self.solve_rate,
            "kind_shares": self.kinds.shares,
            "kind_disagreements": self.kinds.disagreements,
            "reliabilities": self.members.last,
            "earned_at_best": self.earned_at_best,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from `state_dict()`; a part of another type is a `msgspec.ValidationError`, and changes nothing."""
        known = msgspec.convert(state, GuardState)
        self.rule.load_state_dict(known.rule)
        self.active = set(known.active)
        self.first_length, self.bad_steps = known.first_length, known.bad_steps
        self.earned, self.earned_at_best = known.earned, known.earned_at_best
        self.premiums, self.solve_rate = known.premiums, known.solve_rate
        self.members.last = known.reliabilities
        self.kinds.shares, self.kinds.disagreements = known.kind_shares, known.kind_disagreements


class GuardState(msgspec.Struct):
    """What a guard remembers between two commits."""

    rule: dict[str, Any]
    active: list[str]
    first_length: dict[str, float]
    bad_steps: dict[str, int]
    earned: list[float]
    premiums: list[float]
    solve_rate: float | None
    earned_at_best: float | None
    kind_shares: list[dict[str, float]] = []
    kind_disagreements: dict[str, list[float]] = {}
    reliabilities: dict[str, float] = {}


def guard_events(folder: RunFolder) -> list[dict[str, Any]]:
    """Alarms, changes of learning rates, rollbacks and damages of a run, oldest first."""
    return [row for row in folder.rows("guard") if "event" in row]


def guard_measures(folder: RunFolder) -> list[dict[str, Any]]:
    """What the guard measured at each evaluation, oldest first."""
    return [row for row in folder.rows("guard") if "event" not in row]
