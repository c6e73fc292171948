"""Kinds of questions over the rounds: a trained challenger goes where labels are not checked, or checked badly."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any

from ..stats import mean
from .thresholds import Alarm, GuardThresholds

FEWEST = 10
"""Kept questions from which shares say something, of a round and of the kind that grew; checked labels of a kind from
which its disagreement does."""


class KindHistory:
    """What share of the kept questions each kind had in the rounds so far, and how often its checks disagreed.

    Attributes:
        shares: per round that kept ten questions or more, the share of each kind.
        disagreements: per kind, one rate for each round in which enough of its labels were checked.
    """

    def __init__(self) -> None:
        self.shares: list[dict[str, float]] = []
        self.disagreements: dict[str, list[float]] = {}

    def observe(self, limits: GuardThresholds, kinds: Mapping[str, Mapping[str, Any]]) -> list[tuple[Alarm, bool]]:
        """Take in one labelling, by kind as `metrics.jsonl` has it; each alarm with whether it is raised."""
        shares, rates = _shares(kinds), _rates(kinds)
        many = {kind for kind, measures in kinds.items() if measures["kept"] >= FEWEST}
        found = [*self._share_alarm(limits, shares, many), *self._disagreement_alarm(limits, rates)]
        if shares:
            self.shares.append(shares)
        for kind, rate in rates.items():
            self.disagreements.setdefault(kind, []).append(rate)
        return found

    def _share_alarm(
        self, limits: GuardThresholds, shares: Mapping[str, float], many: Container[str]
    ) -> Iterator[tuple[Alarm, bool]]:
        """Raised where the share of a kind that has many questions is large, and many times what it was before."""
        if not self.shares or not shares:
            return
        before = {kind: mean([row.get(kind, 0.0) for row in self.shares]) for kind in shares}
        large = [kind for kind in shares if kind in many and shares[kind] >= limits.kind_share]
        grown = [kind for kind in large if shares[kind] > limits.kind_growth * before[kind]]
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
    return {kind: measures["kept"] / kept for kind, measures in kinds.items()} if kept >= FEWEST else {}


def _rates(kinds: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    return {kind: measures["disagreement"] for kind, measures in kinds.items() if measures["checked"] >= FEWEST}
