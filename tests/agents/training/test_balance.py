"""Weights are even over buckets, nothing is drawn too often, and draws follow the weights."""

import random
from collections import Counter

import pytest

from selfplay_gym.agents.training.balance import BALANCES, MOST_OFTEN, length_of
from selfplay_gym.core.records import Question
from selfplay_gym.core.seeding import weighted_draw


def chain(operations, level=None):
    return Question("What is 1" + "+2" * operations + "?", level=level)


def shares(questions, weights, bucket):
    found = Counter()
    for question, weight in zip(questions, weights, strict=True):
        found[bucket(question)] += weight
    return {key: value / sum(found.values()) for key, value in found.items()}


def test_lengths_get_even_shares():
    questions = [chain(1)] * 30 + [chain(4)] * 20 + [chain(10)] * 10
    weights = BALANCES["length"](questions, [0.5] * 60)
    assert shares(questions, weights, length_of) == pytest.approx(dict.fromkeys(map(length_of, questions), 1 / 3))


def test_levels_get_even_shares_and_no_level_is_one_of_them():
    questions = [chain(1, 0.1)] * 6 + [chain(2, 0.8)] * 3 + [chain(3)] * 3
    weights = BALANCES["level"](questions, [0.5] * 12)
    assert shares(questions, weights, lambda q: q.level) == pytest.approx({0.1: 1 / 3, 0.8: 1 / 3, None: 1 / 3})


def test_a_bucket_of_few_is_not_learnt_by_heart():
    weights = BALANCES["length"]([chain(1)] * 99 + [chain(9)], [0.5] * 100)
    assert max(weights) == MOST_OFTEN == weights[-1]
    assert min(weights) == pytest.approx(100 / 198)


def test_chains_of_different_lengths_are_told_apart_where_they_are_short():
    assert len({length_of(chain(n)) for n in range(1, 7)}) == 6
    assert length_of(chain(40)) == length_of(chain(41))


def test_what_is_always_right_or_never_is_not_drawn_by_its_variance():
    weights = BALANCES["p(1-p)"]([chain(1)] * 3, [0.0, 0.5, 1.0])
    assert weighted_draw("abc", weights, 3, random.Random(0)) == ["b"]


def test_draws_hold_everything_once_and_follow_the_weights():
    rng = random.Random(1)
    assert sorted(weighted_draw(range(20), [1.0] * 20, 50, rng)) == list(range(20))
    first = Counter(weighted_draw("ab", [1.0, 3.0], 1, rng)[0] for _ in range(4000))
    assert 0.71 < first["b"] / 4000 < 0.79


@pytest.mark.parametrize("name", BALANCES)
def test_nothing_is_balanced_without_questions(name):
    assert BALANCES[name]([], []) == []
    assert weighted_draw([], [], 4, random.Random(0)) == []
