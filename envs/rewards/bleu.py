"""Sentence BLEU of every ordered pair of texts at once, by sparse n-gram overlap.

Papineni et al. 2002, with two sets of conventions:

    sacrebleu   `sacrebleu.sentence_bleu(x_i, [x_j])` at its default settings: 13a tokens, exponential smoothing, only
                the orders the hypothesis is long enough for ("effective order")
    nltk        `nltk.translate.bleu_score.sentence_bleu([x_j], x_i)` with smoothing method 1 on whitespace tokens, as
                R-Zero's published code calls it

Both need the same thing: how many n-grams two texts share, clipped. Number the occurrences of an n-gram within a text;
the pair (n-gram, k-th occurrence) is then a feature a text has or has not, and the clipped overlap of all pairs is the
product X·Xᵀ of one 0/1 matrix per order. Features only one text has are left out: they touch the diagonal alone.

A large batch is scored a block of rows at a time, so that beside the scores little is held (`clusters`, `bleu_matrix`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.float32]
Lengths = NDArray[np.int64]
Tokens = tuple[str, ...]

MAX_ORDER = 4
PAIRS_AT_ONCE = 1 << 18  # scored together: a few MB for each of the numbers a score is made of
ROWS_AT_ONCE = 512  # whose n-grams are counted together
_LOG_2 = float(np.log(2.0))


def sacrebleu_matrix(texts: Sequence[str]) -> Floats:
    """BLEU by sacrebleu's conventions; `[i, j]` has text i as hypothesis and text j as reference, in [0, 1]."""
    return _matrix(texts, "sacrebleu")


def nltk_matrix(texts: Sequence[str]) -> Floats:
    """BLEU by NLTK's conventions; `[i, j]` has text i as hypothesis and text j as reference, in [0, 1]."""
    return _matrix(texts, "nltk")


