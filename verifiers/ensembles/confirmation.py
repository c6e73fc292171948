"""What verifiers share that confirm votes: which of them are looked at, and how a judgement says what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from ...core.errors import ConfigError
from ...core.records import Judgement

Band = tuple[Fraction, Fraction]

NO_LABEL, OUTSIDE = "the vote gives no label", "outside the band"
"""Why a vote is not looked at."""
MOST = 10_000
"""Texts that may be asked for per question."""


def exact(number: float) -> Fraction:
    """The decimal a person wrote: 0.9 is 9/10."""
    return Fraction(repr(float(number)))


def exact_band(band: tuple[float, float]) -> Band:
    """Lowest and highest solve rate at which a vote is looked at.

    Raises:
        ConfigError: not two shares in order.
    """
    if len(band) != 2 or not 0.0 <= band[0] <= band[1] <= 1.0:
        raise ConfigError(f"band must be [low, high] with 0 <= low <= high <= 1, got {band!r}")
    return exact(band[0]), exact(band[1])


def inside(judgement: Judgement, band: Band) -> bool:
    """Whether the solve rate lies in a band; no attempts: `False`."""
    low, high = band
    return bool(judgement.verdicts) and low <= Fraction(judgement.correct_count, len(judgement.verdicts)) <= high


def with_check(judgement: Judgement, check: Mapping[str, Any], source: str) -> Judgement:
    """The judgement with what was found in its evidence; valid only if it was, and the check agrees."""
    evidence = {**judgement.evidence, "check": dict(check)}
    return replace(judgement, valid=judgement.valid and check["agrees"] is True, label_source=source, evidence=evidence)
