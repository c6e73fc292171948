"""What the games of a run with its league say: every round of a learner against every snapshot, and its worst score."""

from __future__ import annotations

from collections.abc import Mapping

from ..pages.wording import in_per_cent
from ..stats import wilson
from .ratings.bradley_terry import Record, scores_of
from .standings import Worst

Records = Mapping[tuple[str, str], Record]
"""As `opponents.records_of` has them: learners by round, against snapshots or the other role as it was."""


def learners(records: Records) -> dict[str, list[str]]:
    """The keys of the learners of each role, by round."""
    found: dict[str, list[str]] = {}
    for key in sorted({first for first, _ in records}, key=round_of):
        found.setdefault(key.partition("/")[0], []).append(key)
    return dict(sorted(found.items()))


def snapshots(records: Records, role: str) -> list[str]:
    """The keys of the snapshots that a role met, oldest first."""
    met = {other for (first, other) in records if first.startswith(f"{role}/") and "/@" in other}
    return sorted(met, key=round_of)


def worst_by_round(records: Records) -> list[Worst]:
    """The worst score of every learner against a snapshot, by role, then by round."""
    scores, found = scores_of(records), []
    for role, keys in learners(records).items():
        for key in keys:
            met = [(other, record) for other, record in sorted(scores[key].items()) if "/@" in other and record.games]
            if met:
                against, record = min(met, key=lambda pair: (pair[1].score or 0.0, pair[0]))
                score = wilson(record.won + 0.5 * record.drawn, record.games)
                found.append(Worst(key, role, round_of(key), score, against))
    return found


def cross_play_table(records: Records, role: str) -> tuple[list[str], list[list[str]]]:
    """Header and cells: the score in per cent of every round of a learner against every snapshot that it met."""
    scores, columns = scores_of(records), snapshots(records, role)
    header = ["round", *(f"@{round_of(key)}" for key in columns)]
    rows = learners(records).get(role, [])
    return header, [
        [str(round_of(row)), *(in_per_cent(scores[row].get(column, Record()).score, 0) for column in columns)]
        for row in rows
    ]


def round_of(key: str) -> int:
    """The round of a learner, "solver/round 3", or of a snapshot, "challenger/@2"."""
    digits = key.rpartition("/")[2].removeprefix("round ").removeprefix("@")
    return int(digits) if digits.isdecimal() else 0
