"""What people decided, and what came of it: a sentence on the stage `review`, tables on the stage `feedback`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..pages.wording import counted, in_per_cent

Row = Mapping[str, Any]
FEEDBACK = "feedback"
"""The stage whose steps are of several kinds, and are shown apart from those of the training stages."""
PARTS = ("labels", "preferences", "proposals")
HEADER = [
    "round",
    *(f"{part}, set aside" for part in PARTS),
    "of the training labels a person vouches for",
    "labels approved as voted",
    "labels of people right",
    *(f"{part}: accuracy on what is set aside" for part in PARTS),
    "taken back",
]
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


def feedback_table(rounds: Sequence[tuple[int, Sequence[Row]]]) -> tuple[list[str], list[list[str]]]:
    """Header and cells.

    Args:
        rounds: the rows of the stage, with their rounds.
    """
    return HEADER, [_cells(number, rows) for number, rows in rounds]


def agreement_table(rounds: Sequence[tuple[int, Sequence[Row]]]) -> tuple[list[str], list[list[str]]] | None:
    """Header and cells of the last round; `None` where no two people looked at the same."""
    known = [row["feedback"] for _, rows in rounds for row in rows if "feedback" in row]
    if not known or not known[-1]["agreement"]:
        return None
    cells = [
        [
            pair["what"],
            pair["one"],
            pair["other"],
            str(pair["items"]),
            in_per_cent(pair["alike"]),
            "–" if pair["kappa"] is None else f"{pair['kappa']:.2f}",
        ]
        for pair in known[-1]["agreement"]
    ]
    return ["what", "reviewer", "and", "items", "alike", "Cohen’s κ"], cells


def _cells(number: int, rows: Sequence[Row]) -> list[str]:
    known: Row = next((row["feedback"] for row in rows if "feedback" in row), {})
    looks = {part: [row for row in rows if row.get("part") == part and "held_out_loss" in row] for part in PARTS}
    back = [row for row in rows if row.get("taken_back")]
    return [
        str(number),
        *(_split(known.get(part)) for part in PARTS),
        in_per_cent(known.get("human_share")),
        in_per_cent((known.get("with_votes") or {}).get("approved", {}).get("value")),
        in_per_cent(known.get("human_label_accuracy")),
        *(_ends([row["held_out_accuracy"] for row in looks[part]]) for part in PARTS),
        ", ".join(f"{row['part']} before step {row['step']}" for row in back) or "nothing",
    ]


def _split(counts: Row | None) -> str:
    return "–" if counts is None else f"{counts['train']}, {counts['held_out']}"


def _ends(values: Sequence[float | None]) -> str:
    """The first look and the last; nothing where nothing was set aside."""
    known = [value for value in values if value is not None]
    if not known:
        return "–"
    return f"{in_per_cent(known[0])} → {in_per_cent(known[-1])} ({counted(len(known), 'look')})"