def distances(texts: Sequence[str], conventions: str) -> tuple[Floats, Floats]:
    """1 − BLEU of every pair of texts i < j, and how near the nearest other text is.

    By "sacrebleu" the mean of both directions, which is symmetric; by "nltk" that of the earlier text to the later,
    which is what R-Zero's published code looks at.

    Returns:
        (n (n − 1) / 2,) in scipy's condensed order, (n,); ≥ 0.
    """
    batch = Batch(texts, conventions)
    count = len(batch.rows)
    found, nearest = np.empty(count * (count - 1) // 2), np.full(count, np.inf)
    for row, columns, there, back in batch.blocks(np.arange(count - 1), later=True):
        alike = there if back is None else (there + back) / 2
        apart = np.maximum(1.0 - alike, 0.0)
        for at, line in enumerate(apart, start=row):
            line = line[at + 1 - columns :]
            start = at * count - at * (at + 1) // 2
            found[start : start + len(line)] = line
            nearest[at] = min(nearest[at], line.min())
            np.minimum(nearest[at + 1 :], line, out=nearest[at + 1 :])
    return found, nearest


def _matrix(texts: Sequence[str], conventions: str) -> Floats:
    batch = Batch(texts, conventions)
    found = np.empty((len(batch.rows), len(batch.rows)))
    for row, _, there, _ in batch.blocks(np.arange(len(batch.rows)), later=False):
        found[row : row + len(there)] = there
    return found


class Batch:
    """Texts to be scored against each other.

    Distinct token sequences are scored once: batches of an early challenger are mostly duplicates.

    Attributes:
        rows: (n,) which of the distinct ones each text is, counted as they appear.
    """

    def __init__(self, texts: Sequence[str], conventions: str) -> None:
        tokens = _TOKENS[conventions](texts)
        place = {one: index for index, one in enumerate(dict.fromkeys(tokens))}
        self.rows = np.array([place[one] for one in tokens], dtype=np.int64)
        self.both_ways = conventions == "sacrebleu"
        self._score = _SCORES[conventions]
        self.lengths = np.array([len(one) for one in place], dtype=np.int64)
        self._orders = [_Order(list(place), order) for order in range(1, MAX_ORDER + 1)]

    def blocks(self, rows: Lengths, later: bool) -> Iterator[tuple[int, int, Floats, Floats | None]]:
        """Scores of some texts in a row as hypotheses against all texts, or all from the first of them on.

        Yields:
            The first row, the first column, scores of rows as hypotheses and, if `later` and both ways are wanted, as
            references; each (rows, columns).
        """
        for start in range(0, len(rows), ROWS_AT_ONCE):
            part = rows[start : start + ROWS_AT_ONCE]
            first = int(part[0]) if later else 0
            ours, our_place = np.unique(self.rows[part], return_inverse=True)
            theirs, their_place = np.unique(self.rows[first:], return_inverse=True)
            counts = [order.shared(ours, theirs) for order in self._orders]
            plain = np.array_equal(their_place, np.arange(len(theirs)))
            step = max(1, PAIRS_AT_ONCE // len(theirs))
            for begin in range(0, len(part), step):
                here = slice(begin, begin + step)
                lines, place = np.unique(our_place[here], return_inverse=True)
                held = [count[lines] for count in counts]
                mine, other = self.lengths[ours[lines]][:, None], self.lengths[theirs][None, :]
                scores = self._score(
                    held, [(mine, other), (other, mine)] if later and self.both_ways else [(mine, other)]
                )
                whole = [s[place] if plain else s[place][:, their_place] for s in scores]
                yield int(part[begin]), first, whole[0], whole[1] if len(whole) > 1 else None


Ways = Sequence[tuple[Lengths, Lengths]]
"""Lengths of hypotheses and of references, as they stand to rows and columns: (rows, 1) and (1, columns), or turned."""


def _sacrebleu_scores(counts: Sequence[Counts], ways: Ways) -> list[Floats]:
    longest = int(max(length.max() for way in ways for length in way))
    # smoothing halves once more for each order without a match so far: entries −1, −2, … are those; where an order
    # has none, no higher one has any
    table = np.concatenate([_log_table(longest), np.arange(-MAX_ORDER, 0) * _LOG_2])
    zeros = np.zeros(counts[0].shape, dtype=np.intp)
    sums = [np.zeros(counts[0].shape) for _ in ways]
    for order, shared in enumerate(counts, start=1):
        zeros += shared == 0
        logs = table[shared.astype(np.intp) - zeros]
        for total, (hypothesis, _) in zip(sums, ways, strict=True):
            grams = hypothesis - order + 1
            precision = logs - np.log(np.maximum(grams, 1))
            total += precision if (grams > 0).all() else np.where(grams > 0, precision, 0.0)
    matched = counts[0] > 0
    found = []
    for total, (hypothesis, reference) in zip(sums, ways, strict=True):
        total /= np.clip(hypothesis, 1, MAX_ORDER)
        np.exp(total, out=total)
        total *= _brevity(hypothesis, reference)
        found.append(np.where(matched, total, 0.0))
    return found


def _nltk_scores(counts: Sequence[Counts], ways: Ways) -> list[Floats]:
    ((hypothesis, reference),) = ways
    table = _log_table(int(max(hypothesis.max(), reference.max())))
    table[0] = np.log(0.1)  # smoothing method 1
    total = np.zeros(counts[0].shape)
    for order, shared in enumerate(counts, start=1):
        total += table[shared.astype(np.intp)] - np.log(np.maximum(hypothesis - order + 1, 1))
    scores = _brevity(hypothesis, reference) * np.exp(total / MAX_ORDER)
    return [np.where(counts[0] > 0, scores, 0.0)]


def _log_table(longest: int) -> Floats:
    """Logarithms of 1, 2, ... up to the longest text; entry 0 is the caller's business."""
    return np.log(np.maximum(np.arange(longest + 1), 1))


def _brevity(hypothesis: Lengths, reference: Lengths) -> Floats:
    """Penalty of a hypothesis for being shorter than a reference. Few lengths are different, and each pair of them is
    looked at once."""
    ours, our_place = np.unique(hypothesis, return_inverse=True)
    theirs, their_place = np.unique(reference, return_inverse=True)
    penalties = np.exp(np.minimum(0.0, 1.0 - theirs[None, :] / np.maximum(ours, 1)[:, None]))
    return penalties[our_place.reshape(hypothesis.shape), their_place.reshape(reference.shape)]


class _Order:
    """Which features of one order each text has.

    Features that many texts share go through BLAS, where a sparse product would touch every pair one by one.
    """

    def __init__(self, texts: list[Tokens], order: int) -> None:
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
        features = np.array(flat, dtype=np.int64)
        shape = (len(texts), max(len(columns), 1))
        held = csr_array((np.ones(len(flat), dtype=np.float32), features, starts), shape=shape)
        holders = np.bincount(features, minlength=shape[1])
        common = holders * 16 > len(texts)
        self.totals = np.diff(starts)
        self.dense = held[:, np.flatnonzero(common & (holders > 1))].toarray()
        self.rare = held[:, np.flatnonzero(~common & (holders > 1))]

    def shared(self, rows: Lengths, columns: Lengths) -> Counts:
        """Clipped n-gram matches of distinct texts, (rows, columns); whole numbers, exact up to 2²⁴."""
        found: Counts = self.dense[rows] @ self.dense[columns].T
        found += (self.rare[rows] @ self.rare[columns].T).toarray()
        _, mine, other = np.intersect1d(rows, columns, assume_unique=True, return_indices=True)
        found[mine, other] = self.totals[rows[mine]]
        return found


def _sacrebleu_tokens(texts: Sequence[str]) -> list[Tokens]:
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

    make: Callable[[], Callable[[str], str]] = Tokenizer13a
    tokenizer = make()
    return [tuple(tokenizer(text.rstrip()).split()) for text in texts]


def _nltk_tokens(texts: Sequence[str]) -> list[Tokens]:
    return [tuple(text.split()) for text in texts]


_TOKENS: dict[str, Callable[[Sequence[str]], list[Tokens]]] = {"sacrebleu": _sacrebleu_tokens, "nltk": _nltk_tokens}
_SCORES: dict[str, Callable[[Sequence[Counts], Ways], list[Floats]]] = {
    "sacrebleu": _sacrebleu_scores,
    "nltk": _nltk_scores,
}
CONVENTIONS = tuple(_SCORES)
