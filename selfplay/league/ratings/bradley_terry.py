"""Bradley–Terry strengths with bootstrap intervals, from counts alone: no order of matches can change them.

    P(i beats j) = σ(θ_i − θ_j)                                              (Bradley and Terry 1952)

A draw is half a win for each. Every player has, besides, one game with a player of strength 0, half won and half lost.
It is what keeps a player finite that always wins, and what makes two groups comparable that never met: both are drawn
to 0 with the weight of one game, which a hundred real ones outweigh.

Intervals come from a Bayesian bootstrap (Rubin 1981; Newton and Raftery 1994): each game gets the weight Exp(1), each
half of the game with 0 a Gamma(½), and the strengths are fitted anew. Of two players the score then has its Jeffreys
distribution, so one that won all its games has an interval, too; resampling whole games would give it none. Either end
lies as far from the fitted strength as the root mean square of the draws on that side of their median, times 1.96:
percentiles of the draws themselves would err outwards twice, as the fit does once, and are noisier.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ....core.errors import ConfigError
from ....core.seeding import stream
from ...stats import Estimate

Floats: TypeAlias = NDArray[np.float64]

POINTS = 400 / np.log(10)
"""Points per unit of θ: 400 of them are odds of 10 to 1, as Elo has it."""
PRIOR = 0.5
"""Games won, and games lost, against strength 0."""
CLOSE, MOST_STEPS = 1e-9, 500


@dataclass(frozen=True, slots=True)
class Record:
    """Games between two players: won by the first, drawn, lost by it."""

    won: int = 0
    drawn: int = 0
    lost: int = 0

    def __add__(self, other: Record) -> Record:
        return Record(self.won + other.won, self.drawn + other.drawn, self.lost + other.lost)

    @property
    def turned(self) -> Record:
        """The same, seen by the second player."""
        return Record(self.lost, self.drawn, self.won)

    @property
    def games(self) -> int:
        return self.won + self.drawn + self.lost

    @property
    def score(self) -> float | None:
        """Share of the points of the first player, a draw being half a point; `None` without games."""
        return (self.won + 0.5 * self.drawn) / self.games if self.games else None


Records: TypeAlias = Mapping[tuple[str, str], Record]
"""Games by pair of players; a pair may stand in either direction, or in both."""


def ratings(
    players: Iterable[str], records: Records, *, seed: int = 0, draws: int = 400, confidence: float = 0.95
) -> dict[str, Estimate]:
    """The strength of every player in points, with its interval; the mean of all players is 0.

    Args:
        players: who is rated; one without games stands at the strength 0 of the prior, with a wide interval.
        seed: of the intervals.
        draws: fits behind an interval.

    Raises:
        ConfigError: a record names somebody else, or a game of a player with itself.
    """
    names = sorted(set(players))
    if not names:
        return {}
    won, drawn = _tables(names, records)
    prior = np.full((1, 2, len(names)), PRIOR)
    fitted = strengths((won + 0.5 * drawn)[None], prior)[0]
    rng = stream(seed, "league", "intervals")
    halves = np.triu(drawn)
    weights = rng.standard_gamma(np.broadcast_to(won, (draws, *won.shape)))
    shared = rng.standard_gamma(np.broadcast_to(halves, (draws, *halves.shape)))
    weights += 0.5 * (shared + shared.transpose(0, 2, 1))
    drawn_strengths = strengths(weights, rng.standard_gamma(np.full((draws, 2, len(names)), PRIOR)))
    times = NormalDist().inv_cdf((1 + confidence) / 2) * POINTS
    gaps = drawn_strengths - np.median(drawn_strengths, axis=0)
    below, above = (times * _root_mean_square(gaps * side) for side in (-1, 1))
    values = POINTS * fitted
    found = zip(names, values, values - below, values + above, strict=True)
    return {name: Estimate(float(value), float(least), float(most)) for name, value, least, most in found}


def strengths(won: Floats, prior: Floats) -> Floats:
    """θ of greatest likelihood for many sets of weights at once, each with the mean 0.

    Newton's method, its step Δ shortened to ln(1 + d)/d with d the greatest difference in Δ: the logistic function
    bends no faster than that (self-concordance, Sun and Tran-Dinh 2019), so every step gains, however unequal players
    are.

    Args:
        won: (B, N, N): weight of the games that the row won against the column.
        prior: (B, 2, N): weight of games won and lost against strength 0, above 0.

    Returns:
        (B, N).
    """
    theta = np.zeros(won.shape[:2])  # (B, N)
    games = won + won.transpose(0, 2, 1)
    diagonal = np.arange(won.shape[1])
    active = np.arange(len(won))
    for _ in range(MOST_STEPS):
        own, total, beside = theta[active], games[active], prior[active]
        chance = _logistic(own[:, :, None] - own[:, None, :])
        anchored = _logistic(own)
        # as sums of what was expected by nobody: differences of large sums would lose what separations leave
        slope = (won[active] * (1 - chance) - won[active].transpose(0, 2, 1) * chance).sum(2)
        slope += beside[:, 0] * (1 - anchored) - beside[:, 1] * anchored
        bend = total * chance * (1 - chance)
        hessian = -bend
        hessian[:, diagonal, diagonal] = bend.sum(2) + beside.sum(1) * anchored * (1 - anchored)
        step = np.linalg.solve(hessian, slope[:, :, None])[:, :, 0]
        widest = 2 * np.abs(step).max(1, keepdims=True)
        theta[active] = own + step * np.where(widest > 0, np.log1p(widest) / np.maximum(widest, 1e-300), 1.0)
        active = active[widest[:, 0] > CLOSE]
        if not len(active):
            break
    centred: Floats = theta - theta.mean(1, keepdims=True)
    return centred


def _tables(names: list[str], records: Records) -> tuple[Floats, Floats]:
    """(N, N) each: games that the row won against the column, and games drawn, the same both ways."""
    place = {name: i for i, name in enumerate(names)}
    won, drawn = np.zeros((len(names), len(names))), np.zeros((len(names), len(names)))
    for (first, second), record in records.items():
        if first == second or first not in place or second not in place:
            raise ConfigError(f"games between {first!r} and {second!r}: two different players of the league are needed")
        i, j = place[first], place[second]
        won[i, j] += record.won
        won[j, i] += record.lost
        drawn[i, j] += record.drawn
        drawn[j, i] += record.drawn
    return won, drawn


def scores_of(records: Records) -> dict[str, dict[str, Record]]:
    """Player → opponent → the games between them, seen by the player."""
    found: dict[str, dict[str, Record]] = {}
    for (first, second), record in records.items():
        for one, other, own in ((first, second, record), (second, first, record.turned)):
            row = found.setdefault(one, {})
            row[other] = row.get(other, Record()) + own
    return found


def _root_mean_square(gaps: Floats) -> Floats:
    """Of those gaps of each column that are above 0; 0 where none is."""
    squares: Floats = np.square(np.maximum(gaps, 0)).sum(0) / np.maximum(1, (gaps > 0).sum(0))
    return np.sqrt(squares)


def _logistic(values: Any) -> Any:
    return 0.5 * (1 + np.tanh(0.5 * values))


def groups(players: Iterable[str], records: Records) -> list[list[str]]:
    """Players that met, directly or by way of others, together; ratings of different groups rest on the prior."""
    found: dict[str, set[str]] = {name: {name} for name in players}
    for first, second in records:
        if records[first, second].games and found[first] is not found[second]:
            merged = found[first] | found[second]
            found |= dict.fromkeys(merged, merged)
    return sorted(sorted(group) for group in {frozenset(group) for group in found.values()})
