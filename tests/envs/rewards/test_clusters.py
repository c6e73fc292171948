"""Clusters of a batch are those of scipy's average linkage over the whole matrix, ties and all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from selfplay_gym.core.seeding import python_stream
from selfplay_gym.envs.rewards import bleu, bleu_matrix, clusters
from selfplay_gym.envs.rewards.average_linkage import clusters_within
from selfplay_gym.envs.rewards.bleu import distances, nltk_matrix

WORDS = [
    "a",
    "train",
    "leaves",
    "at",
    "noon",
    "and",
    "travels",
    "60",
    "km",
    ",",
    "how",
    "far",
    "is",
    "it",
    "?",
    "x",
    "+",
]


def by_scipy(condensed, threshold):
    return fcluster(linkage(condensed, method="average"), t=threshold, criterion="distance")


def same_parts(one, other):
    pairs = set(zip(one.tolist(), other.tolist(), strict=True))
    return len(pairs) == len(set(one.tolist())) == len(set(other.tolist()))


def whole_matrix(texts, conventions):
    """What the definition says, from the scores of all ordered pairs."""
    alike = nltk_matrix(texts) if conventions == "nltk" else (bleu_matrix(texts) + bleu_matrix(texts).T) / 2
    return squareform(np.maximum(1.0 - alike, 0.0), checks=False)


def batch(rng):
    """Short sums with many equal distances, near copies, duplicates, odd and empty texts."""
    kind, count = rng.randrange(4), rng.choice([2, 3, 8, 30, 90])
    if kind == 0:
        return [f"What is {rng.randint(1, 9)}+{rng.randint(1, 9)}?" for _ in range(count)]
    if kind == 1:
        return [" ".join(rng.choice("ab") for _ in range(rng.randint(0, 6))) for _ in range(count)]
    if kind == 2:
        return [" ".join(rng.choice(WORDS) for _ in range(rng.randint(0, 12))) for _ in range(count)]
    bases = [[rng.choice(WORDS) for _ in range(20)] for _ in range(count // 6 + 1)]
    return [" ".join(rng.choice(WORDS) if rng.random() < 0.1 else w for w in rng.choice(bases)) for _ in range(count)]


@pytest.mark.parametrize("grain", [2, 5, 1000])
def test_the_chain_merges_as_scipy_does(grain):
    """Few different distances mean many ties, which the order of merges decides."""
    rng = np.random.default_rng(grain)
    for _ in range(300):
        count = int(rng.integers(2, 14))
        condensed = rng.integers(0, grain + 1, count * (count - 1) // 2) / grain
        nearest = (squareform(condensed) + np.diag(np.full(count, np.inf))).min(1)
        for threshold in (0.0, 0.4, 0.5, 1.0):
            expected = by_scipy(condensed, threshold)
            assert same_parts(clusters_within(condensed.copy(), nearest, threshold), expected), (condensed, threshold)


@pytest.mark.parametrize("conventions", ["sacrebleu", "nltk"])
@pytest.mark.parametrize(("pairs", "rows"), [(1 << 17, 512), (40, 7), (1, 1)])
def test_a_batch_in_blocks_is_clustered_as_the_whole_matrix(monkeypatch, conventions, pairs, rows):
    monkeypatch.setattr(bleu, "PAIRS_AT_ONCE", pairs)
    monkeypatch.setattr(bleu, "ROWS_AT_ONCE", rows)
    for number in range(40 if pairs > 40 else 12):
        rng = python_stream(0, "clusters", conventions, number)
        texts, threshold = batch(rng), rng.choice([0.5, 0.5, 0.3, 0.7])
        condensed, nearest = distances(texts, conventions)
        expected = whole_matrix(texts, conventions)
        assert np.array_equal(condensed, expected)
        assert np.array_equal(nearest, (squareform(expected) + np.diag(np.full(len(texts), np.inf))).min(1))
        assert same_parts(clusters(texts, threshold, conventions), by_scipy(expected, threshold)), texts


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(max_size=12), min_size=2, max_size=12))
def test_any_texts_are_clustered_as_by_scipy(texts):
    assert same_parts(clusters(texts), by_scipy(whole_matrix(texts, "sacrebleu"), 0.5))


def test_long_texts_of_many_lengths_have_their_penalties_computed(monkeypatch):
    texts = [" ".join(WORDS[:n] * 3) for n in range(1, 19)]
    expected = distances(texts, "sacrebleu")[0]
    monkeypatch.setattr(bleu, "MOST_LENGTHS", 2)
    assert np.array_equal(distances(texts, "sacrebleu")[0], expected)


def test_numbers_follow_the_texts():
    numbers = clusters(["What is 1+2?", "a train leaves at noon", "What is 1+2?", "how far is it to town"])
    assert numbers.tolist() == [1, 2, 1, 3]
