"""How much a batch of questions repeats itself: BLEU distance, average-linkage clusters, penalty.

R-Zero (arXiv 2508.05004), section 3.1: d_ij = 1 − BLEU(x_i, x_j), agglomerative clusters of average linkage cut at
τ = 0.5, r_rep(x_i) = λ·|C(x_i)| / B. BLEU is not symmetric (9 against 25 for a text and its prefix), so the paper's
formula leaves the distance to chance; we take the mean of both directions, and the order of a batch cannot matter.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...core.errors import ConfigError, UnknownNameError
from .average_linkage import clusters_within
from .bleu import CONVENTIONS, Floats, distances, sacrebleu_matrix


def bleu_matrix(texts: Sequence[str]) -> Floats:
    """Sentence BLEU of all ordered pairs.

    Returns:
        (n, n) floats in [0, 1]; `[i, j]` equals `sacrebleu.sentence_bleu(texts[i], [texts[j]]).score / 100` at its
        default settings. A text without a token scores 0, also against itself.
    """
    return sacrebleu_matrix(texts)


def similarity(texts: Sequence[str]) -> Floats:
    """(n, n) mean BLEU of both directions, symmetric, in [0, 1]."""
    one_way = bleu_matrix(texts)
    return (one_way + one_way.T) / 2


def clusters(texts: Sequence[str], threshold: float = 0.5, conventions: str = "sacrebleu") -> NDArray[np.int64]:
    """Group texts that say nearly the same.

    Args:
        threshold: the distance, in [0, 1], up to which clusters are merged.
        conventions: "sacrebleu", or "nltk" for R-Zero's published code (one direction).

    Returns:
        (n,) cluster numbers from 1, in the order of their first texts.

    Raises:
        UnknownNameError: no such conventions.
    """
    if conventions not in CONVENTIONS:
        raise UnknownNameError("conventions of BLEU", str(conventions), CONVENTIONS)
    if len(texts) < 2:
        return np.ones(len(texts), dtype=np.int64)
    return clusters_within(*distances(texts, conventions), threshold)


def repetition_penalty(
    texts: Sequence[str], threshold: float = 0.5, scale: float = 1.0, conventions: str = "sacrebleu"
) -> Floats:
    """The share of the batch that says nearly the same as each text.

    Args:
        threshold: τ, see `clusters`.
        scale: λ.

    Returns:
        (n,) penalties `scale * |cluster| / n`, in (0, scale]. One text alone is all of its batch and gets `scale`.
    """
    numbers = clusters(texts, threshold, conventions)
    return np.asarray(scale * np.bincount(numbers)[numbers] / len(texts), dtype=np.float64)


def check_threshold(threshold: float) -> None:
    """Refuse a threshold that is no BLEU distance."""
    if not 0.0 <= threshold <= 1.0:
        raise ConfigError(f"threshold (τ) is a BLEU distance in [0, 1], got {threshold!r}")


def distinct_clusters(texts: Sequence[str], threshold: float = 0.5) -> int:
    """How many different things `texts` ask: how many `clusters` they have at `threshold`, 0 for no texts."""
    return len(np.unique(clusters(texts, threshold)))
