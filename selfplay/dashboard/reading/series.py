"""Measures over time in bounded memory: of every stretch the least and the greatest value stay, so no peak is lost."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Generic, TypeVar

POINTS = 2_000
"""Points of a curve at most."""

Value = TypeVar("Value")


class Series:
    """Values over a growing x, thinned: a stretch of `width` values keeps its least and its greatest.

    Attributes:
        count: values that were added.
        last: the last one and its x; `None` before the first.
        width: values in a stretch; doubles when there are too many stretches.
    """

    __slots__ = ("_high", "_low", "_open", "_stretches", "count", "last", "width")

    def __init__(self) -> None:
        self.count, self.width, self._open = 0, 1, 0
        self.last: tuple[float, float] | None = None
        self._stretches: list[tuple[tuple[float, float], tuple[float, float]]] = []
        self._low = self._high = (0.0, 0.0)

    def add(self, x: float, value: float | None) -> None:
        """Add a value; one that is none, or not finite, is left out."""
        if value is None or not math.isfinite(value):
            return
        point = self.last = (x, value)
        self.count += 1
        if not self._open:
            self._low = self._high = point
        elif value < self._low[1]:
            self._low = point
        elif value > self._high[1]:
            self._high = point
        self._open += 1
        if self._open == self.width:
            self._stretches.append((self._low, self._high))
            self._open = 0
            if len(self._stretches) >= POINTS // 2 - 2:
                self._thin()

    def points(self) -> list[tuple[float, float]]:
        """What is left, in order of x: the last value is always there."""
        found: list[tuple[float, float]] = []
        for low, high in [*self._stretches, *([(self._low, self._high)] if self._open else [])]:
            found += sorted({low, high})
        if self.last is not None and found[-1] != self.last:
            found.append(self.last)
        return found

    def __bool__(self) -> bool:
        return self.count > 0

    def _thin(self) -> None:
        pairs = zip(self._stretches[::2], self._stretches[1::2], strict=False)
        merged = [(min(a[0], b[0], key=_height), max(a[1], b[1], key=_height)) for a, b in pairs]
        if len(self._stretches) % 2:  # the odd one is open again
            self._low, self._high = self._stretches[-1]
            self._open = self.width
        self._stretches, self.width = merged, 2 * self.width


def _height(point: tuple[float, float]) -> float:
    return point[1]


class ByNumber(Generic[Value]):
    """One value per number, such as a round; when there are too many, every other one goes, never the first or last.

    Args:
        most: values at most.
    """

    def __init__(self, most: int = 400) -> None:
        self._most, self._values = most, dict[int, Value]()

    def set(self, number: int, value: Value) -> None:
        """Put a value in its place; one that was there goes."""
        self._values[number] = value
        if len(self._values) > self._most:
            numbers = sorted(self._values)
            for gone in numbers[1:-1:2]:
                del self._values[gone]

    def get(self, number: int) -> Value | None:
        """The value of a number; `None` if there is none."""
        return self._values.get(number)

    def items(self) -> list[tuple[int, Value]]:
        """All values in the order of their numbers."""
        return sorted(self._values.items(), key=lambda item: item[0])

    def __iter__(self) -> Iterator[int]:
        return iter(sorted(self._values))

    def __len__(self) -> int:
        return len(self._values)


class Lengths:
    """How long texts are: counts in bins that grow by an eighth, so a quantile is right within that."""

    GROWTH = math.log(1.125)

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self.count = 0

    def add(self, length: int) -> None:
        """Count one text of so many characters."""
        self.count += 1
        bin_of = 0 if length < 1 else 1 + int(math.log(length) / self.GROWTH)
        self._counts[bin_of] = self._counts.get(bin_of, 0) + 1

    def quantile(self, share: float) -> float | None:
        """The length below which `share` of all texts are; `None` without texts."""
        left = share * self.count
        for bin_of in sorted(self._counts):
            left -= self._counts[bin_of]
            if left <= 0:
                return 0.0 if bin_of == 0 else round(math.exp((bin_of - 0.5) * self.GROWTH), 1)
        return None


class Frequent:
    """The most frequent of many texts in bounded memory: when there are too many, the rare half is forgotten.

    Args:
        most: texts that are counted at most.
    """

    CUT = 60
    """Characters of a text by which it is counted."""

    def __init__(self, most: int = 2_000) -> None:
        self._most, self._counts = most, dict[str, int]()
        self.count, self.forgot = 0, False

    def add(self, text: str) -> None:
        """Count a text once more."""
        self.count += 1
        text = text[: self.CUT]
        self._counts[text] = self._counts.get(text, 0) + 1
        if len(self._counts) > self._most:
            self.forgot = True
            ranked = sorted(self._counts, key=lambda text: self._counts[text])
            for rare in ranked[: self._most // 2]:
                del self._counts[rare]

    def top(self, n: int) -> list[tuple[str, int]]:
        """The `n` most frequent ones with their counts."""
        return sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))[:n]
