"""What people think of worked attempts, beside the automatic rigour of the same ones.

Reviewers score completeness and soundness of the steps from 0 to 4 (items that a gate of kind "attempt" picked, or any
other attempt of the run). The scores of several reviewers on one attempt are averaged first: the attempt is the unit.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from ..reviews.checks import HIGHEST, RUBRIC, read_id
from ..reviews.decisions import Decision
from ..stats import Estimate, mean, mean_rate
from .reasoning import steps_of

Row: TypeAlias = Mapping[str, Any]

ENOUGH = 8
"""Attempts with both scores and checkable steps for a correlation."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """Spearman's ρ with a 95 % interval (Bonett and Wright 2000), and the attempts it comes from."""

    rho: Estimate
    attempts: int


@dataclass(frozen=True, slots=True)
class ExpertScores:
    """The scores of a round, or of all.

    Attributes:
        round: `None` for all rounds together.
        attempts: scored ones.
        reviewers: who scored.
        completeness, soundness: means over attempts from 0 to 4, with 95 % intervals.
        worked: scored attempts with a step that can be checked.
        rigour: their mean share of steps that hold, in [0, 1], with a 95 % interval.
        correlation: of soundness and rigour over these; `None` for fewer than 8, or where one of both does not vary.
    """

    round: int | None
    attempts: int
    reviewers: int
    completeness: Estimate
    soundness: Estimate
    worked: int
    rigour: Estimate
    correlation: Correlation | None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Scored:
    round: int
    scores: Mapping[str, float]
    rigour: float | None


def expert_scores(
    decided: Mapping[str, Mapping[str, Decision]], questions: Iterable[Row], attempts: Iterable[Row]
) -> list[ExpertScores]:
    """Per round and, if there are several, for all: what people scored; empty without scores.

    Args:
        decided: what stands, by item and reviewer.
        questions, attempts: rows of the logs of the run, gone through once, where something was scored.
    """
    scores_of = {item: [one for one in own.values() if one.decision == "score"] for item, own in decided.items()}
    wanted = {read_id(item)[1:3] for item, people in scores_of.items() if people and read_id(item)[0] == "attempt"}
    written = _rows_at(attempts, wanted)
    texts = {where: row["text"] for where, row in _rows_at(questions, wanted).items()}
    scored: list[_Scored] = []
    reviewers: dict[int, set[str]] = {}
    for item, people in sorted(scores_of.items()):
        kind, round_, index, numbers = read_id(item)
        row = written.get((round_, index))
        if kind != "attempt" or not people or row is None or numbers[0] >= len(row["attempts"]):
            continue
        held = steps_of(row["attempts"][numbers[0]], row.get("question", texts.get((round_, index), "")))
        scores = {part: mean([one.after[part] for one in people]) for part in RUBRIC}
        scored.append(_Scored(round_, scores, sum(held) / len(held) if held else None))
        reviewers.setdefault(round_, set()).update(one.reviewer for one in people)
    rounds = sorted(reviewers)
    found = [
        _summary(number, [one for one in scored if one.round == number], len(reviewers[number])) for number in rounds
    ]
    if len(rounds) > 1:
        found.append(_summary(None, scored, len(set().union(*reviewers.values()))))
    return found


def _rows_at(rows: Iterable[Row], places: Collection[tuple[int, int]]) -> dict[tuple[int, int], Row]:
    """The rows at places (round, index)."""
    return {where: row for row in rows if (where := (row["round"], row["index"])) in places} if places else {}


def _summary(round_: int | None, scored: Sequence[_Scored], reviewers: int) -> ExpertScores:
    both = [(one.scores["soundness"], one.rigour) for one in scored if one.rigour is not None]
    return ExpertScores(
        round=round_,
        attempts=len(scored),
        reviewers=reviewers,
        completeness=_mean_score([one.scores["completeness"] for one in scored]),
        soundness=_mean_score([one.scores["soundness"] for one in scored]),
        worked=len(both),
        rigour=mean_rate([rigour for _, rigour in both]),
        correlation=spearman(both),
    )


def _mean_score(scores: Sequence[float]) -> Estimate:
    shares = mean_rate([score / HIGHEST for score in scores])
    return Estimate(HIGHEST * shares.value, HIGHEST * shares.low, HIGHEST * shares.high)


def spearman(pairs: Sequence[tuple[float, float]]) -> Correlation | None:
    """Spearman's rank correlation, ties by their mean rank; `None` for fewer than `ENOUGH`, or without variation."""
    if len(pairs) < ENOUGH or any(len({pair[side] for pair in pairs}) < 2 for side in (0, 1)):
        return None
    from scipy.stats import norm, spearmanr

    rho = min(1.0, max(-1.0, float(spearmanr(pairs).statistic)))
    if abs(rho) == 1.0:  # Fisher's z has no end there
        return Correlation(Estimate(rho, rho, rho), len(pairs))
    error = float(norm.ppf(0.975)) * math.sqrt((1 + rho * rho / 2) / (len(pairs) - 3))
    low, high = (math.tanh(math.atanh(rho) + side * error) for side in (-1, 1))
    return Correlation(Estimate(rho, low, high), len(pairs))


def expert_rows(found: Sequence[ExpertScores]) -> tuple[list[str], list[list[str]]]:
    """Header and cells, one row per round."""
    header = ["round", "scored", "reviewers", "completeness", "soundness", "with steps", "rigour, %", "Spearman's ρ"]
    return header, [
        [
            "all" if one.round is None else str(one.round),
            str(one.attempts),
            str(one.reviewers),
            _shown(one.completeness, 1),
            _shown(one.soundness, 1),
            str(one.worked),
            _shown(one.rigour, 100),
            "–" if one.correlation is None else _shown(one.correlation.rho, 1),
        ]
        for one in found
    ]


def _shown(estimate: Estimate, scale: float) -> str:
    if math.isnan(estimate.value):
        return "–"
    digits = 1 if scale > 1 else 2
    value, low, high = (f"{scale * one:.{digits}f}" for one in (estimate.value, estimate.low, estimate.high))
    return f"{value} [{low}, {high}]"
