"""Intervals are honest wherever people read them: both ends, rounded outwards, within what is possible."""

import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

import selfplay_gym
from selfplay_gym.selfplay.pages.headline import tone_of
from selfplay_gym.selfplay.pages.tables import shorter
from selfplay_gym.selfplay.pages.wording import percent, points
from selfplay_gym.selfplay.stats import Paired, mean_rate, paired

ROOT = Path(selfplay_gym.__file__).parent
RATES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=1, max_size=60)
INTERVAL = re.compile(r"(-?\+?[\d.]+) ?\[([-+]?[\d.]+),\s?([-+]?[\d.]+)\]")


def ends(cell):
    return tuple(map(float, INTERVAL.fullmatch(cell).groups()))


@settings(deadline=None)
@given(RATES)
def test_shares_stay_between_0_and_100(rates):
    value, low, high = ends(percent(mean_rate(rates)))
    assert 0 <= low <= value <= high <= 100


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60))
def test_differences_stay_between_100_points_down_and_up(counts):
    change = paired(*zip(*counts, strict=True), samples=4)
    assert -100 <= change.low <= change.points <= change.high <= 100
    value, low, high = ends(points(change))
    assert -100 <= low <= value <= high <= 100


def test_all_lost_is_not_more_than_all():
    assert points(paired([4] * 12, [0] * 12, samples=4)).startswith("-100.0 [-100.0, ")


@settings(deadline=None)
@given(st.floats(-100, 100), st.floats(0, 50), st.floats(0, 50))
def test_a_shorter_interval_is_never_narrower(value, below, above):
    low, high = max(-100, value - below), min(100, value + above)
    whole = f"{value:+.1f} [{low:+.1f}, {high:+.1f}]"
    _, least, most = ends(shorter(whole))
    assert least <= float(f"{low:.1f}")
    assert most >= float(f"{high:.1f}")
    assert -100 <= least <= most <= 100
    assert most - least <= high - low + 2.2


def test_nothing_that_people_read_is_written_with_half_a_width():
    written = [path for path in (ROOT / "selfplay").rglob("*") if path.suffix in (".py", ".j2") and path.parts]
    literals = re.compile(r"[\"'].*±\{|\d ?± ?\d")
    assert [path.name for path in written if literals.search(path.read_text(encoding="utf-8"))] == []


@settings(deadline=None)
@given(st.floats(-50, 50), st.floats(0, 20), st.floats(0, 1))
def test_a_tone_says_no_more_than_interval_and_test(change, half, p_value):
    found = Paired(change, change - half, change + half, p_value, 10, 5, 5)
    tone = tone_of(found)
    assert tone_of(found, 1.0) == tone_of(None) == "open"
    assert (tone == "better") == (found.low > 0 and p_value < 0.05)
    assert (tone == "worse") == (found.high < 0 and p_value < 0.05)
