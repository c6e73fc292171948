"""What a run logs of the decisions that it learns from; `docs/metrics.md` explains every name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ....core.records import Question
from ...pages.tables import finite
from ...reviews.agreement import agreement_with_votes, agreements
from ...reviews.decisions import standing
from ...reviews.outcomes import decisions_in, outcomes
from ...reviews.review_queue import items_of
from ..labels import labels_right
from .material import Material

if TYPE_CHECKING:
    from ..run import SelfPlay


def decision_measures(run: SelfPlay, material: Material) -> dict[str, Any]:
    """How many decisions there are, what they give to learn from, and how far they agree with votes and known answers.

    Nothing of it reaches training.
    """
    rows = [row for row in run.folder.rows("reviews") if row["round"] <= run.round]
    decided = standing(decisions_in(rows))
    stand = [one for own in decided.values() for one in own.values()]
    votes = agreement_with_votes({item.id: item for item in items_of(run.folder)}, decided)
    references = [*material.labels.train, *material.labels.held_out]
    kept = [question for _, question in run.kept()]
    return {
        "by_decision": dict(sorted(Counter(f"{one.kind} {one.decision}" for one in stand).items())),
        "reviewers": len({one.reviewer for one in stand if one.reviewer}),
        **{name: split.counts() for name, split in _splits(material).items()},
        "human_label_accuracy": _known_share(references),
        "human_share": _human_share(run),
        "kept_label_accuracy": _known_share(kept),
        "agreement": [asdict(pair) for pair in agreements(decided)],
        "with_votes": finite(asdict(votes)),
    }


def _known_share(labelled: Sequence[Question]) -> float | None:
    """Share of right labels among the questions whose answer can be computed; `None` where there are none."""
    right = labels_right(labelled, [question.reference for question in labelled])
    known = [one for one in right if one is not None]
    return sum(known) / len(known) if known else None


def _splits(material: Material) -> dict[str, Any]:
    return {"labels": material.labels, "preferences": material.preferences, "proposals": material.proposals}


def _human_share(run: SelfPlay) -> float | None:
    """Share of the round's training questions whose label a person vouches for; `None` where there are none."""
    kept = run.kept()
    if not kept:
        return None
    decided = outcomes(run.rows("reviews"))
    return sum(index in decided and decided[index].vouches for index, _ in kept) / len(kept)
