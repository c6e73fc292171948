"""How good a validator is: what it accepts and rejects, held against votes, and against answers that are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ....core.extraction import extract_answer
from ....envs.game.validator import pairs
from ..labels import labels_right

if TYPE_CHECKING:
    from ....verifiers.ensembles.validated import Belief
    from .votes import Vote


def decisions(accepted: Sequence[bool], right: Sequence[bool | None]) -> dict[str, Any]:
    """Shares of wrong decisions; `None` where there was nothing to decide.

    Args:
        right: what each decision is held against; those of which nobody knows are left out.
    """
    known = [(yes, truth) for yes, truth in zip(accepted, right, strict=True) if truth is not None]
    false_accept = _share([yes for yes, truth in known if not truth])
    false_reject = _share([not yes for yes, truth in known if truth])
    balanced = None if false_accept is None or false_reject is None else 1.0 - (false_accept + false_reject) / 2
    return {
        "decisions": len(known),
        "accepted_share": _share([yes for yes, _ in known]),
        "balanced_accuracy": balanced,
        "false_accept": false_accept,
        "false_reject": false_reject,
    }


def pair_measures(belief: Belief, votes: Sequence[Vote]) -> dict[str, Any]:
    """One balanced pair of each question that has one, shown to a validator that has not learnt from it yet."""
    originals = {id(vote.labelled): vote.question for vote in votes}
    shown = list(pairs([vote.labelled for vote in votes], most=1))
    questions = [originals[id(labelled)] for labelled, _, _ in shown]
    attempts = [attempt for _, attempt, _ in shown]
    accepted = [score > 0.5 for score in belief.scores(questions, attempts)]
    right = labels_right(questions, [extract_answer(attempt) for attempt in attempts])
    return {
        "against_votes": decisions(accepted, [matches for _, _, matches in shown]),
        "against_known": decisions(accepted, right),
    }


def check_measures(labels: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The labels of a round that were shown to a validator, held against known answers; {} where none was."""
    checks = [(row["check"], row["label_right"]) for row in labels if (row["check"] or {}).get("score") is not None]
    if not checks:
        return {}
    return {"validator": decisions([check["agrees"] for check, _ in checks], [right for _, right in checks])}


def _share(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None
