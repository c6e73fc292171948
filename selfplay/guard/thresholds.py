"""When the guard raises its voice: every threshold in one place, and the alarms they raise.

The thresholds are wide on purpose. In healthy runs of the preset `tiny` (docs/guard.md) no measure comes near them, so
an alarm means that something is wrong, not that something is new.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from ...core.errors import ConfigError

PREMIUMS = 3
"""Steps over which the premium of the majority is averaged."""
LEAST_KEPT = 10
"""Labels of which a share says something."""


@dataclass(frozen=True, slots=True)
class GuardThresholds:
    """Thresholds of alarms and interventions; defaults serve language models of any size."""

    grad_norm: float = 10.0
    """`exploding_gradient`: the gradient, before it is clipped, is longer than this."""
    update_share: float = 0.02
    """`large_update`: one step changed the weights by more than this share of their norm at the start."""
    drift: float = 0.5
    """`drift`: the weights lie further from the start than this share of their norm there."""
    kl: float = 0.5
    """`far_from_base`: more nats per token between the policy and the base than this."""
    entropy_low: float = 0.01
    """`frozen_policy`: fewer nats per token; samples of a group are all but equal and teach nothing."""
    entropy_high: float = 2.0
    """`noise`: more nats per token; the policy no longer writes language."""
    length_ratio: float = 3.0
    """`length`: completions grew or shrank by more than this factor against the role's first step."""
    truncated_share: float = 0.3
    """`truncation`: a greater share of completions is cut off."""
    zero_variance_share: float = 0.95
    """`no_signal`: at least this share of groups have equal rewards."""
    valid_share: float = 0.5
    """`malformed`: a smaller share of the challenger's proposals can be read; or of questions is answered at all."""
    distinct_share: float = 0.5
    """`repetition`: a smaller share of the challenger's questions are different texts."""
    premium: float = -0.15
    """`perverse_reward`: over three solver steps, the most frequent answer of a group is rewarded less than the rest by
    more than this."""
    solve_rate_jump: float = 0.3
    """`solve_rate_jump`: between two rounds the mean solve rate of the questions changed by more than this."""
    label_accuracy: float = 0.35
    """`wrong_labels`: a smaller share of labels is right, where an answer can be computed."""
    kept_label_accuracy: float = 0.5
    """`wrong_kept_labels`: of ten or more labels that are to train, a smaller share is right, where an answer can be
    computed. An acting guard then goes back, and none of the round's labels trains."""
    kind_share: float = 0.3
    """`kind_share`: a kind of question has at least this share of the kept ones, and ten of them, and grew as
    `kind_growth` says."""
    kind_growth: float = 2.0
    """`kind_share`: … and more than this many times its mean share in the rounds before that kept ten questions."""
    disagreement_jump: float = 0.3
    """`disagreement`: the share of a kind's checked labels, ten or more, that fail the check rose by more than this
    against the mean of the rounds before."""
    reliability_jump: float = 0.3
    """`reliability_jump`: between two labellings the measured reliability of a member of a coalition changed by more
    than this."""
    unanswered_share: float = 0.3
    """`unanswered`: a greater share of validation samples holds no answer."""
    refused_share: float = 0.05
    """`refusals`: in one stage, a role's policy refused a greater share of its texts."""
    consistency: float = 0.9
    """`inconsistent_roles`: the roles' answers to the same probes diverge by more bits than this (1 is the most)."""

    patience: int = 3
    """Roll back when the validation loss has risen this many evaluations in a row."""
    fall: float = 0.10
    """Roll back at once when the validation loss lies this far above the best, and 4 standard errors."""
    factor: float = 0.5
    """Learning rates are multiplied by this when the validation loss rises, and divided by it after an improvement."""
    least_scale: float = 2.0**-12
    """Learning rates are never multiplied by less than this altogether."""
    bad_steps: int = 3
    """Roll back after this many steps of a role in a row with rewards, losses or gradients that are not finite."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value, whole = getattr(self, field.name), isinstance(field.default, int)
            if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
                raise ConfigError(f"{field.name} must be a {'whole ' if whole else ''}number, got {value!r}")
            if not math.isfinite(value):
                raise ConfigError(f"{field.name} must be a finite number, got {value!r}")
        for field in fields(self):
            if field.name != "premium" and getattr(self, field.name) < 0:
                raise ConfigError(f"{field.name} must be >= 0, got {getattr(self, field.name)!r}")
        for name in ("patience", "bad_steps"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be >= 1, got {getattr(self, name)!r}")
        if not 0.0 < self.factor < 1.0:
            raise ConfigError(f"factor must lie between 0 and 1, got {self.factor!r}")
        if not 0.0 < self.least_scale <= 1.0:
            raise ConfigError(f"least_scale must be above 0 and at most 1, got {self.least_scale!r}")


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something is wrong: its name, the measured value, the limit it broke, and a sentence for people."""

    name: str
    value: float
    limit: float
    why: str


