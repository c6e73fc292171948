"""Values as data: exact types through, everything else refused, forged data harmless."""

import json
import time
from collections import deque
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfplay_gym.core.literals import text_of
from selfplay_gym.verifiers.programs.literals import canonical, same, show
from selfplay_gym.verifiers.sandbox.protocol.scalars import SCALARS
from selfplay_gym.verifiers.sandbox.protocol.values import (
    _LEAVES,
    _SEQUENCES,
    MAX_DEPTH,
    MAX_KEYS,
    MAX_NODES,
    Malformed,
    Unbounded,
    Unsendable,
    decode,
    encode,
)


class SlyInt(int):
    def __eq__(self, other):
        return True

    __hash__ = int.__hash__


@pytest.mark.parametrize(
    "value",
    [
        0,
        -1,
        1 << 200,
        -(1 << 60),
        1.5,
        -0.0,
        float("inf"),
        1j,
        "",
        "\ud800",
        "\x00",
        b"\xff",
        bytearray(b"x"),
        (),
        (1, (2,)),
        *[
            [1, [2]],
            {1, 2},
            frozenset("ab"),
            {"a": 1, 2: [3], (1, 2): None},
            deque([1]),
            Fraction(-1, 3),
            Decimal("1.50"),
        ],
        *[range(1, 9, 2), {}, set(), {"int": "0x1"}],
    ],
)
def test_round_trip_keeps_value_and_type(value):
    back = decode(json.loads(json.dumps(encode(value))))
    assert back == value
    assert type(back) is type(value)
    assert repr(back) == repr(value) or isinstance(value, set | frozenset)


@pytest.mark.parametrize(
    "value",
    [object(), SlyInt(1), [SlyInt(1)], {"k": SlyInt(1)}, lambda: 1, int, iter([]), ..., type("T", (tuple,), {})()],
)
def test_nothing_else_passes(value):
    with pytest.raises(Unsendable):
        encode(value)


def test_depth_and_size_are_bounded():
    deep, wide = [], [1]
    for _ in range(MAX_DEPTH + 1):
        deep = [deep]
    for _ in range(60):
        wide = [wide, wide]
    loop = []
    loop.append(loop)
    for value in (deep, wide, loop):
        with pytest.raises(Unsendable):
            encode(value)


json_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["int", "dict", "set", "tuple", "bytes", "Fraction", "x"]), inner)
    ),
)


@settings(max_examples=60, deadline=None)
@given(json_data)
def test_whatever_is_forged_is_a_plain_value_or_malformed(data):
    try:
        value = decode(data)
    except Malformed:
        return
    again = decode(encode(value))  # `encode` refuses everything that is not plain data of an exact type
    assert type(again) is type(value)


@pytest.mark.parametrize(
    "data",
    [
        {"int": 3},
        {"int": "0xzz"},
        {"Fraction": "1/0"},
        {"dict": [[1]]},
        {"dict": [[[1], 2]]},
        {"set": [[1]]},
        {"bytes": "0"},
        {"complex": "x"},
        {"range": "1 2 0"},
        {"object": []},
        {"int": "1", "set": []},
        {},
        {"Decimal": "1x"},
    ],
)
def test_malformed(data):
    with pytest.raises(Malformed):
        decode(data)


MODULUS = (1 << 61) - 1
"""Hashes of numbers are taken modulo this."""


