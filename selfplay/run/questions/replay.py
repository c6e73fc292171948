"""Replay: questions of earlier rounds, and easy ones, that come again with their labels, against forgetting.

The logs of the run hold them, so nothing else is saved. What was asked again in a later round counts once, as it was
asked last; what is kept in the present round is no replay.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ....core.records import Labelled
from ....envs.game.domains import identity_of
from .. import round_log

if TYPE_CHECKING:
    from ..run import SelfPlay

LOGS = ("questions", "attempts", "labels", "reviews")


def replayable(run: SelfPlay, easy: bool) -> list[Labelled]:
    """Kept questions of all earlier rounds, oldest first, with their attempts.

    Args:
        easy: as well the valid ones, of this round too, whose solve rate lies above the band.
    """
    above = run.config.questions.keep_band[1] if easy else None
    found: dict[str, Labelled] = {}
    for rows in earlier_rounds(run):
        _add(found, round_log.solved(rows, above))
    if above is not None:
        _add(found, round_log.solved(run.rows, above))
    for _, question in run.kept():
        found.pop(identity_of(question), None)
    return list(found.values())


def earlier_rounds(run: SelfPlay) -> Iterator[round_log.Rows]:
    """The logs of every round before the present one, in order."""
    for number, logs in run.folder.by_round(*LOGS):
        if number >= run.round:
            return
        yield logs.__getitem__


def _add(found: dict[str, Labelled], labelled: list[Labelled]) -> None:
    for one in labelled:
        identity = identity_of(one.question)
        found.pop(identity, None)  # so that it stands where it was asked last
        found[identity] = one