def step_alarms(limits: GuardThresholds, m: Mapping[str, Any], first_length: float) -> Iterator[tuple[Alarm, bool]]:
    """Alarms of one training step, each with whether it is raised.

    Args:
        m: what `metrics.jsonl` gets of the step, with `update_share` and `bad_rewards`.
        first_length: `mean_length` of the role's first step.
    """
    bad = float(m["skipped"] + m["bad_rewards"])
    why = "a reward, loss or gradient was not finite; it was kept from the weights"
    yield Alarm("not_finite", bad, 0.0, why), bad > 0
    if "zero_variance_share" in m:  # supervised steps of what is solved already draw no groups
        yield from _above("truncation", m["truncated_share"], limits.truncated_share, "completions are cut off")
        why = "groups have equal rewards"
        yield from _above("no_signal", m["zero_variance_share"], limits.zero_variance_share, why)
    ratio = m["mean_length"] / first_length if first_length > 0 else 1.0
    length = Alarm("length", ratio, limits.length_ratio, "completions changed their length against the first step")
    yield length, not 1 / limits.length_ratio <= ratio <= limits.length_ratio
    if m["rows_trained"]:
        yield from _above("exploding_gradient", m["grad_norm"], limits.grad_norm, "the gradient is very long")
        yield from _above("large_update", m["update_share"], limits.update_share, "one step moved the weights far")
    if m["rows_trained"] and "entropy" in m:  # supervised steps have none
        yield from _above("far_from_base", m["kl"], limits.kl, "the policy left the base model")
        yield from _above("noise", m["entropy"], limits.entropy_high, "the policy is close to noise")
        yield from _below("frozen_policy", m["entropy"], limits.entropy_low, "the policy no longer explores")
    if "distinct_share" in m:
        yield from _below("malformed", m["valid_share"], limits.valid_share, "proposals cannot be read")
        yield from _below("repetition", m["distinct_share"], limits.distinct_share, "the challenger repeats itself")


def reward_alarms(limits: GuardThresholds, premiums: Sequence[float]) -> Iterator[tuple[Alarm, bool]]:
    """Alarms of what solvers are rewarded for; `premiums` are the majority premiums of the last steps."""
    if len(premiums) >= PREMIUMS:
        mean = sum(premiums[-PREMIUMS:]) / PREMIUMS
        why = "the answer most samples agree on is rewarded less than the others: the verifier may have turned wrong"
        yield from _below("perverse_reward", mean, limits.premium, why)


def label_alarms(
    limits: GuardThresholds, m: Mapping[str, Any], last_solve_rate: float | None = None
) -> Iterator[tuple[Alarm, bool]]:
    """Alarms of one labelling.

    Args:
        m: what `measures.label_measures` gives.
        last_solve_rate: the mean solve rate of the labelling before; `None` if this is the first.
    """
    if last_solve_rate is not None and m["asked"]:
        jump = abs(m["solve_rate"] - last_solve_rate)
        yield from _above("solve_rate_jump", jump, limits.solve_rate_jump, "solve rates jumped from round to round")
    fresh = 1.0 - m["repeated"] / m["written"] if m["written"] else 1.0
    yield from _below("repetition", fresh, limits.distinct_share, "the challenger repeats itself")
    yield from _below("malformed", m["answered_share"], limits.valid_share, "questions find no answer at all")
    why = "no question survived the filter"
    if m["asked"] and m.get("valid_share") == 0.0 and m.get("checked") == 0:
        why += (
            ": no label could be confirmed. Where nobody has another way to ask, set labels.references=known, "
            "if the answers are known, or labels.source=vote"
        )
    yield Alarm("starved", m["kept"], 0.0, why), m["kept"] == 0
    if m["label_accuracy"] is not None:
        yield from _below("wrong_labels", m["label_accuracy"], limits.label_accuracy, "labels are wrong too often")
    right, limit = m["kept_label_accuracy"], limits.kept_label_accuracy
    why = "labels that are to train are wrong too often"
    yield Alarm("wrong_kept_labels", limit if right is None else right, limit, why), kept_labels_are_wrong(limits, m)


def kept_labels_are_wrong(limits: GuardThresholds, m: Mapping[str, Any]) -> bool:
    """Whether most labels that are to train in this round are wrong, as far as known; `m` as for `label_alarms`."""
    right: float | None = m["kept_label_accuracy"]
    return right is not None and m["kept"] >= LEAST_KEPT and right < limits.kept_label_accuracy


def policy_alarms(limits: GuardThresholds, checked: int, refused: int, unchecked: int) -> Iterator[tuple[Alarm, bool]]:
    """Alarms of what a policy said of a role's texts in one stage.

    Args:
        checked: texts that were looked at, or should have been, > 0.
        refused: of these, refused.
        unchecked: of these, those that nobody could look at, refused or not.
    """
    yield from _above("refusals", refused / checked, limits.refused_share, "a policy refuses many texts of the role")
    why = "texts could not be looked at: is the guard model up?"
    yield from _above("unchecked", unchecked / checked, 0.0, why)


def validation_alarms(limits: GuardThresholds, m: Mapping[str, Any]) -> Iterator[tuple[Alarm, bool]]:
    """Alarms of one evaluation; `m` is a row of measures of `guard.jsonl`."""
    yield from _above("unanswered", m["unanswered_share"], limits.unanswered_share, "the solver gives no answers")
    for role in [name.removesuffix("_drift") for name in m if name.endswith("_drift")]:
        if m[f"{role}_drift"] is not None:
            yield from _above("drift", m[f"{role}_drift"], limits.drift, f"the {role}'s weights left the start")
    if m["consistency"] is not None:
        yield from _above("inconsistent_roles", m["consistency"], limits.consistency, "the roles disagree on probes")


def _above(name: str, value: float, limit: float, why: str) -> Iterator[tuple[Alarm, bool]]:
    yield Alarm(name, value, limit, why), not value <= limit  # NaN is above, too


def _below(name: str, value: float, limit: float, why: str) -> Iterator[tuple[Alarm, bool]]:
    yield Alarm(name, value, limit, why), not value >= limit
