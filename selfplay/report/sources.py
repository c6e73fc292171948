"""Where questions and labels came from: shares, labels and gains of each source, and the members of a coalition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

HEADER = [
    "source",
    "asked",
    "share",
    "kept",
    "kept labels right",
    "labels from",
    "solve rate, first → last round",
]

MEMBERS = ["member", "reliability, first → last round", "lowest", "answered", "with the label"]


def source_table(labellings: Sequence[tuple[int, Mapping[str, Any]]]) -> tuple[list[str], list[list[str]]] | None:
    """Header and cells, a row per source; `None` where all questions had one source.

    The gain of a source is the change of its solve rate. It says what was learnt where the questions stay the same, as
    those of a data set do; a challenger and a curriculum make theirs harder meanwhile.

    Args:
        labellings: the rows of `metrics.jsonl` about labels, with their rounds.
    """
    sources: dict[str, list[Mapping[str, Any]]] = {}
    for _, row in labellings:
        for name, measures in row.get("by_source", {}).items():
            sources.setdefault(name, []).append(measures)
    if not sources:
        return None
    asked = sum(one["asked"] for rows in sources.values() for one in rows)
    return HEADER, [_cells(name, rows, asked) for name, rows in sources.items()]


def _cells(name: str, rows: Sequence[Mapping[str, Any]], asked_in_all: int) -> list[str]:
    asked, kept = (sum(row[what] for row in rows) for what in ("asked", "kept"))
    known = [row for row in rows if row["kept_label_accuracy"] is not None]
    right = sum(row["kept"] * row["kept_label_accuracy"] for row in known)
    from_: dict[str, int] = {}
    for row in rows:
        for source, count in row["label_sources"].items():
            from_[source] = from_.get(source, 0) + count
    return [
        name,
        f"{asked:,}",
        _per_cent(asked, asked_in_all),
        _per_cent(kept, asked),
        _per_cent(right, sum(row["kept"] for row in known)),
        ", ".join(sorted(from_)) or "–",
        _ends([row["solve_rate"] for row in rows if row["solve_rate"] is not None]),
    ]


def _per_cent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


def _ends(rates: Sequence[float]) -> str:
    if not rates:
        return "–"
    first, last = (f"{100 * rate:.1f} %" for rate in (rates[0], rates[-1]))
    return f"{first} → {last} ({100 * (rates[-1] - rates[0]):+.1f})" if len(rates) > 1 else first


def coalition_table(labellings: Sequence[tuple[int, Mapping[str, Any]]]) -> tuple[list[str], list[list[str]]] | None:
    """Header and cells, a row per member; `None` where no coalition labelled.

    Args:
        labellings: the rows of `metrics.jsonl` about labels, with their rounds.
    """
    found = [row["coalition"]["members"] for _, row in labellings if "coalition" in row]
    names = dict.fromkeys(name for members in found for name in members)
    if not names:
        return None
    return MEMBERS, [_member(name, [members[name] for members in found if name in members]) for name in names]


def _member(name: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    known = [row["reliability"] for row in rows if row["reliability"] is not None]
    return [
        name,
        f"{known[0]:.2f} → {known[-1]:.2f}" if known else "–",
        f"{min(known):.2f}" if known else "–",
        f"{100 * rows[-1]['answered']:.1f} %",
        f"{100 * rows[-1]['agrees']:.1f} %",
    ]
