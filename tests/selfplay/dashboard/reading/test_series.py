"""Thinned curves keep their extremes, and everything stays small."""

import math
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from selfplay_gym.selfplay.dashboard.reading.series import POINTS, ByNumber, Frequent, Lengths, Series

VALUES = st.lists(st.floats(allow_nan=True, allow_infinity=True) | st.none(), max_size=300)


def filled(values):
    series = Series()
    for x, value in enumerate(values):
        series.add(float(x), value)
    return series


@given(VALUES)
def test_a_short_curve_is_whole_and_without_what_is_no_number(values):
    wanted = [(float(x), value) for x, value in enumerate(values) if value is not None and math.isfinite(value)]
    assert filled(values).points() == wanted


@settings(max_examples=25)
@given(st.integers(1, 20_000), st.integers(0, 2**32))
def test_a_long_curve_keeps_least_greatest_and_last(length, seed):
    random = Random(seed)
    values = [random.gauss(0, 1) for _ in range(length)]
    values[random.randrange(length)] = 99.0
    values[random.randrange(length)] = -99.0
    points = filled(values).points()
    assert len(points) <= POINTS
    assert [x for x, _ in points] == sorted({x for x, _ in points})
    assert all(values[int(x)] == value for x, value in points)
    assert (min(v for _, v in points), max(v for _, v in points)) == (min(values), max(values))
    assert points[-1] == (length - 1, values[-1])


def test_many_values_stay_two_thousand_points():
    series = filled(math.sin(x / 1000) for x in range(200_000))
    points = series.points()
    assert 900 < len(points) <= POINTS
    assert max(value for _, value in points) > 0.9999


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=2000), st.integers(4, 50))
def test_first_and_last_number_stay(numbers, most):
    values = ByNumber(most)
    for number in numbers:
        values.set(number, number)
    assert len(values) <= most
    kept = values.items()
    assert kept[0][0] == min(numbers)
    assert kept[-1][0] == max(numbers)
    assert all(number == value for number, value in kept)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=500), st.floats(0.01, 1.0))
def test_a_quantile_of_lengths_is_right_within_an_eighth(lengths, share):
    counted = Lengths()
    for length in lengths:
        counted.add(length)
    exact = sorted(lengths)[max(0, math.ceil(share * len(lengths)) - 1)]
    assert abs(counted.quantile(share) - exact) <= 0.13 * exact + 0.5


def test_no_texts_have_no_length():
    assert Lengths().quantile(0.5) is None


@given(st.lists(st.integers(0, 400), max_size=3000))
def test_the_most_frequent_text_is_found_though_rare_ones_are_forgotten(others):
    frequent = Frequent(most=100)
    for i, other in enumerate(others):
        frequent.add(f"rare {other} {i}")
        frequent.add("often")
    assert frequent.top(1) == ([("often", len(others))] if others else [])
    assert len(frequent.top(10**6)) <= 100
