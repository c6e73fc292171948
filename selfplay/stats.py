"""Intervals and paired tests for exam scores, where the *question* is the unit that was sampled.

Samples of one question are not independent, so every interval here clusters over questions:

- a mean of per-question rates gets a Wilson interval at its effective sample size, p(1 − p)/SE² (Wilson 1927; Kish's
  design effect), which stays inside [0, 1] and does not collapse at 0 % or 100 %;
- two agents on the same questions are compared by the exact sign-flip (Fisher–Pitman) test of the per-question count
  differences, which for one sample per question *is* the exact McNemar test; the interval of the difference is
  Bonett and Price's (2012): a t interval after adding one win and one loss of the smallest size, cut at ±100 points;
- anything else (ratios, calibration error) gets scipy's bootstrap over questions, from a seed path.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..core.errors import ConfigError
from ..core.seeding import PathElement, stream

Floats = NDArray[np.float64]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its confidence interval, in the unit of the value; `nan` where there was nothing to estimate."""

    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True)
class Paired:
    """Two agents on the same questions; positive means the second is better.

    Attributes:
        points: difference of the mean rates, in percentage points.
        low, high: confidence interval of `points`.
        p_value: exact, two-sided, of "no question prefers either agent".
        items: number of questions.
        better, worse: questions on which the second agent scored more, less.
    """

    points: float
    low: float
    high: float
    p_value: float
    items: int
    better: int
    worse: int

    def as_dict(self) -> dict[str, float]:
        return {name: getattr(self, name) for name in self.__slots__}

    def __str__(self) -> str:
        return f"{self.points:+.1f} points [{self.low:+.1f}, {self.high:+.1f}], p = {self.p_value:.2g}"


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far a confidence can be trusted: rows of (mean confidence, share correct, count), one per filled bin.

    Attributes:
        error: expected calibration error, the count-weighted mean |confidence − share correct|, in [0, 1].
        brier: mean squared difference between confidence and correctness, in [0, 1].
    """

    rows: tuple[tuple[float, float, int], ...]
    error: float
    brier: float


@overload
def mean(values: Sequence[float]) -> float: ...
@overload
def mean(values: Sequence[float], empty: T) -> float | T: ...
def mean(values: Sequence[float], empty: T | float = 0.0) -> float | T:
    """The arithmetic mean, added up in order; `empty` for nothing."""
    return sum(values) / len(values) if values else empty


def pass_at_k(n: int, c: int, k: int) -> float:
    """Unbiased estimate of "at least one of k samples is right" from c right among n: 1 − C(n−c, k) / C(n, k).

    Chen et al. 2021 (arXiv 2107.03374), equation 1, in exact integers.

    Raises:
        ConfigError: not 0 ≤ c ≤ n, or not 1 ≤ k ≤ n.
    """
    if not 0 <= c <= n:
        raise ConfigError(f"pass_at_k needs 0 <= c <= n, got c={c} of n={n}")
    if not 1 <= k <= n:
        raise ConfigError(f"pass_at_k needs 1 <= k <= n, got k={k} with n={n}; draw more samples")
    total = math.comb(n, k)
    return (total - math.comb(n - c, k)) / total


def wilson(successes: float, trials: float, confidence: float = 0.95, quantile: float | None = None) -> Estimate:
    """Wilson score interval of a proportion; `trials` may be fractional (an effective sample size)."""
    if trials <= 0:
        return Estimate(math.nan, math.nan, math.nan)
    if not 0 <= successes <= trials:
        raise ConfigError(f"successes must lie in [0, trials], got {successes} of {trials}")
    z = _normal_quantile(confidence) if quantile is None else quantile
    p = successes / trials
    centre = (p + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z * math.sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials)) / (1 + z * z / trials)
    return Estimate(p, max(0.0, min(centre - half, p)), min(1.0, max(centre + half, p)))


def mean_rate(rates: ArrayLike, confidence: float = 0.95) -> Estimate:
    """Mean of per-question values in [0, 1] (rates, pass@k, 0/1) with an interval over questions.

    Where the questions do not vary at all the effective size is unknown and the number of questions stands in for it,
    which errs on the wide side.
    """
    values = np.asarray(rates, dtype=float)
    n = len(values)
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan)
    if values.min() < 0 or values.max() > 1:
        raise ConfigError(f"rates must lie in [0, 1], got [{values.min()}, {values.max()}]")
    if n == 1:
        return Estimate(float(values[0]), 0.0, 1.0)
    p = float(values.mean())
    squared_error = float(values.var(ddof=1)) / n
    effective = p * (1 - p) / squared_error if squared_error > 1e-15 else float(n)
    interval = wilson(min(p * effective, effective), effective, quantile=_t_quantile(confidence, n - 1))
    return Estimate(p, interval.low, interval.high)


def bootstrap(
    columns: Sequence[ArrayLike],
    statistic: Callable[..., float],
    *,
    seed: int,
    path: Sequence[PathElement] = (),
    draws: int = 2000,
    confidence: float = 0.95,
) -> Estimate:
    """Percentile bootstrap over questions of `statistic(*columns)`; equal seed and path give the equal interval.

    Args:
        columns: arrays of equal length, one row per question, resampled together.
        statistic: maps resampled columns to one number; a draw that gives `nan` is left out.
    """
    arrays = [np.asarray(column) for column in columns]
    n = len(arrays[0])
    if any(len(array) != n for array in arrays):
        raise ConfigError(f"bootstrap columns must have equal lengths, got {[len(array) for array in arrays]}")
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan)
    rng = stream(seed, "bootstrap", *path)
    picks = (rng.integers(0, n, n) for _ in range(draws))
    drawn = np.array([statistic(*(array[pick] for array in arrays)) for pick in picks], dtype=float)
    tail = (1 - confidence) / 2
    finite = drawn[np.isfinite(drawn)]
    low, high = np.quantile(finite, [tail, 1 - tail]) if len(finite) else (math.nan, math.nan)
    return Estimate(float(statistic(*arrays)), float(low), float(high))


def paired(before: ArrayLike, after: ArrayLike, samples: int = 1, confidence: float = 0.95) -> Paired:
    """Compare two agents by their correct counts per question, each out of `samples` tries.

    Args:
        before, after: integer counts in [0, samples], the same questions in the same order.
    """
    first, second = np.asarray(before, dtype=np.int64), np.asarray(after, dtype=np.int64)
    if first.shape != second.shape or first.ndim != 1:
        raise ConfigError(f"paired counts must be two rows of equal length, got {first.shape} and {second.shape}")
    if len(first) and not 0 <= min(first.min(), second.min()) <= max(first.max(), second.max()) <= samples:
        raise ConfigError(f"correct counts must lie in [0, {samples}]; were both exams run with the same samples?")
    difference = second - first
    n = len(difference)
    if n == 0:
        return Paired(math.nan, math.nan, math.nan, math.nan, 0, 0, 0)
    padded = np.append(difference, [-1, 1]) / samples
    centre, error = padded.mean(), padded.std(ddof=1) / math.sqrt(len(padded))
    half = _t_quantile(confidence, n + 1) * error
    points = float(difference.mean()) / samples * 100
    return Paired(
        points=points,
        low=max(-100.0, min(100 * float(centre - half), points)),
        high=min(100.0, max(100 * float(centre + half), points)),
        p_value=sign_flip_p_value(difference),
        items=n,
        better=int((difference > 0).sum()),
        worse=int((difference < 0).sum()),
    )


def sign_flip_p_value(differences: ArrayLike) -> float:
    """Exact two-sided p-value of Σ dᵢ when the sign of every integer dᵢ was a fair coin.

    Computed as a distribution, not by drawing: Σ is a sum of scaled binomials, one per size |d| that occurs. With
    d in {−1, 0, 1} this is the exact McNemar (sign) test.
    """
    from scipy.stats import binom

    values = np.asarray(differences, dtype=np.int64)
    sizes, counts = np.unique(np.abs(values[values != 0]), return_counts=True)
    if not len(sizes):
        return 1.0
    unit = np.gcd.reduce(sizes)
    sizes, total = sizes // unit, int((sizes // unit) @ counts)
    observed = abs(int(values.sum() // unit))
    mass = np.ones(1)  # of the sum over the positive signs, at 0, 1, 2, ...
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        grown = np.zeros(len(mass) + size * count)
        for positives, weight in enumerate(binom.pmf(np.arange(count + 1), count, 0.5)):
            grown[positives * size : positives * size + len(mass)] += weight * mass
        mass = grown
    extreme = np.abs(2 * np.arange(total + 1) - total) >= observed
    return min(1.0, float(mass[extreme].sum()))


def reliability(confidence: ArrayLike, correct: ArrayLike, bins: int = 10) -> Reliability:
    """Calibration of a confidence in [0, 1] (for us: the vote's share p̂) against correctness (0/1), in equal bins."""
    claimed, right = np.asarray(confidence, dtype=float), np.asarray(correct, dtype=float)
    if claimed.shape != right.shape:
        raise ConfigError(f"confidence and correctness differ in shape: {claimed.shape} and {right.shape}")
    if not len(claimed):
        return Reliability((), math.nan, math.nan)
    bin_of = np.minimum((claimed * bins).astype(int), bins - 1)
    rows = []
    for index in np.unique(bin_of):
        inside = bin_of == index
        rows.append((float(claimed[inside].mean()), float(right[inside].mean()), int(inside.sum())))
    error = sum(count * abs(average - share) for average, share, count in rows) / len(claimed)
    return Reliability(tuple(rows), error, float(((claimed - right) ** 2).mean()))


def _normal_quantile(confidence: float) -> float:
    from scipy.stats import norm

    return float(norm.ppf((1 + confidence) / 2))


def _t_quantile(confidence: float, freedom: int) -> float:
    from scipy.stats import t

    return float(t.ppf((1 + confidence) / 2, freedom))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values (1979), in the given order."""
    order = np.argsort(p_values)
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(order.tolist()):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted
