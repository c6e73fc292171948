"""Streams are named by paths: equal paths agree, different paths share nothing, no global generator moves."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.seeding import fresh_seed, integer_seed, python_stream, seed_sequence, stream

elements = st.one_of(st.text(max_size=8), st.integers(), st.floats(allow_nan=False))
paths = st.lists(elements, max_size=4)


def typed(path):
    """1, 1.0 and "1" are different names."""
    return [(type(e).__name__, repr(e)) for e in path]


@given(st.integers(0, 2**64), paths, paths)
def test_different_paths_give_different_streams(seed, one, other):
    same = typed(one) == typed(other)
    assert (integer_seed(seed, *one) == integer_seed(seed, *other)) is same
    drawn = (stream(seed, *one).random(4) == stream(seed, *other).random(4)).all()
    assert bool(drawn) is same


def test_neighbouring_seeds_and_nested_paths_do_not_overlap():
    draws = [tuple(stream(s, *p).random(3)) for s in range(50) for p in ((), ("a",), ("a", "a"), ("aa",), (0,), (0.0,))]
    assert len(set(draws)) == len(draws)


def test_global_generators_stay_untouched():
    before = (random.getstate(), np.random.get_state()[1].tolist())
    python_stream(1, "x").random()
    stream(1, "x").random()
    fresh_seed()
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before


@pytest.mark.parametrize("seed", [-1, 1.5, "1", True, None])
def test_a_seed_that_is_no_natural_number_is_refused(seed):
    with pytest.raises(ConfigError, match="integer >= 0"):
        seed_sequence(seed)


def test_a_path_takes_only_plain_values():
    with pytest.raises(ConfigError, match="seed path"):
        stream(0, (1, 2))
