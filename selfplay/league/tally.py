"""The games of a league, counted: by pair of players, and by how they ended. No order of matches changes a count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from .games import record_of
from .ratings.bradley_terry import Record, scores_of


class Tally:
    """What was played so far.

    Args:
        rows: matches, as the log has them.

    Attributes:
        matches: of each player, by key.
        records: games by pair, first and second player as they stand in the log.
        rewards: of each player of a turn game, added up over its games.
        letters: how the games of each player ended, by letter of `games.LETTERS`, whichever side it was on.
    """

    def __init__(self, rows: Iterable[Mapping[str, Any]] = ()) -> None:
        self.matches: Counter[str] = Counter()
        self.records: dict[tuple[str, str], Record] = {}
        self.letters: dict[str, Counter[str]] = {}
        self.rewards: dict[str, list[float]] = {}
        for row in rows:
            self.add(row)

    def add(self, row: Mapping[str, Any]) -> None:
        """One more match."""
        first, second = row["players"]
        self.matches.update((first, second))
        self.records[first, second] = self.records.get((first, second), Record()) + record_of(row["outcomes"])
        for key in (first, second):
            self.letters.setdefault(key, Counter()).update(row["outcomes"])
        for key, reward in zip(row["players"], row.get("rewards", ()), strict=False):
            self.rewards.setdefault(key, []).append(reward * len(row["outcomes"]))

    def scores(self) -> dict[str, dict[str, Record]]:
        """Player → opponent → the games between them, seen by the player."""
        return scores_of(self.records)
