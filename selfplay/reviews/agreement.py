"""How far reviewers agree with each other, and with the votes: Cohen's κ (Cohen 1960; weighted: Cohen 1968).

    κ = (p_o − p_e) / (1 − p_e)        weighted: κ = 1 − Σ w·o / Σ w·e, with w = (i − j)² for scores

p_o is the share of items on which two reviewers decided alike, p_e the share to be expected if each kept to their own
frequencies and decided at random. Where both decided the same about everything, p_e is 1 and κ does not exist: that is
`None`, not 1 — a pair that never had a choice has shown nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from ..stats import Estimate, wilson
from .checks import HIGHEST, RUBRIC, read_id
from .decisions import Decision
from .items import Item
from .outcomes import come_to_the_same

LEAST_SHARED = 2
"""Items that two reviewers must share for a κ."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two reviewers on what both decided about.

    Attributes:
        what: "question", "label", "pair", or a part of the rubric, "completeness" or "soundness".
        one, other: their names.
        items: how many they share.
        alike: share on which their decisions come to the same, edits to the same text included, in [0, 1].
        kappa: of the kind of decision (approve, edit, reject; which attempt), weighted for scores; in [-1, 1], `None`
            where both decided the same about everything.
    """

    what: str
    one: str
    other: str
    items: int
    alike: float
    kappa: float | None


def agreements(decided: Mapping[str, Mapping[str, Decision]]) -> list[Agreement]:
    """All pairs of reviewers that share at least two items of a kind.

    Args:
        decided: what stands, by item and reviewer, as `standing` gives it.
    """
    shared: dict[tuple[str, str, str], list[tuple[Decision, Decision]]] = {}
    for item, own in decided.items():
        people = sorted(who for who in own if who)
        for one, other in combinations(people, 2):
            shared.setdefault((read_id(item)[0], one, other), []).append((own[one], own[other]))
    found = []
    for (kind, one, other), both in sorted(shared.items()):
        if len(both) < LEAST_SHARED:
            continue
        if kind == "attempt":
            for part in RUBRIC:
                scores = [(first.after[part], second.after[part]) for first, second in both]
                alike = sum(first == second for first, second in scores) / len(scores)
                found.append(Agreement(part, one, other, len(both), alike, weighted_kappa(scores, HIGHEST)))
            continue
        alike = sum(come_to_the_same(*pair) for pair in both) / len(both)
        kappa = cohens_kappa([(_category(first), _category(second)) for first, second in both])
        found.append(Agreement(kind, one, other, len(both), alike, kappa))
    return found


def cohens_kappa(pairs: Sequence[tuple[Hashable, Hashable]]) -> float | None:
    """Cohen's κ of pairs of categories, in [-1, 1]; `None` without pairs, or where all of both are one category."""
    n = len(pairs)
    first, second = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    expected = sum(count * second[category] for category, count in first.items())  # times n²
    if expected == n * n:
        return None
    alike = sum(one == other for one, other in pairs)
    return (alike * n - expected) / (n * n - expected)


def weighted_kappa(pairs: Sequence[tuple[int, int]], highest: int) -> float | None:
    """κ of pairs of scores from 0 to `highest` with quadratic weights; `None` as for `cohens_kappa`."""
    first, second = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    observed = sum((one - other) ** 2 for one, other in pairs) * len(pairs)
    scores = range(highest + 1)
    expected = sum((i - j) ** 2 * first[i] * second[j] for i in scores for j in scores)
    return 1 - observed / expected if expected else None


@dataclass(frozen=True, slots=True)
class VoteAgreement:
    """How often reviewers and the run came to the same.

    Attributes:
        labels: labels that somebody decided about; each decision counts.
        approved: share of these that were approved, or edited to the same answer, with a 95 % interval.
        pairs: pairs with a right attempt by the label, in which somebody preferred one.
        preferred: share of these in which it was the right one, with a 95 % interval.
    """

    labels: int
    approved: Estimate
    pairs: int
    preferred: Estimate


def agreement_with_votes(items: Mapping[str, Item], decided: Mapping[str, Mapping[str, Decision]]) -> VoteAgreement:
    """Reviewers against the labels and the order of answers that the run came to on its own.

    `items` are what was shown, by id; `decided` are the decisions on each, by id and then by reviewer.
    """
    labels, pairs = [], []
    for name, own in decided.items():
        item = items.get(name)
        for who, decision in own.items():
            if who and decision.kind == "label":
                approved = Decision(decision.id, "approve", who, decision.time, decision.key, before=decision.before)
                labels.append(come_to_the_same(approved, decision))
            if who and item is not None and decision.decision == "prefer":
                right = [shown.number for shown in item.attempts if shown.right]
                if len(right) == 1:
                    pairs.append(decision.after == right[0])
    return VoteAgreement(len(labels), wilson(sum(labels), len(labels)), len(pairs), wilson(sum(pairs), len(pairs)))


def _category(decision: Decision) -> Hashable:
    """Of a pair, whether the first or the second attempt is preferred, whatever their numbers are."""
    return decision.after == read_id(decision.id)[3][0] if decision.decision == "prefer" else decision.decision
