"""Published rewards of challengers, by name. A new built-in reward costs one factory here, with its decorator.

`p` is the solve rate of a question over the solver's m attempts, C its cluster and B the batch. With every
preset, questions like those of earlier rounds can earn less (`Archive`): `r-zero(archive=1)`, or with all that it has,
`r-zero(archive={"weight": 1, "from_round": 4})`.

Where we differ: a malformed proposal, and a question that its verifier holds to be invalid, earn 0 in every preset but
`r-zero-code` (SPICE gives −0.1, which has been seen to end in silence).

The registry of rewards loads this file at its first look-up; scipy and sacrebleu come with the first clustered batch.
"""

from __future__ import annotations

import math
from functools import partial

from ...core.errors import ConfigError
from ...core.registries import register_reward
from .archive import Archive, Past
from .challenger import ChallengerReward, uncertainty


def _azr(p: float) -> float:
    return 1.0 - p if 0.0 < p < 1.0 else 0.0


def _sqlm(p: float) -> float:
    return 1.0 if 0.0 < p < 1.0 else 0.0


def _spice(p: float) -> float:
    return math.exp(-((p * (1.0 - p) - 0.25) ** 2) / 0.02)


def _variance(p: float) -> float:
    return 4.0 * p * (1.0 - p)


def _peak(p: float, peak: float) -> float:
    """Straight up from 2t - 1 to t, straight down from t to 1, and 0 elsewhere."""
    return max(0.0, min((1.0 - p) / (1.0 - peak), (p - (2.0 * peak - 1.0)) / (1.0 - peak)))


def _unsolved(p: float) -> float:
    return 1.0 - p


def _min_side(p: float) -> float:
    return min(p, 1.0 - p)


@register_reward("r-zero")
def r_zero(*, repetition: float = 1.0, threshold: float = 0.5, archive: Past = 0.0) -> ChallengerReward:
    """R-Zero, arXiv 2508.05004, section 3.1, the default: max(0, 1 − 2|p − ½| − λ·|C|/B)."""
    return ChallengerReward(uncertainty, repetition=repetition, threshold=threshold, archive=Archive.of(archive))


@register_reward("uncertainty")
def uncertain() -> ChallengerReward:
    """R-Zero's uncertainty alone, 1 − 2|p − ½|: the first term of most sums."""
    return ChallengerReward(uncertainty, repetition=0.0)


@register_reward("r-zero-code")
def r_zero_code(*, repetition: float = 1.0, threshold: float = 0.5, archive: Past = 0.0) -> ChallengerReward:
    """What R-Zero's published code computes: min(p, 1 − p) − |C|/B, malformed −1 − |C|/B, no floor."""
    return ChallengerReward(
        _min_side,
        repetition=repetition,
        threshold=threshold,
        floor=None,
        malformed=-1.0,
        gate=False,
        conventions="nltk",
        penalise_malformed=True,
        archive=Archive.of(archive),
    )


@register_reward("azr")
def azr(*, repetition: float = 0.0, threshold: float = 0.5, archive: Past = 0.0) -> ChallengerReward:
    """Absolute Zero, arXiv 2505.03335, equation 4: 1 − p, and 0 at p = 0 and p = 1."""
    return ChallengerReward(_azr, "learnability", repetition, threshold, archive=Archive.of(archive))


@register_reward("sqlm")
def sqlm(*, repetition: float = 0.0, threshold: float = 0.5, archive: Past = 0.0) -> ChallengerReward:
    """Self-Questioning Language Models, arXiv 2508.03682: 1 iff 0 < p < 1."""
    return ChallengerReward(_sqlm, "neither_end", repetition, threshold, archive=Archive.of(archive))


@register_reward("spice")
def spice(*, repetition: float = 0.0, threshold: float = 0.5, archive: Past = 0.0) -> ChallengerReward:
    """SPICE, arXiv 2510.24684, a Gaussian of the answers' variance: exp(−(p(1−p) − ¼)² / 0.02)."""
    return ChallengerReward(_spice, "variance", repetition, threshold, archive=Archive.of(archive))


@register_reward("4p(1-p)")
def variance(*, repetition: float = 0.0, threshold: float = 0.5, archive: Past = 0.0) -> ChallengerReward:
    """The variance of the answers, scaled to [0, 1]: 4p(1−p)."""
    return ChallengerReward(_variance, "variance", repetition, threshold, archive=Archive.of(archive))


@register_reward("peak")
def peak(
    *, peak: float = 0.7, repetition: float = 1.0, threshold: float = 0.5, archive: Past = 0.0
) -> ChallengerReward:
    """Ours, R-Zero's triangle with its peak t right of ½: max(0, min((1 − p)/(1 − t), (p − 2t + 1)/(1 − t)) − λ·|C|/B).

    1 at p = t; 0 at p = 1, up to p = 2t − 1, and where the question is not valid. Labels
    are right the more often, the larger p is, so that a question teaches most right of ½; t = ½ is `r-zero`.
    """
    if not 0.5 <= peak < 1.0:
        raise ConfigError(f"peak must be in [0.5, 1), got {peak!r}")
    return ChallengerReward(partial(_peak, peak=peak), "peak", repetition, threshold, archive=Archive.of(archive))


@register_reward("unsolved")
def unsolved(*, repetition: float = 1.0, threshold: float = 0.5, archive: Past = 0.0) -> ChallengerReward:
    """Ours, for labels that do not come from the attempts, such as `decomposed`: max(0, 1 − p − λ·|C|/B).

    1 where no attempt is right, which is what such labels can teach most; 0 at p = 1 and where the question is not
    valid. With votes it pays for questions that nobody can answer: there it is no good.
    """
    return ChallengerReward(_unsolved, "unsolved", repetition, threshold, archive=Archive.of(archive))
