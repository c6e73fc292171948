"""The nearest of very many texts, exactly: Dice similarity of token bigrams, by postings that are read rare ones first.

    similarity(x, a) = 2 · Σ_g min(x_g, a_g) / (|x| + |a|)

x_g is how often the pair of neighbouring tokens g occurs in x, both ends of the text counting as tokens, and
|x| = Σ_g x_g (Dice 1945, on multisets). A token is a number, a word, or a sign; in scripts that set no blanks, a
character. Case and blanks do not matter, so 1 means the same pairs, and 0 none in common.

A search reads the postings of the rarest bigrams first. What is unread can add at most the rest of x to any overlap; a
text whose bound does not exceed the best similarity found is left out, and where few remain these are compared whole
(the bound of Turtle and Flood 1995, for one nearest text). So nothing is approximated, and common bigrams, which nearly
every question has, are seldom read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Keys = NDArray[np.uint64]
Counts = NDArray[np.uint16]

LONGEST = 16_384
"""Characters of a text that are compared; the rest is left out."""
AT_ONCE = 16_384
"""Texts that a small table takes at a time; a larger one as many as it has, which bounds what is held besides."""
NEW = 2**32 - 1
"""The number of a token that no text has had: no bigram with it is found."""
_NO_BLANKS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\ua4cf\uf900-\ufaff\U00020000-\U0003ffff"
_TOKEN = re.compile(rf"[{_NO_BLANKS}]|\d+|[^\W\d_{_NO_BLANKS}]+|\S")


class Neighbour(NamedTuple):
    """The nearest text, and how near it is, in (0, 1]; `None` and 0 where no text has a bigram in common."""

    similarity: float
    text: str | None


class NearestTexts:
    """Texts to search in; what is added later counts like what was there first.

    Args:
        texts: the first ones.
    """

    def __init__(self, texts: Sequence[str] = ()) -> None:
        self._texts: dict[str, str] = {}  # its tokens → a text as given
        self._numbers: dict[str, int] = {}  # of tokens
        self._table = _Table()
        self.add(texts)

    def __len__(self) -> int:
        """Different texts."""
        return len(self._texts)

    def add(self, texts: Sequence[str]) -> None:
        """Search in these too. Each call puts the whole table in order: add many at once."""
        waiting: dict[str, str] = {}
        for text in texts:
            compared = as_compared(text)
            if compared not in self._texts:
                waiting.setdefault(compared, text)
        self._texts |= waiting
        left = iter(waiting)
        while rows := [self._row(one) for one in islice(left, max(AT_ONCE, len(self._table.lengths)))]:
            self._table = self._table.with_rows(rows)

    def nearest(self, texts: Sequence[str]) -> list[Neighbour]:
        """The nearest text to each; of several that are equally near, any one."""
        if not self._texts:
            return [Neighbour(0.0, None)] * len(texts)
        given = list(self._texts.values())
        found: dict[str, Neighbour] = {}
        for compared in dict.fromkeys(map(as_compared, texts)):
            similarity, row = self._table.search(
                *bigrams([self._numbers.get(token, NEW) for token in compared.split(" ")])
            )
            found[compared] = Neighbour(similarity, None if row is None else given[row])
        return [found[as_compared(text)] for text in texts]

    def _row(self, compared: str) -> tuple[Keys, Counts]:
        """The bigrams of a text, whose new tokens get numbers."""
        numbers = self._numbers
        return bigrams([numbers.setdefault(token, len(numbers) + 1) for token in compared.split(" ")])


class _Table:
    """Rows of texts and columns of bigrams: how often each is in each, by rows and by columns.

    Args:
        keys: the bigrams of the columns, sorted.
        counts, columns, lengths: of the rows, one after the other.
    """

    def __init__(self, keys: Any = (), counts: Any = (), columns: Any = (), lengths: Any = ()) -> None:
        from scipy.sparse import csr_matrix

        self.keys, self.lengths = np.asarray(keys, dtype=np.uint64), np.asarray(lengths, dtype=np.int64)
        ends = np.concatenate([[0], np.cumsum(self.lengths)])
        data = np.asarray(counts, dtype=np.uint16), np.asarray(columns, dtype=np.int32), ends
        self.rows = csr_matrix(data, shape=(len(self.lengths), len(self.keys)))
        self.postings = self.rows.tocsc()
        self.frequencies = np.diff(self.postings.indptr)  # (V,) texts with each bigram
        self.sizes = np.asarray(self.rows.sum(axis=1, dtype=np.int64)).ravel()  # (N,) bigrams of each text
        self.own = np.zeros(len(self.keys), dtype=np.uint16)  # those of the text that is searched for, by column

    def with_rows(self, rows: Sequence[tuple[Keys, Counts]]) -> _Table:
        """A table with further texts at its end, each as its sorted bigrams and their counts."""
        found = np.concatenate([self.keys, *(own for own, _ in rows)])
        order = np.argsort(found)
        ordered = found[order]
        first = np.concatenate([[True], ordered[1:] != ordered[:-1]])
        column = np.empty(len(found), dtype=np.int32)  # of each entry of `found`
        column[order] = np.cumsum(first, dtype=np.int32) - 1
        before = len(self.keys)
        return _Table(
            ordered[first],
            np.concatenate([self.rows.data, *(counts for _, counts in rows)]),
            np.concatenate([column[:before][self.rows.indices], column[before:]]),
            np.concatenate([self.lengths, [len(own) for own, _ in rows]]),
        )

    def search(self, keys: Keys, counts: Counts) -> tuple[float, int | None]:
        """The greatest similarity to a text, given as its bigrams and their counts, and the row that has it."""
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        known = self.keys[places] == keys
        columns = places[known]
        self.own[columns] = counts[known]
        row, overlap = self._search(columns, counts[known], int(counts.sum()))
        self.own[columns] = 0
        return (2.0 * overlap / float(counts.sum() + self.sizes[row]), row) if overlap else (0.0, None)

    def _search(self, columns: Ints, counts: Counts, size: int) -> tuple[int, int]:
        """The row with the greatest similarity, and what it has in common."""
        factor = 2.0 / (size + self.sizes)  # (N,)
        seen = np.zeros(len(self.sizes))  # of the overlap with each row
        lengths = self.frequencies[columns]
        rest, unread = int(counts.sum()), int(lengths.sum())
        row, overlap, best = 0, 0, 0.0
        for part in _parts(lengths, len(self.sizes)):
            seen += self._counted(columns[part], counts[part], lengths[part])
            rest, unread = rest - int(counts[part].sum()), unread - int(lengths[part].sum())
            likely = int(np.argmax(seen * factor))
            shared = int(seen[likely]) if not rest else int(self._overlaps(np.array([likely]))[0])
            if shared * factor[likely] > best:
                row, overlap, best = likely, shared, shared * factor[likely]
            possible = np.flatnonzero((seen + rest) * factor > best) if rest else np.empty(0, dtype=np.int64)
            if int(self.lengths[possible].sum()) <= unread:
                return self._best_of(possible, factor, row, overlap)
        return row, overlap

    def _counted(self, columns: Ints, counts: Counts, lengths: Ints) -> NDArray[Any]:
        """(N,) what each row has in common with some columns of the text."""
        at = _ranges(self.postings.indptr[columns], lengths)
        weights = None  # min(1, count) is 1
        if int(counts.max()) > 1:
            weights = np.minimum(self.postings.data[at], np.repeat(counts, lengths))
        return np.bincount(self.postings.indices[at], weights, len(self.sizes))

    def _best_of(self, possible: Ints, factor: NDArray[np.float64], row: int, overlap: int) -> tuple[int, int]:
        """The best of some rows and the best one so far."""
        if not len(possible):
            return row, overlap
        shared = self._overlaps(possible)
        likely = int(np.argmax(shared * factor[possible]))
        found = int(possible[likely])
        better = shared[likely] * factor[found] > overlap * factor[row]
        return (found, int(shared[likely])) if better else (row, overlap)

    def _overlaps(self, which: Ints) -> Ints:
        """What whole rows have in common with the text that is searched for."""
        lengths = self.lengths[which]
        at = _ranges(self.rows.indptr[which], lengths)
        shared = np.minimum(self.rows.data[at], self.own[self.rows.indices[at]])
        starts = np.cumsum(lengths) - lengths
        return np.asarray(np.add.reduceat(shared, starts, dtype=np.int64))


def as_compared(text: str) -> str:
    """The tokens of a text, in lower case and with a blank between them; "" for a text without any."""
    return " ".join(_TOKEN.findall(text[:LONGEST].casefold()))


def bigrams(tokens: Sequence[int]) -> tuple[Keys, Counts]:
    """The different bigrams of numbered tokens and both ends, as sorted numbers, and how often each occurs."""
    framed = np.array([0, *tokens, 0], dtype=np.uint64)
    keys, counts = np.unique(framed[:-1] << np.uint64(32) | framed[1:], return_counts=True)
    return keys, counts.astype(np.uint16)


def _parts(lengths: Ints, rows: int) -> Iterator[Ints]:
    """Places of postings, short ones first, in parts that double."""
    order = np.argsort(lengths, kind="stable")
    ends = np.cumsum(lengths[order])
    start, budget = 0, max(1, rows // 2)
    while start < len(order):
        stop = max(start + 1, int(np.searchsorted(ends, budget, side="right")))
        yield order[start:stop]
        start, budget = stop, 2 * budget


def _ranges(starts: NDArray[Any], lengths: Ints) -> Ints:
    """All places from each start on, so many each, one after the other."""
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()), dtype=np.int64)
