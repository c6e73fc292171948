"""Rows as they are in damaged, hostile and future folders."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfplay_gym.selfplay.dashboard.reading import rows
from selfplay_gym.selfplay.dashboard.reading.rows import Reading

KINDS = [rows.Metrics, rows.Guard, rows.Timing, rows.Written, rows.Attempts, rows.Labelled, rows.Live]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = sorted({name for kind in KINDS for name in kind.__struct_fields__})


@given(st.dictionaries(st.sampled_from(NAMES), JSON, max_size=8), st.sampled_from(KINDS))
def test_any_object_is_a_row_or_is_counted(found, kind):
    reading = Reading(kind)
    row = reading(json.dumps(found).encode())
    assert (row is None) == (reading.damaged == 1)


@given(st.binary(max_size=60).filter(lambda line: line.strip(b"\0 \t\r\n")), st.sampled_from(KINDS))
def test_any_bytes_are_a_row_or_are_counted(line, kind):
    reading = Reading(kind)
    assert (reading(line) is None) == (reading.damaged == 1)


@pytest.mark.parametrize("line", [b"", b"\0" * 4096, b"  \r"])
def test_nothing_is_no_damage(line):
    reading = Reading(rows.Timing)
    assert reading(line) is None
    assert reading.damaged == 0


def test_a_line_behind_zeros_is_read():
    assert Reading(rows.Timing)(b"\0\0\0" + b'{"seconds": 2}').seconds == 2


def test_lone_surrogates_are_read():
    line = json.dumps({"round": 1, "text": "a\ud800b"}, ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert Reading(rows.Written)(line).text == "a\ud800b"


def test_deep_nesting_and_numbers_beyond_all_bounds_are_damage_and_no_crash():
    reading = Reading(rows.Metrics)
    for line in (b'{"x":' * 50_000, b'{"round": 1e999}', b'{"round": ' + b"9" * 5000 + b"}"):
        assert reading(line) is None
    assert reading.damaged == 3


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e308", "9" * 400, "9" * 5000])
@pytest.mark.parametrize(
    ("kind", "name"), [(rows.Labelled, "solve_rate"), (rows.Timing, "seconds"), (rows.Metrics, "kl")]
)
@pytest.mark.parametrize("text", ["x", "\\ud800"])
def test_a_measure_that_is_not_finite_or_beyond_all_bounds_is_damage(kind, name, number, text):
    reading = Reading(kind)
    assert reading(f'{{"phase": "{text}", "{name}": {number}}}'.encode()) is None
    assert reading.damaged == 1


@pytest.mark.parametrize("number", [10**14 + 1, -(2**60), 2**64, 10**400])
@pytest.mark.parametrize("kind", KINDS)
def test_a_round_that_no_run_reaches_is_damage(kind, number):
    reading = Reading(kind)
    assert reading(json.dumps({"round": number, "kind": "phase", "time": 0.0}).encode()) is None
    assert reading.damaged == 1


def test_names_of_later_versions_are_passed_over():
    assert Reading(rows.Labelled)(b'{"round": 3, "index": 1, "novel": {"a": [1]}}').round == 3
