"""Cohen's κ against values by hand, against the formula with matrices, and over the decisions of reviewers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfplay_gym.selfplay.reviews.agreement import agreement_with_votes, agreements, cohens_kappa, weighted_kappa
from selfplay_gym.selfplay.reviews.decisions import Decision, standing
from selfplay_gym.selfplay.reviews.items import Item, Shown


def kappa_of_matrix(pairs, categories, weights):
    """The formula as scikit-learn's `cohen_kappa_score` has it: confusion matrix, expected matrix, weights."""
    places = {one: place for place, one in enumerate(categories)}
    confusion = np.zeros((len(categories), len(categories)))
    for one, other in pairs:
        confusion[places[one], places[other]] += 1
    expected = np.outer(confusion.sum(axis=1), confusion.sum(axis=0)) / confusion.sum()
    total = float((weights * expected).sum())
    return None if total == 0 else 1 - float((weights * confusion).sum()) / total


@pytest.mark.parametrize(
    ("pairs", "value"),
    [
        # the grants of Cohen's example as it is usually told: 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no
        ([("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15, 0.4),
        ([("y", "y")] * 45 + [("y", "n")] * 15 + [("n", "y")] * 25 + [("n", "n")] * 15, 0.13043478),
        ([("y", "y")] * 25 + [("y", "n")] * 35 + [("n", "y")] * 5 + [("n", "n")] * 35, 0.25925926),
        ([("a", "a"), ("b", "b"), ("c", "c")], 1.0),
        ([("a", "b"), ("b", "a")], -1.0),
        ([("a", "a"), ("a", "b")], 0.0),
        ([("a", "a")] * 5, None),  # one class only: κ does not exist
        ([], None),
    ],
)
def test_kappa_by_hand(pairs, value):
    found = cohens_kappa(pairs)
    assert found is None if value is None else found == pytest.approx(value, abs=1e-7)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40))
def test_kappa_is_that_of_the_matrices(pairs):
    scores = range(5)
    plain = kappa_of_matrix(pairs, scores, 1 - np.eye(5))
    squared = kappa_of_matrix(pairs, scores, np.subtract.outer(np.arange(5), np.arange(5)) ** 2.0)
    assert cohens_kappa(pairs) == pytest.approx(plain) if plain is not None else cohens_kappa(pairs) is None
    weighted = weighted_kappa(pairs, 4)
    assert weighted == pytest.approx(squared) if squared is not None else weighted is None


def decided(*rows):
    return standing(
        Decision(item, decision, who, 0, f"{number}" if who else "", before="12", after=after)
        for number, (who, item, decision, after) in enumerate(rows)
    )


def test_all_pairs_of_reviewers_that_share_two_items():
    rows = [(who, f"label/1/{n}", "approve" if n else "reject", None) for who in ("anna", "ben") for n in range(4)]
    rows += [
        ("cem", "label/1/0", "approve", None),
        ("cem", "label/1/1", "edit", "24/2"),
        ("", "label/1/2", "reject", None),
    ]
    found = {(one.one, one.other): one for one in agreements(decided(*rows))}
    assert found["anna", "ben"].items == 4
    assert (found["anna", "ben"].alike, found["anna", "ben"].kappa) == (1.0, 1.0)
    assert found["anna", "cem"].alike == 0.5  # an edit to the same number is the same label
    assert found["anna", "cem"].kappa == pytest.approx(-1 / 3)
    assert set(found) == {("anna", "ben"), ("anna", "cem"), ("ben", "cem")}
    assert agreements(decided(*rows[:4])) == []
    (alike,) = agreements(decided(*[(who, f"label/1/{n}", "approve", None) for who in "ab" for n in range(3)]))
    assert (alike.alike, alike.kappa) == (1.0, None)


def test_scores_agree_by_distance_and_pairs_by_position():
    rows = [
        (who, f"attempt/1/{n}/0", "score", {"completeness": n, "soundness": 4 - n + shift})
        for who, shift in (("anna", 0), ("ben", -1))
        for n in range(1, 4)
    ]
    found = {one.what: one for one in agreements(decided(*rows))}
    assert (found["completeness"].alike, found["completeness"].kappa) == (1.0, 1.0)
    assert found["soundness"].alike == 0.0
    assert 0 < found["soundness"].kappa < 1
    pairs = [
        ("anna", "pair/1/0/0-3", "prefer", 3),
        ("ben", "pair/1/0/0-3", "prefer", 3),
        ("anna", "pair/1/1/2-5", "prefer", 2),
        ("ben", "pair/1/1/2-5", "prefer", 2),
    ]
    (both,) = agreements(decided(*pairs))
    assert both.kappa == 1.0


def test_reviewers_against_votes():
    shown = (Shown(0, "…", "12", True), Shown(3, "…", "13", False))
    items = {f"pair/1/{n}/0-3": Item(f"pair/1/{n}/0-3", "g", "r", "q", "12", attempts=shown) for n in range(2)}
    found = agreement_with_votes(
        items,
        decided(
            ("anna", "label/1/0", "approve", None),
            ("anna", "label/1/1", "edit", "12.0"),
            ("ben", "label/1/1", "reject", None),
            ("ben", "label/1/2", "edit", "13"),
            ("", "label/1/3", "approve", None),
            ("anna", "pair/1/0/0-3", "prefer", 0),
            ("anna", "pair/1/1/0-3", "prefer", 3),
            ("ben", "pair/1/1/0-3", "reject", None),
        ),
    )
    assert (found.labels, found.approved.value) == (4, 0.5)
    assert found.approved.low < 0.5 < found.approved.high
    assert (found.pairs, found.preferred.value) == (2, 0.5)
    assert agreement_with_votes({}, {}).labels == 0
