"""Values as text: written in linear time, read within bounds."""

from collections import Counter, OrderedDict, defaultdict, deque
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfplay_gym.core.literals import read_literal, text_of

numbers = st.integers(-(10**300), 10**300) | st.floats(allow_nan=False, allow_infinity=False)
leaves = st.none() | st.booleans() | numbers | st.text() | st.binary()
keys = st.integers(-99, 99) | st.text() | st.tuples(st.integers(-9, 9), st.text())
literals = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner) | st.lists(inner).map(tuple) | st.sets(keys) | st.dictionaries(keys, inner) | st.tuples(inner)
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(literals)
def test_what_is_written_is_read_back(value):
    assert text_of(value) == repr(value)
    assert read_literal(text_of(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([10**5000], f"[{hex(10**5000)}]"),
        ({1: (-(10**400),)}, f"{{1: ({hex(-(10**400))},)}}"),
        (Fraction(10**301, 3), f"Fraction({hex(10**301)}, 3)"),
        (range(10**400), f"range(0, {hex(10**400)})"),
        (range(5, 1, -2), "range(5, 1, -2)"),
        (deque([1]), "deque([1])"),
        (frozenset(), "frozenset()"),
        (frozenset({2}), "frozenset({2})"),
        (set(), "set()"),
        (Decimal("1.50"), "Decimal('1.50')"),
        (bytearray(b"x"), "bytearray(b'x')"),
        (Counter("a"), "{'a': 1}"),
        (OrderedDict(a=1), "{'a': 1}"),
        (defaultdict(int, a=1), "{'a': 1}"),
        (float("inf"), "inf"),
    ],
)
def test_every_value_has_a_text(value, text):
    assert text_of(value) == text


class Sly(int):
    def __repr__(self):
        raise AssertionError("nothing that comes with a value is run")


@pytest.mark.parametrize("value", [object(), Sly(1), [Sly(1)], ..., int, iter([])], ids=lambda value: "")
def test_what_is_no_value_has_none(value):
    with pytest.raises(TypeError, match="no plain value"):
        text_of(value)


@pytest.mark.parametrize(
    "text",
    [
        *("1e400", "-1e400", "[1e999]", "{1: (1e400,)}", "1e400j", "nan", "f(1)", "", "...", "[...]"),
        *("9" * 302, "[" + "9" * 4000 + "]", "0x" + "f" * 500, "9" * 5000),
        *("[" * 60 + "]" * 60, "-" * 5000 + "1", "(" * 9000, "x" * 20_001),
    ],
)
def test_what_is_out_of_bounds_is_not_read(text):
    with pytest.raises(ValueError, match="literal"):
        read_literal(text)


def test_the_largest_integer_is_read():
    assert read_literal(str(10**300)) == 10**300
    assert float(read_literal(str(-(10**300)))) == -1e300
