"""Every question that is kept is drawn inside the shaded band, and none a whole tenth away from it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfplay_gym.selfplay.pages.bands import over_bins, over_tenths
from selfplay_gym.selfplay.run.metrics import HISTOGRAM_BINS, histogram


@st.composite
def rates(draw):
    """Two ends of a band, and a solve rate in it, of up to 64 attempts."""
    attempts = draw(st.integers(1, 64))
    return [k / attempts for k in sorted(draw(st.lists(st.integers(0, attempts), min_size=3, max_size=3)))]


@given(rates())
def test_what_is_kept_is_inside(found):
    low, rate, high = found
    place = histogram([rate]).index(1)
    left, right = over_bins((low, high), HISTOGRAM_BINS)
    assert left <= place / HISTOGRAM_BINS
    assert (place + 1) / HISTOGRAM_BINS <= right
    assert low - 0.1 < left + 1e-8
    assert right - 1e-8 <= high + 0.1
    left, right = over_tenths((low, high))
    assert left < round(10 * rate) / 10 < right
    assert low - 0.1 - 1e-8 <= left
    assert right <= high + 0.1 + 1e-8


@pytest.mark.parametrize(
    ("band", "bins", "tenths"),
    [
        ((0.25, 0.75), (0.2, 0.8), (0.15, 0.85)),
        ((0.3, 0.7), (0.3, 0.8), (0.25, 0.75)),
        ((0.0, 1.0), (0.0, 1.0), (-0.05, 1.05)),
    ],
)
def test_bands_as_they_are_drawn(band, bins, tenths):
    assert over_bins(band) == bins
    assert over_tenths(band) == tenths
