"""What came out of a league: a table of ratings, cross-play, and the worst score of every snapshot of a run.

All of it is computed from counts, so the order of matches changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..pages.wording import counted
from ..stats import Estimate, wilson
from .folder import LeagueFolder
from .games import CHALLENGERS
from .players import Player
from .ratings.bradley_terry import Record, groups, ratings
from .tally import Tally

CHECKED = ("w", "d", "l")
"""Letters of games about a question whose answer was known."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One player.

    Attributes:
        rating: in points, the mean of all players is 0.
        record: all its games.
        matches: how many it played.
        checked_share: of its texts, those that were checked questions; `None` but for challengers that played.
        reward: mean per game; `None` but in turn games.
    """

    player: Player
    rating: Estimate
    record: Record
    matches: int
    checked_share: float | None
    reward: float | None


@dataclass(frozen=True, slots=True)
class Worst:
    """The worst score of a snapshot against anybody it met.

    Attributes:
        key: the snapshot's.
        line: what run it is of, with its pool.
        round: of that run.
        score: its share of the points, with a 95 % Wilson interval; the lowest of several, so it errs on the low side.
        against: key of whom it scored that against.
    """

    key: str
    line: str
    round: int
    score: Estimate
    against: str


@dataclass(frozen=True, slots=True)
class Standings:
    """A league so far.

    Attributes:
        table: the best player first.
        scores: player → opponent → their games, seen by the player.
        trend: by line, then by round.
        notes: what a reader must know.
    """

    settings: Mapping[str, Any]
    matches: int
    table: list[Standing]
    scores: Mapping[str, Mapping[str, Record]]
    trend: list[Worst]
    notes: list[str]

    def of_pool(self, pool: str) -> list[Standing]:
        """The players of a pool, the best one first."""
        return [one for one in self.table if one.player.pool == pool]

    @property
    def sides(self) -> tuple[str, str]:
        """The pools that rows and columns of cross-play are of."""
        pools = sorted({one.player.pool for one in self.table})
        return (pools[0], pools[-1]) if pools else ("", "")

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain JSON values."""
        return {
            "settings": dict(self.settings),
            "matches": self.matches,
            "table": [_row(one) for one in self.table],
            "cross_play": [
                {"player": key, "opponent": other, "won": r.won, "drawn": r.drawn, "lost": r.lost}
                for key in sorted(self.scores)
                for other, r in sorted(self.scores[key].items())
            ],
            "trend": [
                {"player": w.key, "line": w.line, "round": w.round, "worst": w.score.as_dict(), "against": w.against}
                for w in self.trend
            ],
            "notes": self.notes,
        }


def standings(folder: LeagueFolder, draws: int = 400) -> Standings:
    """The standings of a league from its committed matches.

    Args:
        draws: fits behind the intervals.

    Raises:
        DamageError: its log is not as it was written.
    """
    tally, players = Tally(folder.rows()), folder.players
    keys = [player.key for player in players]
    found = ratings(keys, tally.records, seed=folder.settings.seed, draws=draws)
    scores = tally.scores()
    table = [_standing(player, found[player.key], tally, scores) for player in players]
    table.sort(key=lambda one: (-one.rating.value, one.player.key))
    settings = {name: getattr(folder.settings, name) for name in folder.settings.__struct_fields__}
    notes = _notes(keys, tally, scores)
    return Standings(settings, folder.matches, table, scores, worst_scores(players, scores), notes)


def worst_scores(players: Sequence[Player], scores: Mapping[str, Mapping[str, Record]]) -> list[Worst]:
    """Of every snapshot that met somebody."""
    found = []
    for player in players:
        met = [(other, record) for other, record in sorted(scores.get(player.key, {}).items()) if record.games]
        if not player.line or not met:
            continue
        against, record = min(met, key=lambda pair: (pair[1].score or 0.0, pair[0]))
        score = wilson(record.won + 0.5 * record.drawn, record.games)
        found.append(Worst(player.key, f"{player.pool} of {player.line}", player.round, score, against))
    return sorted(found, key=lambda one: (one.line, one.round, one.key))


def _standing(player: Player, rating: Estimate, tally: Tally, scores: Mapping[str, Mapping[str, Record]]) -> Standing:
    record = sum(scores.get(player.key, {}).values(), Record())
    letters = tally.letters.get(player.key)
    share = None
    if player.pool == CHALLENGERS and letters:
        share = sum(letters[letter] for letter in CHECKED) / letters.total()
    rewards = tally.rewards.get(player.key)
    reward = None if rewards is None else math.fsum(rewards) / record.games  # exact, so that no order changes it
    return Standing(player, rating, record, tally.matches[player.key], share, reward)


def _row(one: Standing) -> dict[str, Any]:
    player = one.player
    hidden = ("identity", "spec") if one.player.line else ("identity",)  # where a snapshot lies, only its machine knows
    return {
        **{name: getattr(player, name) for name in player.__struct_fields__ if name not in hidden},
        "rating": one.rating.as_dict(),
        "won": one.record.won,
        "drawn": one.record.drawn,
        "lost": one.record.lost,
        "matches": one.matches,
        "checked_share": one.checked_share,
        "reward": one.reward,
    }


def _notes(keys: Sequence[str], tally: Tally, scores: Mapping[str, Mapping[str, Record]]) -> list[str]:
    notes = []
    idle = [key for key in keys if key not in scores]
    apart = [group for group in groups(keys, tally.records) if len(group) > 1]
    if idle:
        notes.append(f"{counted(len(idle), 'player')} without a match, whose rating says nothing yet")
    if len(apart) > 1:
        notes.append(
            f"{len(apart)} groups of players never met, not even by way of others: ratings compare within a group only"
        )
    perfect = [key for key in keys if (s := sum(scores.get(key, {}).values(), Record())).games and not s.lost + s.drawn]
    beaten = [key for key in keys if (s := sum(scores.get(key, {}).values(), Record())).games and not s.won + s.drawn]
    if perfect or beaten:
        notes.append(
            f"{counted(len(perfect), 'player')} won every game and {len(beaten)} lost every one: how far they are from "
            "the others is open to one side, and rests on a prior of one game"
        )
    return notes
