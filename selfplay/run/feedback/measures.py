"""What a run logs of the decisions that it learns from; `docs/metrics.md` explains every name."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ...reviews.decisions import standing
from ...reviews.outcomes import decisions_in, outcomes
from ..labels import labels_right
from .material import Material

if TYPE_CHECKING:
    from ..run import SelfPlay


def decision_measures(run: SelfPlay, material: Material) -> dict[str, Any]:
    """How many decisions there are, what they give to learn from, and how far they agree with votes and known answers.

    Nothing of it reaches training.
    """
    rows = [row for row in run.folder.rows("reviews") if row["round"] <= run.round]
    stand = [one for own in standing(decisions_in(rows)).values() for one in own.values()]
    references = [*material.labels.train, *material.labels.held_out]
    right = labels_right(references, [question.reference for question in references])
    known = [one for one in right if one is not None]
    return {
        "decisions": dict(sorted(Counter(f"{one.kind} {one.decision}" for one in stand).items())),
        "reviewers": len({one.reviewer for one in stand if one.reviewer}),
        **{name: split.counts() for name, split in _splits(material).items()},
        "human_label_accuracy": sum(known) / len(known) if known else None,
        "human_share": _human_share(run),
    }


def _splits(material: Material) -> dict[str, Any]:
    return {"labels": material.labels, "preferences": material.preferences, "proposals": material.proposals}


def _human_share(run: SelfPlay) -> float | None:
    """Share of the round's training questions whose label a person vouches for; `None` where there are none."""
    kept = run.kept()
    if not kept:
        return None
    decided = outcomes(run.rows("reviews"))
    return sum(index in decided and decided[index].vouches for index, _ in kept) / len(kept)