@pytest.mark.parametrize(
    "data",
    [
        {"set": [{"int": f"{MODULUS * k:x}"} for k in range(1, 50_000)]},
        {"set": [{"int": f"{MODULUS * k:x}"} for k in range(1, 4_000)]},
        {"set": [k << 40 for k in range(100_000)]},
        {"set": [{"tuple": [-1 - (k >> b & 1) for b in range(12)]} for k in range(4_000)]},
        {"dict": [[2.0**61 * k, 0] for k in range(6_000)]},
        {"set": [{"Fraction": f"{MODULUS * k:x}/1"} for k in range(1, 4_000)]},
        {"set": [{"Decimal": f"{MODULUS * k}"} for k in range(1, 4_000)]},
        {"set": [{"int": "f" * 5_000}, 1]},
        {"set": [{"tuple": [{"Decimal": "9" * 5_000}]}]},
        {"set": [str(k) for k in range(6_000)]},
        {"int": "f" * 70_000},
        {"Fraction": "f" * 3_000 + "/3"},
        {"Fraction": "1/2/3"},
        {"range": "0 " + "f" * 3_000 + " 1"},
        {"Decimal": "9" * 70_000},
        [{"Fraction": "1/3"}] * 20_000,
        [[]] * 90_000,
        {"complex": " " * 100_000},
    ],
)
def test_forged_values_cannot_keep_the_host_busy(data):
    started = time.process_time()
    with pytest.raises(Malformed):
        decode(data)
    assert time.process_time() - started < 10  # a budget: a range walked through takes for ever


def test_keys_that_happen_to_hash_alike_pass():
    corners = {(a, b, c, d): 0 for a in (-1, -2) for b in (-1, -2) for c in (-1, -2) for d in (-2, -1, 0, 1)}
    assert decode(encode(corners)) == corners
    assert decode(encode({i << 40: i for i in range(5_000)}))[7 << 40] == 7


SLOW = [10 ** (10**6), [1 << 300_000], Fraction(10**5000, 3), range(10**3000), set(range(6_000)), [{1}] * 6_000]


@pytest.mark.parametrize("at", range(len(SLOW)))
def test_what_would_be_slow_to_read_is_not_sent(at):
    with pytest.raises(Unsendable):
        encode(SLOW[at])


def test_inputs_of_our_own_have_no_such_bounds():
    value = [list(range(200_000)), dict.fromkeys(range(9_000))]
    assert decode(encode(value, Unbounded()), Unbounded()) == value


LARGEST = {
    "ints": list(range(MAX_NODES - 1)),
    "long ints": [1 << 262_000] * 15,
    "floats": [i / 7 for i in range(50_000)],
    "complex": [complex(i, 0.1) for i in range(11_000)],
    "text": "x," * 500_000,
    "bytes": b"\xff" * 500_000,
    "bytearray": bytearray(500_000),
    "range": range(10**18),
    "long range": range(-(10**2000), 10**2000, 7),
    "ranges": [range(10**12)] * 10_000,
    "fractions": [Fraction(10**2000 + i, 3**4000) for i in range(250)],
    "decimals": [Decimal("9" * 60_000)] * 16,
    "lists": [[] for _ in range(MAX_NODES // 2 - 1)],
    "tuples": [() for _ in range(MAX_NODES // 3 - 1)],
    "deque": deque(range(MAX_NODES - 2)),
    "sets": [{i} for i in range(4_900)],
    "frozenset": frozenset(range(MAX_KEYS)),
    "dict": {i << 40: i for i in range(MAX_KEYS)},
    "booleans": [True, False, None] * 30_000,
}


@pytest.mark.parametrize("kind", LARGEST)
def test_the_host_s_part_is_small_for_the_largest_value_of_every_type(kind):
    text = json.dumps(encode(LARGEST[kind]))
    started = time.process_time()
    value = decode(json.loads(text))
    assert canonical(value)
    assert len(show(value)) < 200
    assert text_of(value)
    assert time.process_time() - started < 10  # a budget: a range walked through takes for ever


def test_every_type_that_passes_can_be_compared_and_shown():
    """A type that is added to the channel has to be added here, and to what makes values comparable."""
    samples = [None, True, 1, 1 << 99, 1.5, 1j, "a", b"a", bytearray(b"a"), Fraction(1, 3), Decimal(1), range(3)]
    samples += [[1], (1,), {1}, frozenset({1}), deque([1]), {1: 2}]
    assert {type(each) for each in samples} >= _LEAVES | SCALARS | set(_SEQUENCES) | {list, dict}
    for one in samples:
        assert decode(encode(one)) == one
        assert same(one, decode(encode(one)))
        assert show(one)
    distinct = {canonical(one) for one in samples}
    assert len(distinct) == len(samples) - 2, "a bytearray is its bytes, and a set may be frozen"
