"""When a decision can count no longer: one sentence for the browser and the terminal."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from ..run.stage import DONE
from ..storage.run_folder import RunFolder
from .items import Item
from .review_queue import REVIEWS

SCORED = "attempt"
"""The kind of item whose decisions are for evaluations, and may come when a run is over."""


def why_closed(
    log: Path, finished: bool, kind: str | None = None, who: str = "", adopted: Collection[str] = (), reviewers: int = 1
) -> str | None:
    """Why somebody can decide nothing about an item, or about any; `None` if they can.

    Args:
        log: `reviews.jsonl`.
        finished: whether the run is over.
        kind: of the item; `None` asks for any.
        who: asks.
        adopted: the reviewers whose decisions about it the run has adopted.
        reviewers: how many were asked: as long as these are more, others may add theirs.
    """
    if log.exists() and not os.access(log, os.W_OK):
        return "This run folder cannot be written to, so nothing can be decided here."
    if finished and kind != SCORED:
        return "This run is over: a decision would change nothing any more. Attempts can still be scored."
    if who in adopted or len(adopted) >= reviewers:
        return "The run has adopted what was decided about this item, and has gone on with it."
    return None


class Closed:
    """What is closed in a run at one moment.

    Args:
        folder: of the run, just opened.

    Raises:
        DamageError: its log of decisions is not as the run wrote it.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.log, self.finished = folder.log_path(REVIEWS), folder.state.get("phase") == DONE
        self.adopted = adopted_by((row["id"], row["reviewer"]) for row in folder.rows(REVIEWS) if "id" in row)

    def why(self, item: Item, who: str) -> str | None:
        """See `why_closed`."""
        return why_closed(self.log, self.finished, item.kind, who, self.adopted.get(item.id, ()), item.reviewers)


def adopted_by(decisions: Iterable[tuple[str, str]]) -> Mapping[str, Collection[str]]:
    """By item the reviewers whose decisions are among these pairs of item and reviewer."""
    found: dict[str, set[str]] = {}
    for item, who in decisions:
        found.setdefault(item, set()).add(who)
    return found
