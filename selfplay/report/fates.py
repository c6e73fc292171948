"""What became of the questions that were written in each round."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..pages.figures import BAD, BETWEEN, GOOD, OCHRE, SOLVER, VOTE


def fates(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, list[int]]]:
    """Name, colour and numbers by round, in the order in which they are stacked.

    Args:
        rows: the rows of `metrics.jsonl` about labels.
    """
    yield "kept", GOOD, [row["kept"] for row in rows]
    yield "not kept", SOLVER, [row["asked"] - row["kept"] for row in rows]
    yield "repeated", OCHRE, [row["repeated"] for row in rows]
    yield "held out", VOTE, [row["held_out"] for row in rows]
    yield "malformed", BAD, [row["malformed"] for row in rows]
    yield "refused", BETWEEN, [row.get("refused", 0) for row in rows]
