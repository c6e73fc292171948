"""Clusters of average linkage up to a distance, in the memory of the distances alone.

The nearest-neighbour chain (Murtagh 1983; Müllner, arXiv 1109.2378): follow nearest neighbours until two are each
other's, merge those, go on from there. Merges, rounding and the choice among equal distances are those of
`scipy.cluster.hierarchy.linkage(method="average")`, so that the clusters are those of `fcluster`; scipy copies the
distances first, and finishes the whole tree. Here the chain ends when nobody is left who could still merge within the
distance: an average of numbers above it is above it, whoever merges.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ROUNDING = 1e-9  # by which an average may fall below all that it is the average of; far more than it ever does


def clusters_within(
    distances: NDArray[np.float64], nearest: NDArray[np.float64], threshold: float
) -> NDArray[np.int64]:
    """Clusters whose members were merged at a distance of at most `threshold`.

    Args:
        distances: (n (n − 1) / 2,) between i < j, in scipy's condensed order; overwritten.
        nearest: (n,) the least distance of each to any other.

    Returns:
        (n,) cluster numbers from 1, in the order in which clusters first appear.
    """
    tree = _Chain(distances, nearest, threshold)
    return tree.numbers()


class _Chain:
    """n clusters of one, and what they have become. A cluster lives on in the higher of the two places that merge."""

    def __init__(self, distances: NDArray[np.float64], nearest: NDArray[np.float64], threshold: float) -> None:
        self.distances, self.count, self.threshold = distances, len(nearest), threshold
        place = np.arange(self.count, dtype=np.int64)
        self.base = place * self.count - place * (place + 1) // 2 - place - 1  # of (i, j > i): base[i] + j
        self.size = np.ones(self.count, dtype=np.int64)
        self.alive, self.starts = place, self.base
        self.open = nearest <= threshold + ROUNDING
        self.merged: list[tuple[int, int]] = []

    def numbers(self) -> NDArray[np.int64]:
        chain: list[int] = []
        while len(self.alive) > 1 and self.open.any():
            if not chain:
                chain.append(int(self.alive[0]))
            while True:
                here = chain[-1]
                before = chain[-2] if len(chain) > 1 else None
                other, distance = self._nearest(here, before)
                if other == before:
                    break
                chain.append(other)
            del chain[-2:]
            self._merge(min(here, other), max(here, other), distance)
        return self._numbered()

    def _row(self, one: int) -> tuple[NDArray[np.int64], int]:
        """Where the distances of a cluster to those alive stand, and which of these it is itself: no distance there."""
        split = int(np.searchsorted(self.alive, one))
        places = np.empty(len(self.alive), dtype=np.int64)
        np.add(self.starts[:split], one, out=places[:split])
        np.add(self.alive[split:], self.base[one], out=places[split:])
        return places, split

    def _nearest(self, here: int, before: int | None) -> tuple[int, float]:
        """The nearest cluster: the one before in the chain if it is as near as any, else the first of the nearest."""
        places, own = self._row(here)
        row = self.distances[places]
        row[own] = np.inf
        least = int(row.argmin())
        distance = float(row[least])
        self.open[here] = distance <= self.threshold + ROUNDING
        if before is not None and row[np.searchsorted(self.alive, before)] <= distance:
            return before, distance
        return int(self.alive[least]), distance

    def _merge(self, low: int, high: int, distance: float) -> None:
        if distance <= self.threshold:
            self.merged.append((low, high))
        (from_low, first), (from_high, second) = self._row(low), self._row(high)
        mine, other = self.size[low], self.size[high]
        average = (mine * self.distances[from_low] + other * self.distances[from_high]) / (mine + other)
        from_high[second] = from_high[first]  # where nobody looks again: the distance of the two
        self.distances[from_high] = average
        self.alive, self.starts = (
            np.concatenate([held[:first], held[first + 1 :]]) for held in (self.alive, self.starts)
        )
        self.size[high] += self.size[low]
        self.open[high] |= self.open[low]
        self.open[low] = False

    def _numbered(self) -> NDArray[np.int64]:
        leader = np.arange(self.count)
        for low, high in reversed(self.merged):  # what merged last leads the others, which come after it here
            leader[low] = leader[high]
        _, first, numbers = np.unique(leader, return_index=True, return_inverse=True)
        order = np.empty(len(first), dtype=np.int64)
        order[np.argsort(first)] = np.arange(1, len(first) + 1)
        return order[numbers]
