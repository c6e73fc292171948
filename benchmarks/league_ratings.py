"""Ratings of a league on simulated players of known strength: are they ranked right, and do the intervals cover?

    python benchmarks/league_ratings.py [--repeats 200] [--players 10] [--draws 400] [--seed 0]

A game between players of strengths θ is won with probability σ(θ_i − θ_j); where there are draws, that is the expected
score. Each repeat draws new games; in `normal` new strengths as well. Printed per setting, with standard errors over
repeats: the share of pairs of players that the ratings order as the strengths do, the share of 95 % intervals that hold
the strength (less the mean of all players), the mean width of the intervals in points, and seconds per table.

What it does not show: players that are intransitive, or whose strength moves.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from selfplay_gym.core.seeding import stream
from selfplay_gym.selfplay.league.ratings.bradley_terry import POINTS, Record, ratings


@dataclass(frozen=True)
class Setting:
    """What is simulated.

    Attributes:
        spacing: difference in θ of neighbours; 0 draws strengths from a normal distribution.
        games: of each player.
        draws: probability of a draw between equals.
        pools: 2 lets players of even and odd number meet only.
    """

    name: str
    spacing: float
    games: int
    draws: float = 0.0
    pools: int = 1


SETTINGS = (
    Setting("evenly spaced, 0.3 apart", 0.3, 200),
    Setting("the same, two pools", 0.3, 200, pools=2),
    Setting("the same, 40 % draws", 0.3, 200, draws=0.4),
    Setting("1.0 apart: neighbours alone are close", 1.0, 200),
    Setting("normal, mean 0, deviation 1", 0.0, 200),
    Setting("0.3 apart, 40 games each", 0.3, 40),
    Setting("0.3 apart, 2000 games each", 0.3, 2000),
)


def simulated(theta: NDArray[np.float64], setting: Setting, rng: np.random.Generator) -> dict[tuple[str, str], Record]:
    """Games of every pair that may meet."""
    count = len(theta)
    pairs = [(i, j) for j in range(count) for i in range(j) if setting.pools == 1 or i % 2 != j % 2]
    each = setting.games * count / 2 / len(pairs)
    found = {}
    for i, j in pairs:
        games = int(each) + int(rng.random() < each % 1)
        chance = 1 / (1 + math.exp(theta[j] - theta[i]))
        tie = 2 * setting.draws * min(chance, 1 - chance)
        won, drawn, lost = rng.multinomial(games, [chance - tie / 2, tie, 1 - chance - tie / 2]).tolist()
        found[f"{i:03d}", f"{j:03d}"] = Record(won, drawn, lost)
    return found


def measured(
    setting: Setting, players: int, repeats: int, draws: int, seed: int
) -> Iterator[tuple[float, float, float]]:
    """Of each repeat: share of pairs ranked right, share of intervals that cover, mean width."""
    names = [f"{i:03d}" for i in range(players)]
    for repeat in range(repeats):
        rng = stream(seed, "league ratings", setting.name, repeat)
        theta = np.arange(players) * setting.spacing if setting.spacing else rng.standard_normal(players)
        truth = (theta - theta.mean()) * POINTS
        found = ratings(names, simulated(theta, setting, rng), seed=repeat, draws=draws)
        values = np.array([found[name].value for name in names])
        low, high = (np.array([getattr(found[name], end) for name in names]) for end in ("low", "high"))
        pairs = np.triu_indices(players, 1)
        right = ((values[:, None] - values[None, :]) * (truth[:, None] - truth[None, :]) > 0)[pairs]
        yield float(right.mean()), float(((low <= truth) & (truth <= high)).mean()), float((high - low).mean())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--players", type=int, default=10)
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print("| players | games each | pairs ranked right, % | intervals that cover, % | width, points | s per table |")
    print("|---|---|---|---|---|---|")
    for setting in SETTINGS:
        begun = time.process_time()
        found = np.array([*measured(setting, options.players, options.repeats, options.draws, options.seed)])
        seconds = (time.process_time() - begun) / options.repeats
        means, errors = found.mean(0), found.std(0, ddof=1) / math.sqrt(options.repeats)
        print(
            f"| {setting.name} | {setting.games} | {100 * means[0]:.1f} ± {100 * errors[0]:.1f} | "
            f"{100 * means[1]:.1f} ± {100 * errors[1]:.1f} | {means[2]:.0f} | {seconds:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
