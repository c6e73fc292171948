"""Draws that all generators share, each made of `rng.random()` alone, and the level as a size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from ...core.protocols import Rng

Item = TypeVar("Item")


def integer(low: int, high: int, rng: Rng) -> int:
    """A uniform integer in [low, high]."""
    return low + int(rng.random() * (high - low + 1))


def pick(choices: Sequence[Item], rng: Rng) -> Item:
    """A uniform choice."""
    return choices[int(rng.random() * len(choices))]


def sample(items: Sequence[Item], count: int, rng: Rng) -> list[Item]:
    """So many different items, in a random order."""
    left = list(items)
    for at in range(count):
        other = at + int(rng.random() * (len(left) - at))
        left[at], left[other] = left[other], left[at]
    return left[:count]


def size(level: float, low: int, high: int) -> int:
    """The level as one of the integers low … high: each has an equal part of [0, 1]."""
    return min(high, low + int(level * (high - low + 1)))
