"""What a round is measured by; `docs/metrics.md` explains every name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ...core.records import REFUSED, Judgement
from ...envs.game.engine import Episode
from ...envs.rewards import distinct_clusters, in_interval
from ..stats import mean
from .validator.measures import check_measures

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
        "refused": sum(played.proposal.refused for played in episodes),
        "solve_rate": mean([j.solve_rate for j in judged]),
        "band_share": sum(in_interval(j.correct_count, len(j.verdicts), *band) for j in judged) / len(episodes),
        "asked_gap": mean(_asked_gaps(episodes), None),
        "uncertainty": mean([1.0 - 2.0 * abs(j.solve_rate - 0.5) for j in judged]),
        "repetition": -mean([t["repetition"] for t in terms if "repetition" in t]),
        "reward_terms": {name: mean([t[name] for t in terms if name in t]) for name in sorted(set().union(*terms))},
        "clusters": distinct_clusters(texts),
        "distinct_share": len(set(texts)) / len(texts) if texts else 0.0,
    }


def _asked_gaps(episodes: Sequence[Episode]) -> list[float]:
    """How far each solve rate is from the one that was asked for, 1 − level; questions without a level are left out."""
    pairs = [(played.proposal.question, played.judgement) for played in episodes]
    return [abs(j.solve_rate - (1.0 - q.level)) for q, j in pairs if q and j and q.level is not None]


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
        "refused": sum(why.startswith(REFUSED) for why in dropped),
        "repeated": dropped.count("repeated"),
        "held_out": dropped.count("held out"),
        "asked": len(labels),
        "pooled": sum("pool" in row and row["dropped"] is None for row in written),
        "valid_share": _share(labels, "valid"),
        "answered_share": sum(any(row["answers"]) for row in labels) / len(labels) if labels else 0.0,
        "solve_rate": mean([row["solve_rate"] for row in labels]),
        "kept": len(kept),
        "kept_share": len(kept) / len(labels) if labels else 0.0,
        "label_accuracy": _known_share(labels),
        "kept_label_accuracy": _known_share(kept),
        "readable_share": sum(row["label_right"] is not None for row in labels) / len(labels) if labels else 0.0,
        "clusters": distinct_clusters(texts),
        "histogram": histogram([row["solve_rate"] for row in labels]),
        **check_measures(labels),
        "checked": sum(_agrees(row) is not None for row in labels),
        "disagreement": _disagreement(labels),
        "by_kind": {kind: _kind_measures(rows) for kind, rows in sorted(_by_kind(labels).items())},
        **_by_source(written, labels),
    }


def coalition_measures(judgements: Sequence[Judgement]) -> dict[str, Any]:
    """What each member of a coalition did, as means over the questions that it labelled; nothing where none did.

    `reliability` is `None` for a member that never answered.
    """
    found = [one.evidence["coalition"] for one in judgements if "coalition" in one.evidence]
    if not found:
        return {}
    rows = {name: [one["members"][name] for one in found if name in one["members"]] for name in found[0]["members"]}
    members = {
        name: {
            "reliability": mean([row["reliability"] for row in own if row["reliability"] is not None], None),
            **{what: mean([row[what] for row in own]) for what in ("answered", "agrees")},
        }
        for name, own in rows.items()
    }
    return {"coalition": {"chance": mean([one["chance"] for one in found]), "members": members}}


def _by_source(written: Sequence[Mapping[str, Any]], labels: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The labelling of the questions of each source, in the order of the sources; nothing where there is only one."""
    found: dict[str, list[Mapping[str, Any]]] = {row["source"]: [] for row in written if "source" in row}
    if not found:
        return {}
    for row in labels:
        found[written[row["index"]]["source"]].append(row)
    counts = Counter(row["source"] for row in written)
    return {"by_source": {name: {"written": counts[name], **_source_measures(rows)} for name, rows in found.items()}}


def _source_measures(labels: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    kept = [row for row in labels if row["kept"]]
    return {
        "asked": len(labels),
        "kept": len(kept),
        "kept_label_accuracy": _known_share(kept),
        "solve_rate": mean([row["solve_rate"] for row in labels], None),
        "label_sources": dict(sorted(Counter(row["label_source"] for row in labels).items())),
    }


def _by_kind(labels: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Rows of `labels.jsonl` by the kind of their question."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in labels:
        found.setdefault(row["kind"], []).append(row)
    return found


def _kind_measures(labels: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The labelling of the questions of one kind."""
    kept = [row for row in labels if row["kept"]]
    return {
        "asked": len(labels),
        "kept": len(kept),
        "kept_label_accuracy": _known_share(kept),
        "checked": sum(_agrees(row) is not None for row in labels),
        "disagreement": _disagreement(labels),
    }


def _agrees(row: Mapping[str, Any]) -> bool | None:
    """What the check of a label said; `None` where there was none."""
    agrees: bool | None = (row["check"] or {}).get("agrees")
    return agrees


def _disagreement(labels: Sequence[Mapping[str, Any]]) -> float | None:
    """Share of the checked labels that were not confirmed; `None` where none was checked."""
    said = [agrees for row in labels if (agrees := _agrees(row)) is not None]
    return said.count(False) / len(said) if said else None


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
