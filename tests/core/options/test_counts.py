"""Numbers that callers hand over: what passes, and what is said of what does not."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.options.counts import check_level, check_whole

OTHERS = (None, True, False, "5", b"5", [5], (5,), {}, {5}, 1j, math.nan, object(), np.bool_(True), np.array([1, 2]))


@settings(deadline=None)
@given(st.integers(), st.integers(-3, 3))
def test_whole_numbers_pass_from_the_least_on(value, least):
    if value >= least:
        check_whole("size", value, least)
    else:
        with pytest.raises(ConfigError, match=f"^size must be an integer >= {least}, got {str(value)[:9]}"):
            check_whole("size", value, least)


@settings(deadline=None)
@given(st.floats())
def test_levels_are_from_0_to_1(value):
    if 0 <= value <= 1:
        check_level("low", value)
    else:
        with pytest.raises(ConfigError, match=r"^low must be a number in \[0, 1\], got "):
            check_level("low", value)


@pytest.mark.parametrize("value", OTHERS, ids=lambda value: type(value).__name__)
def test_nothing_else_is_a_number(value):
    with pytest.raises(ConfigError, match="size"):
        check_whole("size", value)
    with pytest.raises(ConfigError, match="low"):
        check_level("low", value)


def test_numbers_of_other_libraries_are_numbers():
    check_whole("size", np.int64(3))
    for value in (np.float32(0.5), Fraction(1, 2), 0, 1):
        check_level("low", value)
    for value in (2.0, Decimal(2), 10.5, math.inf):
        with pytest.raises(ConfigError, match="size"):
            check_whole("size", value)


def test_a_huge_value_is_cut():
    with pytest.raises(ConfigError) as refused:
        check_whole("size", "x" * 10**6)
    assert len(str(refused.value)) < 200
    with pytest.raises(ConfigError, match="size"):
        check_whole("size", -(10**5000))
