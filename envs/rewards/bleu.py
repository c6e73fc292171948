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

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.float32]
Lengths = NDArray[np.int64]
Tokens = tuple[str, ...]

MAX_ORDER = 4
PAIRS_AT_ONCE = 1 << 17  # scored together: a few MB for each of the numbers a score is made of
ROWS_AT_ONCE = 512  # whose n-grams are counted together
MOST_LENGTHS = 1024  # different ones, of which each pair has its penalty looked up
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
    for row, first, there, back in batch.blocks(np.arange(count - 1), later=True):
        alike = there if back is None else (there + back) / 2
        apart = np.maximum(1.0 - alike, 0.0)[:, row - first :]
        size = len(apart)
        for place, line in enumerate(apart):
            start = (row + place) * count - (row + place) * (row + place + 1) // 2
            found[start : start + count - row - place - 1] = line[place + 1 :]
        apart[np.tril_indices(size, 0, apart.shape[1])] = np.inf
        np.minimum(nearest[row:], apart.min(0), out=nearest[row:])
        np.minimum(nearest[row : row + size], apart.min(1), out=nearest[row : row + size])
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
        distinct = list(dict.fromkeys(texts))
        tokens = dict(zip(distinct, _TOKENS[conventions](distinct), strict=True))
        place = {one: index for index, one in enumerate(dict.fromkeys(tokens.values()))}
        self.rows = np.array([place[tokens[text]] for text in texts], dtype=np.int64)
        self.both_ways = conventions == "sacrebleu"
        self._score = _SCORES[conventions]
        self.lengths = np.array([len(one) for one in place], dtype=np.int64)
        kinds, self._kind = np.unique(self.lengths, return_inverse=True)
        self._brevity = _brevity(kinds[:, None], kinds[None, :]) if len(kinds) <= MOST_LENGTHS else None
        self._orders = list(_orders(list(place), self.lengths))

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
            sorted_rows = np.array_equal(our_place, np.arange(len(ours)))
            sorted_columns = np.array_equal(their_place, np.arange(len(theirs)))
            step = max(1, PAIRS_AT_ONCE // len(theirs))
            for begin in range(0, len(part), step):
                lines = slice(begin, begin + step)
                place = lines if sorted_rows else our_place[lines]
                ways = self._ways(ours[place], theirs, later and self.both_ways)
                scores = self._score([count[place] for count in counts], ways)
                scores = scores if sorted_columns else [score[:, their_place] for score in scores]
                yield int(part[begin]), first, scores[0], scores[1] if len(scores) > 1 else None

    def _ways(self, rows: Lengths, columns: Lengths, both: bool) -> list[Way]:
        """Rows as hypotheses for columns, and the other way round."""
        mine, other = self.lengths[rows][:, None], self.lengths[columns][None, :]
        if self._brevity is None:
            there, back = _brevity(mine, other), _brevity(other, mine)
        else:
            ours, theirs = self._kind[rows], self._kind[columns]
            there, back = self._brevity[ours][:, theirs], self._brevity.T[ours][:, theirs]
        return [(mine, there), (other, back)] if both else [(mine, there)]


Way = tuple[Lengths, Floats]
"""Lengths of the hypotheses, as they stand to rows (rows, 1) or to columns (1, columns), and the brevity penalty of
each pair, (rows, columns)."""


def _sacrebleu_scores(counts: Sequence[Counts], ways: Sequence[Way]) -> list[Floats]:
    longest = int(max(hypothesis.max() for hypothesis, _ in ways))
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
    for total, (hypothesis, brevity) in zip(sums, ways, strict=True):
        total /= np.clip(hypothesis, 1, MAX_ORDER)
        np.exp(total, out=total)
        total *= brevity
        found.append(np.where(matched, total, 0.0))
    return found


def _nltk_scores(counts: Sequence[Counts], ways: Sequence[Way]) -> list[Floats]:
    ((hypothesis, brevity),) = ways
    table = _log_table(int(hypothesis.max()))
    table[0] = np.log(0.1)  # smoothing method 1
    total = np.zeros(counts[0].shape)
    for order, shared in enumerate(counts, start=1):
        total += table[shared.astype(np.intp)] - np.log(np.maximum(hypothesis - order + 1, 1))
    scores = brevity * np.exp(total / MAX_ORDER)
    return [np.where(counts[0] > 0, scores, 0.0)]


def _log_table(longest: int) -> Floats:
    """Logarithms of 1, 2, ... up to the longest text; entry 0 is the caller's business."""
    return np.log(np.maximum(np.arange(longest + 1), 1))


def _brevity(hypothesis: Lengths, reference: Lengths) -> Floats:
    """Penalty of a hypothesis for being shorter than a reference."""
    return np.exp(np.minimum(0.0, 1.0 - reference / np.maximum(hypothesis, 1)))


def _orders(texts: list[Tokens], lengths: Lengths) -> Iterator[_Order]:
    """The n-grams of all texts, order by order. One is told by a number: of the gram that it begins with, and of its
    last token."""
    known: dict[str, int] = {}
    tokens = np.array([known.setdefault(token, len(known)) for text in texts for token in text], dtype=np.int64)
    owner = np.repeat(np.arange(len(texts)), lengths)
    left = np.concatenate([np.arange(length, 0, -1) for length in lengths]) if len(tokens) else tokens
    grams, places = tokens, np.arange(len(tokens))
    for order in range(1, MAX_ORDER + 1):
        if order > 1:
            longer = left[places] >= order
            places = places[longer]
            grams = _renumbered(grams[longer] * len(known) + tokens[places + order - 1])
        yield _Order(owner[places], grams, len(texts))


class _Order:
    """Which features of one order each text has.

    Features that many texts share go through BLAS, where a sparse product would touch every pair one by one.

    Args:
        owner: the text of each n-gram, rising.
        grams: which n-gram it is.
    """

    def __init__(self, owner: Lengths, grams: Lengths, texts: int) -> None:
        from scipy.sparse import csr_array

        inside = np.lexsort((grams, owner))
        owner, grams = owner[inside], grams[inside]
        same = np.zeros(len(grams), dtype=bool)
        same[1:] = (owner[1:] == owner[:-1]) & (grams[1:] == grams[:-1])
        place = np.arange(len(grams))
        occurrence = place - np.maximum.accumulate(np.where(same, 0, place))
        features = _renumbered(grams * (int(occurrence.max(initial=0)) + 1) + occurrence)
        holders = np.bincount(features, minlength=1)
        self.totals = np.bincount(owner, minlength=texts)
        starts = np.concatenate([[0], np.cumsum(self.totals)])
        held = csr_array((np.ones(len(features), dtype=np.float32), features, starts), shape=(texts, len(holders)))
        common = holders * 16 > texts
        self.dense = held[:, np.flatnonzero(common & (holders > 1))].toarray()
        self.rare = held[:, np.flatnonzero(~common & (holders > 1))]

    def shared(self, rows: Lengths, columns: Lengths) -> Counts:
        """Clipped n-gram matches of distinct texts, (rows, columns); whole numbers, exact up to 2²⁴."""
        found: Counts = self.dense[rows] @ self.dense[columns].T
        rare = self.rare[rows] @ self.rare[columns].T
        found = np.asarray(rare + found)
        _, mine, other = np.intersect1d(rows, columns, assume_unique=True, return_indices=True)
        found[mine, other] = self.totals[rows[mine]]
        return found


def _renumbered(values: Lengths) -> Lengths:
    """The same numbers for the same values, from 0 without gaps, so that products of them stay small."""
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _sacrebleu_tokens(texts: Sequence[str]) -> list[Tokens]:
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

    make: Callable[[], Callable[[str], str]] = Tokenizer13a
    tokenizer = make()
    return [tuple(tokenizer(text.rstrip()).split()) for text in texts]


def _nltk_tokens(texts: Sequence[str]) -> list[Tokens]:
    return [tuple(text.split()) for text in texts]


_TOKENS: dict[str, Callable[[Sequence[str]], list[Tokens]]] = {"sacrebleu": _sacrebleu_tokens, "nltk": _nltk_tokens}
_SCORES: dict[str, Callable[[Sequence[Counts], Sequence[Way]], list[Floats]]] = {
    "sacrebleu": _sacrebleu_scores,
    "nltk": _nltk_scores,
}
CONVENTIONS = tuple(_SCORES)
