"""Sentence BLEU of every ordered pair of texts at once, by sparse n-gram overlap.

Papineni et al. 2002, with two sets of conventions:

    sacrebleu   `sacrebleu.sentence_bleu(x_i, [x_j])` at its default settings: 13a tokens, exponential smoothing, only
                the orders the hypothesis is long enough for ("effective order")
    nltk        `nltk.translate.bleu_score.sentence_bleu([x_j], x_i)` with smoothing method 1 on whitespace tokens, as
                R-Zero's published code calls it

Both need the same thing: how many n-grams two texts share, clipped. Number the occurrences of an n-gram within a text;
the pair (n-gram, k-th occurrence) is then a feature a text has or has not, and the clipped overlap of all pairs is the
product X·Xᵀ of one 0/1 matrix per order. Features only one text has are left out: they touch the diagonal alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Tokens = tuple[str, ...]

MAX_ORDER = 4
_LOG_2 = float(np.log(2.0))


def sacrebleu_matrix(texts: Sequence[str]) -> Floats:
    """BLEU by sacrebleu's conventions; `[i, j]` has text i as hypothesis and text j as reference, in [0, 1]."""
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

    make: Callable[[], Callable[[str], str]] = Tokenizer13a
    tokenizer = make()
    return _per_distinct([tuple(tokenizer(text.rstrip()).split()) for text in texts], _sacrebleu_scores)


def nltk_matrix(texts: Sequence[str]) -> Floats:
    """BLEU by NLTK's conventions; `[i, j]` has text i as hypothesis and text j as reference, in [0, 1]."""
    return _per_distinct([tuple(text.split()) for text in texts], _nltk_scores)


def _per_distinct(texts: list[Tokens], scores: Callable[[list[Tokens]], Floats]) -> Floats:
    """Score distinct token sequences once: batches of an early challenger are mostly duplicates."""
    place = {tokens: index for index, tokens in enumerate(dict.fromkeys(texts))}
    if not place:
        return np.zeros((0, 0))
    rows = np.array([place[tokens] for tokens in texts])
    distinct = scores(list(place))
    return distinct if len(place) == len(texts) else distinct[np.ix_(rows, rows)]


def _sacrebleu_scores(texts: list[Tokens]) -> Floats:
    lengths = np.array([len(tokens) for tokens in texts])  # (B,)
    log_sum = np.zeros((len(texts), len(texts)))
    zeros = np.zeros((len(texts), len(texts)))  # orders without a match so far: smoothing halves once more each time
    log_count = _log_table(lengths)
    for order in range(1, MAX_ORDER + 1):
        shared = _overlap(texts, order)  # (B, B)
        totals = lengths - order + 1  # n-grams in the hypothesis
        counted = totals > 0
        zeros += shared == 0
        log_precision = np.where(shared > 0, log_count[shared], -zeros * _LOG_2)
        log_precision -= np.log(np.maximum(totals, 1))[:, None]
        log_sum += np.where(counted[:, None], log_precision, 0.0)
        if order == 1:
            matched = shared > 0
    effective = np.clip(lengths, 1, MAX_ORDER)[:, None]
    return np.where(matched, _brevity(lengths) * np.exp(log_sum / effective), 0.0)


def _nltk_scores(texts: list[Tokens]) -> Floats:
    lengths = np.array([len(tokens) for tokens in texts])
    log_sum = np.zeros((len(texts), len(texts)))
    log_count = _log_table(lengths)
    log_count[0] = np.log(0.1)  # smoothing method 1
    for order in range(1, MAX_ORDER + 1):
        shared = _overlap(texts, order)
        log_sum += log_count[shared] - np.log(np.maximum(lengths - order + 1, 1))[:, None]
        if order == 1:
            matched = shared > 0
    return np.where(matched, _brevity(lengths) * np.exp(log_sum / MAX_ORDER), 0.0)


def _log_table(lengths: NDArray[np.int_]) -> Floats:
    """Logarithms of 1, 2, ... up to the longest text; entry 0 is the caller's business."""
    return np.log(np.maximum(np.arange(int(lengths.max()) + 1), 1))


def _brevity(lengths: NDArray[np.int_]) -> Floats:
    """Penalty of hypothesis i (rows) for being shorter than reference j (columns)."""
    ratio = lengths[None, :] / np.maximum(lengths, 1)[:, None]
    return np.exp(np.minimum(0.0, 1.0 - ratio))


def _overlap(texts: list[Tokens], order: int) -> NDArray[np.int64]:
    """Clipped n-gram matches of every pair, (B, B), symmetric."""
    from scipy.sparse import csr_array

    columns: dict[Any, int] = {}
    flat: list[int] = []
    starts = [0]
    for tokens in texts:
        seen: dict[Tokens, int] = {}
        for gram in zip(*(tokens[k:] for k in range(order)), strict=False):
            occurrence = seen[gram] = seen.get(gram, 0) + 1
            flat.append(columns.setdefault((gram, occurrence), len(columns)))
        starts.append(len(flat))
    totals, features = np.diff(starts), np.array(flat, dtype=np.int64)
    held = csr_array((np.ones(len(flat)), features, starts), shape=(len(texts), max(len(columns), 1)))
    held = held[:, np.flatnonzero(np.bincount(features) > 1)]
    shared = _gram_matrix(held)
    np.fill_diagonal(shared, totals)
    return shared


def _gram_matrix(held: Any) -> NDArray[np.int64]:
    """X·Xᵀ. Features shared widely go through BLAS, where a sparse product would touch every pair one by one."""
    holders = np.bincount(held.indices)
    common = holders * 16 > held.shape[0]
    dense = held[:, np.flatnonzero(common)].toarray()
    rare = held[:, np.flatnonzero(~common)]
    product = dense @ dense.T + (rare @ rare.T).toarray()
    return np.asarray(np.rint(product), dtype=np.int64)
