"""Values as data: exact types through, everything else refused, forged data harmless."""

import json
import time
from collections import deque
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfplay_gym.verifiers.sandbox.protocol.values import MAX_DEPTH, Malformed, Unsendable, decode, encode


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


def test_colliding_keys_cannot_keep_the_host_busy():
    modulus = (1 << 61) - 1
    started = time.process_time()
    with pytest.raises(Malformed):
        decode({"set": [{"int": hex(modulus * k)} for k in range(1, 50_000)]})
    assert time.process_time() - started < 2
