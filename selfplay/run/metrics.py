"""What a round is measured by; `docs/metrics.md` explains every name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...envs.game.engine import Episode
from ...envs.rewards import distinct_clusters, in_interval
from ..stats import mean

HISTOGRAM_BINS = 10
LARGEST_CLUSTERING = 1024
"""Questions clustered at most; average linkage needs all pairs."""


def challenger_measures(episodes: Sequence[Episode], band: tuple[float, float]) -> dict[str, Any]:
    """One batch of the challenger's training: what its questions were worth and why.

    Args:
        band: lowest and highest solve rate at which a question would train the solver.
    """
    judged = [played.judgement for played in episodes if played.judgement is not None]
    texts = [played.proposal.question.text for played in episodes if played.proposal.question is not None]
    terms = [played.reward.terms for played in episodes]
    return {
        "valid_share": len(judged) / len(episodes),
        "solve_rate": mean([j.solve_rate for j in judged]),
        "band_share": sum(in_interval(j.correct_count, len(j.verdicts), *band) for j in judged) / len(episodes),
        "uncertainty": mean([1.0 - 2.0 * abs(j.solve_rate - 0.5) for j in judged]),
        "repetition": -mean([t["repetition"] for t in terms if "repetition" in t]),
        "reward_terms": {name: mean([t[name] for t in terms if name in t]) for name in sorted(set().union(*terms))},
        "clusters": distinct_clusters(texts),
        "distinct_share": len(set(texts)) / len(texts) if texts else 0.0,
    }


def label_measures(written: Sequence[Mapping[str, Any]], labels: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The labelling of a round.

    Args:
        written: rows of `questions.jsonl` of the round.
        labels: rows of `labels.jsonl` of the round.
    """
    dropped = [str(row["dropped"]) for row in written if row["dropped"]]
    kept = [row for row in labels if row["kept"]]
    texts = [row["text"] for row in written if row["dropped"] is None][:LARGEST_CLUSTERING]
    return {
        "written": len(written),
        "malformed": sum(why.startswith("malformed") for why in dropped),
        "repeated": dropped.count("repeated"),
        "held_out": dropped.count("held out"),
        "asked": len(labels),
        "pooled": sum("pool" in row and row["dropped"] is None for row in written),
        "valid_share": _share(labels, "valid"),
        "solve_rate": mean([row["solve_rate"] for row in labels]),
        "kept": len(kept),
        "kept_share": len(kept) / len(labels) if labels else 0.0,
        "label_accuracy": _known_share(labels),
        "kept_label_accuracy": _known_share(kept),
        "readable_share": sum(row["label_right"] is not None for row in labels) / len(labels) if labels else 0.0,
        "clusters": distinct_clusters(texts),
        "histogram": histogram([row["solve_rate"] for row in labels]),
    }


def histogram(rates: Sequence[float]) -> list[int]:
    """Counts of solve rates in ten equal bins over [0, 1]; 1.0 falls in the last."""
    counts = [0] * HISTOGRAM_BINS
    for rate in rates:
        counts[min(HISTOGRAM_BINS - 1, int(rate * HISTOGRAM_BINS + 1e-9))] += 1
    return counts


def _known_share(labels: Sequence[Mapping[str, Any]]) -> float | None:
    """Share of right labels among questions whose answer can be computed; `None` when there are none."""
    known = [row["label_right"] for row in labels if row["label_right"] is not None]
    return sum(known) / len(known) if known else None


def _share(rows: Sequence[Mapping[str, Any]], name: str) -> float:
    return sum(bool(row[name]) for row in rows) / len(rows) if rows else 0.0
