"""What the stage `review` logged of a run, in a sentence: how many items were decided, and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..pages.wording import counted

WORDS = {
    "approve": "approved",
    "edit": "edited",
    "reject": "rejected",
    "prefer": "compared",
    "score": "scored",
    "disputed": "disputed",
}


def add_review(logged: dict[str, Mapping[str, Any]], phase: str, measures: Mapping[str, Any]) -> None:
    """Take one more row of a round: what waits for all gates counts what was counted before it again.

    Args:
        logged: by stage, what counts so far; changed.
        phase: `review`, or `review(generate)` for the gates of one stage.
        measures: under `review` in the row.
    """
    if phase == "review":
        logged.clear()
    logged[phase] = measures


def decided(rounds: Iterable[Mapping[str, Mapping[str, Any]]], stages: Sequence[str]) -> list[str]:
    """The sentence; none where no gate picked anything.

    Args:
        rounds: what `add_review` made of each.
        stages: of the run: a reviewer may be simulated.
    """
    rows = [row for logged in rounds for row in logged.values()]
    picked, done = (sum(row[name] for row in rows) for name in ("picked", "decided"))
    if not picked:
        return []
    counts = Counter[str]()
    for row in rows:
        counts.update(row["by_outcome"])
        counts["disputed"] += row["disputed"]
    simulated = any(stage.startswith("simulated_review") for stage in stages)
    who = "Reviewers, simulated ones among them," if simulated else "People"
    if not done:
        return [f"{who} decided about none of the {counted(picked, 'item')} that gates picked."]
    of = counted(done, "item") if done == picked else f"{done} of {counted(picked, 'item')}"
    became = ", ".join(f"{counts[name]} {word}" for name, word in WORDS.items() if counts[name])
    return [f"{who} decided about {of}: {became}."]
