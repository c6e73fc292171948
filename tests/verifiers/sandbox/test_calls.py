"""`call` and `call_many`: values as data, one fork per program, and faults located."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.verifiers.sandbox import LimitError, Limits, ProgramError, SandboxError, call, call_many

QUICK = Limits(wall_s=0.3, cpu_s=1)
SQUARE = "def f(x):\n    return x * x + 1\n"


def test_a_value_comes_out():
    assert call(SQUARE, "f", [3]) == 10
    assert call("f = lambda *a: a", "f", [1, "x", None]) == (1, "x", None)


def test_order_is_kept_and_types_are_exact():
    results = call_many("f = lambda x: x", "f", [(1,), (True,), (1.0,), ((1,),), ([1],), ({1},)])
    assert [type(result.value) for result in results] == [int, bool, float, tuple, list, set]


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
keys = st.integers() | st.text() | st.tuples(st.integers(), st.text())
plain = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(keys, inner, max_size=4)
        | st.sets(keys, max_size=4)
        | st.frozensets(keys, max_size=4)
    ),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(st.lists(plain, min_size=1, max_size=8))
def test_plain_data_goes_in_and_comes_out_unchanged(values):
    results = call_many("f = lambda x: x", "f", [(value,) for value in values])
    assert [(result.status, result.value) for result in results] == [("ok", value) for value in values]


def test_an_exception_is_located_and_ends_nothing_else():
    code = "def g(x):\n    y = 10 // x\n    return y\n\ndef f(x):\n    return g(x) + 1\n"
    one, two, three = call_many(code, "f", [(5,), (0,), (2,)])
    assert (one.value, three.value) == (3, 6)
    assert (two.status, two.line, two.error) == ("error", 2, "ZeroDivisionError: integer division or modulo by zero")


def test_an_endless_input_loses_only_itself():
    code = "def f(x):\n    while x == 2:\n        pass\n    return x\n"
    started = time.monotonic()
    results = call_many(code, "f", [(x,) for x in range(6)], limits=QUICK)
    assert [result.status for result in results] == ["ok", "ok", "timeout", "ok", "ok", "ok"]
    assert [result.value for result in results] == [0, 1, None, 3, 4, 5]
    assert time.monotonic() - started < 6


def test_leaving_and_crashing_lose_only_themselves():
    code = (
        "import os, ctypes\ndef f(x):\n    if x == 1: os._exit(0)\n    if x == 3: ctypes.string_at(0)\n    return x\n"
    )
    results = call_many(code, "f", [(x,) for x in range(5)])
    assert [result.status for result in results] == ["ok", "error", "ok", "killed", "ok"]


def test_a_program_that_always_hangs_is_given_up():
    started = time.monotonic()
    results = call_many(
        "def f(x):\n    while True: pass", "f", [(x,) for x in range(64)], limits=QUICK, give_up_after=2
    )
    assert {result.status for result in results} == {"timeout"}
    assert len(results) == 64
    assert time.monotonic() - started < 10


def test_trace_tells_the_last_line():
    code = "def f(x):\n    if x > 2:\n        return 'big'\n    while x == 2:\n        x = 2\n    return 'small'\n"
    results = call_many(code, "f", [(3,), (1,), (2,)], trace=True, limits=QUICK)
    assert [result.value for result in results] == ["big", "small", None]
    assert [result.line for result in results[:2]] == [3, 6]
    assert results[2].line in (4, 5)


def test_prints_belong_to_their_call():
    results = call_many("print('loading')\ndef f(x):\n    print('saw', x)\n", "f", [(1,), (2,)])
    assert [result.stdout for result in results] == ["saw 1\n", "saw 2\n"]


@pytest.mark.parametrize(
    ("code", "error", "message"),
    [
        ("def g(x): return x", ProgramError, "no function 'f'"),
        ("f = object()", ProgramError, "no function 'f'"),
        ("f = lambda x: object()", ProgramError, "not plain data"),
        ("f = lambda x: (i for i in [x])", ProgramError, "not plain data"),
        ("def f(x):\n    raise ValueError('words')", ProgramError, r"line 2.*words"),
        ("def f(x) return x", ProgramError, "SyntaxError"),
        ("f = lambda x: 'y' * 10**7", LimitError, "result_kb"),
        ("def f(x):\n    while 1: pass", LimitError, "wall_s"),
    ],
)
def test_errors_of_call(code, error, message):
    with pytest.raises(error, match=message) as caught:
        call(code, "f", [1], limits=QUICK if "while" in code else Limits())
    assert isinstance(caught.value, SandboxError)
    assert caught.value.result.status != "ok"


def test_inputs_that_are_no_data_are_refused_at_the_door():
    with pytest.raises(ConfigError, match="plain data"):
        call(SQUARE, "f", [object()])


def test_no_inputs_no_results():
    assert call_many(SQUARE, "f", []) == []


def test_more_results_than_one_channel_holds():
    results = call_many("f = lambda x: 'y' * 900_000", "f", [(x,) for x in range(20)])
    assert {result.status for result in results} == {"ok"}
    assert {len(result.value) for result in results} == {900_000}
