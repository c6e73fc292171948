"""What became of the questions that were written in each round."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..pages.figures import GOOD


def fates(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, list[int]]]:
    """Name, colour and numbers by round, in the order in which they are stacked.

    Args:
        rows: the rows of `metrics.jsonl` about labels.
    """
    yield "kept", GOOD, [row["kept"] for row in rows]
    yield "not kept", "#a9c7e8", [row["asked"] - row["kept"] for row in rows]
    yield "repeated", "#e3b23c", [row["repeated"] for row in rows]
    yield "held out", "#b9a3d0", [row["held_out"] for row in rows]
    yield "malformed", "#c9605a", [row["malformed"] for row in rows]
    yield "refused", "#5a4a4a", [row.get("refused", 0) for row in rows]
