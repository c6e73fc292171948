"""When a decision can count no longer: one sentence for the browser and the terminal."""

from __future__ import annotations

import os
from collections.abc import Container
from pathlib import Path

from ..run.stage import DONE
from ..storage.run_folder import RunFolder
from .items import Item
from .review_queue import REVIEWS

SCORED = "attempt"
"""The kind of item whose decisions are for evaluations, and may come when a run is over."""


def why_closed(
    log: Path, finished: bool, adopted: Container[str], item: str | None = None, kind: str | None = None
) -> str | None:
    """Why nothing can be decided about an item, or about any; `None` if it can.

    Args:
        log: `reviews.jsonl`.
        finished: whether the run is over.
        adopted: items about which the run has adopted a decision.
        item, kind: of the item; `None` asks for any.
    """
    if log.exists() and not os.access(log, os.W_OK):
        return "This run folder cannot be written to, so nothing can be decided here."
    if finished and kind != SCORED:
        return "This run is over: a decision would change nothing any more. Attempts can still be scored."
    if item is not None and item in adopted:
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
        self.adopted = {row["id"] for row in folder.rows(REVIEWS) if "id" in row}

    def why(self, item: Item) -> str | None:
        """See `why_closed`."""
        return why_closed(self.log, self.finished, self.adopted, item.id, item.kind)
