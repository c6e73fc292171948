"""Kinds of questions over the rounds: a trained challenger goes where labels are not checked, or checked badly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..stats import mean
from .thresholds import Alarm, GuardThresholds

FEWEST = 10
"""Checked labels of a kind from which its disagreement says something."""


class KindHistory:
    """What share of the kept questions each kind had in the rounds so far, and how often its checks disagreed.

    Attributes:
        shares: per round that kept anything, the share of each kind.
        disagreements: per kind, one rate for each round in which enough of its labels were checked.
    """

    def __init__(self) -> None:
        self.shares: list[dict[str, float]] = []
        self.disagreements: dict[str, list[float]] = {}

    def observe(self, limits: GuardThresholds, kinds: Mapping[str, Mapping[str, Any]]) -> list[tuple[Alarm, bool]]:
        """Take in one labelling, by kind as `metrics.jsonl` has it; each alarm with whether it is raised."""
        shares, rates = _shares(kinds), _rates(kinds)
        found = [*self._share_alarm(limits, shares), *self._disagreement_alarm(limits, rates)]
        if shares:
            self.shares.append(shares)
        for kind, rate in rates.items():
            self.disagreements.setdefault(kind, []).append(rate)
        return found

    def _share_alarm(self, limits: GuardThresholds, shares: Mapping[str, float]) -> Iterator[tuple[Alarm, bool]]:
        """Raised where the share of a kind is large, and many times what it was on average before."""
        if not self.shares or not shares:
            return
        before = {kind: mean([row.get(kind, 0.0) for row in self.shares]) for kind in shares}
        grown = [k for k in shares if shares[k] >= limits.kind_share and shares[k] > limits.kind_growth * before[k]]
        kind = max(grown or shares, key=lambda one: shares[one])
        why = f"kept questions of the kind {kind} became far more frequent: the challenger may have found a weak check"
        yield Alarm("kind_share", shares[kind], limits.kind_growth * before[kind], why), bool(grown)

    def _disagreement_alarm(self, limits: GuardThresholds, rates: Mapping[str, float]) -> Iterator[tuple[Alarm, bool]]:
        """Raised where the checks of a kind disagree far more often than on average before."""
        jumps = {k: rate - mean(self.disagreements[k]) for k, rate in rates.items() if k in self.disagreements}
        if not jumps:
            return
        kind = max(jumps, key=lambda one: jumps[one])
        limit = rates[kind] - jumps[kind] + limits.disagreement_jump
        why = f"labels of the kind {kind} fail their check far more often than before"
        yield Alarm("disagreement", rates[kind], limit, why), jumps[kind] > limits.disagreement_jump


def _shares(kinds: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    kept = sum(measures["kept"] for measures in kinds.values())
    return {kind: measures["kept"] / kept for kind, measures in kinds.items()} if kept else {}


def _rates(kinds: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    return {kind: measures["disagreement"] for kind, measures in kinds.items() if measures["checked"] >= FEWEST}
