"""The members of a coalition that labelled: how reliable each was, and how often it was with the label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

HEADER = ["member", "reliability, first → last round", "lowest", "answered", "with the label"]


def coalition_table(labellings: Sequence[tuple[int, Mapping[str, Any]]]) -> tuple[list[str], list[list[str]]] | None:
    """Header and cells, a row per member; `None` where no coalition labelled.

    Args:
        labellings: the rows of `metrics.jsonl` about labels, with their rounds.
    """
    found = [row["coalition"]["members"] for _, row in labellings if "coalition" in row]
    names = dict.fromkeys(name for members in found for name in members)
    if not names:
        return None
    return HEADER, [_cells(name, [members[name] for members in found if name in members]) for name in names]


def _cells(name: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    known = [row["reliability"] for row in rows if row["reliability"] is not None]
    return [
        name,
        f"{known[0]:.2f} → {known[-1]:.2f}" if known else "–",
        f"{min(known):.2f}" if known else "–",
        f"{100 * rows[-1]['answered']:.1f} %",
        f"{100 * rows[-1]['agrees']:.1f} %",
    ]
