"""Generated tests: inputs within the inferred domain, votes on behaviour, discriminating power, greedy minimisation."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfplay_gym.core.literals import read_literal
from selfplay_gym.verifiers.programs.code_blocks import defined_names, find_code, parameters, parse
from selfplay_gym.verifiers.programs.input_generation import generate_inputs, mined_constants
from selfplay_gym.verifiers.programs.input_types import boundary_values, draw, fits, infer_type, infer_types
from selfplay_gym.verifiers.programs.literals import (
    as_arguments,
    canonical,
    find_arguments,
    find_literal,
    same,
)
from selfplay_gym.verifiers.programs.mutants import mutants, normalised
from selfplay_gym.verifiers.programs.test_suites import (
    Test,
    failures,
    minimise,
    powers,
    shortest_failing,
    vote,
    with_powers,
)
from selfplay_gym.verifiers.programs.tester.unit_test_reward import UnitTest, read_unit_tests

VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.binary(max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.tuples(inner, inner), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)


# --- literals --------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_a_value_survives_its_literal(value):
    if "inf" not in repr(value):
        assert same(read_literal(repr(value)), value)


@settings(max_examples=60, deadline=None)
@given(VALUES, VALUES)
def test_different_values_have_different_canonical_texts(one, other):
    if type(one) is type(other) and not isinstance(one, float | list | tuple | dict):
        assert (canonical(one) == canonical(other)) is (one == other)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1, 1.0, True),
        (True, 1, False),
        (0.1 + 0.2, 0.3, True),
        (0.3, 0.3001, False),
        ([1], (1,), False),
        ({1, 2}, {2, 1}, True),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ("1", 1, False),
        (10**400, 10**400 + 1, False),
        (float("nan"), float("nan"), True),
        ([], "", False),
        (frozenset({1}), {1}, True),
    ],
)
def test_equality_policy(one, other, equal):
    assert same(one, other) is equal


NO_LITERALS = (
    "__import__('os')",
    "[1" * 5000,
    "f(x)",
    "9" * 30_000,
    "-" * 9000 + "1",
    "a",
    "1 if 1 else 2",
    "\0",
    "...",
)


@pytest.mark.parametrize("text", [*NO_LITERALS, "[" * 70 + "]" * 70, "{[1]}", ""])
def test_what_is_no_literal_is_refused(text):
    with pytest.raises(ValueError, match=r"literal|characters"):
        read_literal(text)


def test_arguments_are_read_leniently():
    assert find_arguments("(1, 2)", 2) == (1, 2)
    assert find_arguments("4", 1) == (4,)
    assert find_arguments("f(4, [1])", 2) == (4, [1])
    assert find_arguments("`(3,)`", 1) == (3,)
    assert find_arguments("(1, 2)", 1) == ((1, 2),)
    assert find_arguments("(1, 2)", 3) is None
    assert find_arguments("os.system(1)", 1) is None
    assert find_literal(r"\{1, 2\}") == ({1, 2},)
    assert as_arguments((1, 2), -1) == (1, 2)


# --- programs in text ------------------------------------------------------------------------------------------------


def test_the_last_block_that_defines_the_function_counts():
    text = "a\n```python\ndef f(x): return 1\n```\nb\n```python\ndef g(x): return 2\n```\n```\noutput 3\n```"
    assert find_code(text, "f") == "def f(x): return 1"
    assert find_code(text, "g") == "def g(x): return 2"
    assert find_code(text, "h") == "output 3"


def test_code_without_a_block_and_unclosed_blocks():
    assert find_code("def f(x):\n    return x\n\nThis doubles? No.", "f") == "def f(x):\n    return x\n"
    assert find_code("```python\ndef f(x):\n    return x", "f") == "def f(x):\n    return x"
    assert find_code("1. First:\n   ```py\n   def f(x):\n       return x\n   ```") == "def f(x):\n    return x"
    assert find_code("I do not know.") is None


def test_hostile_programs_are_only_read():
    assert parse("(" * 9000) is None
    assert parse("-" * 19_000 + "1") is None
    assert parse("x" * 30_000) is None
    assert find_code("```" * 20_000) in (None, "")
    assert defined_names("f = g = lambda x: x\nclass A: pass\ndef h(): pass") == ["f", "g", "A", "h"]
    assert parameters("def f(a, *b): pass", "f") == ["a", "*b"]
    assert parameters("f = lambda a, b: a", "f") == ["a", "b"]


# --- inputs ----------------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=3), st.integers(0, 99))
def test_what_is_drawn_or_at_the_fits_the_type(values, seed):
    input_type = infer_type(values)
    rng = random.Random(seed)
    assert all(fits(value, input_type) for value in values)
    if input_type.kind not in ("any", "union"):
        assert fits(draw(input_type, rng), input_type)
        assert all(fits(value, input_type) for value in boundary_values(input_type))


@pytest.mark.parametrize(
    ("examples", "signature"),
    [
        ([(4,), (7,)], None),
        ([([3, 1, 2], 2)], None),
        ([("Hello",)], None),
        ([({"a": 1},)], None),
        ([({1, 2}, (1, "a"))], None),
        ([], "f(xs: list[int], k: int) -> int"),
        ([], "f(s: str, o: Optional[float] = None)"),
        ([], "f(d: dict[str, list[int]], t: tuple[int, ...])"),
    ],
)
def test_inputs_are_many_distinct_reproducible_and_of_the_right_types(examples, signature):
    inputs = generate_inputs(examples, random.Random(3), signature=signature)
    again = generate_inputs(examples, random.Random(3), signature=signature)
    assert inputs == again
    assert len(inputs) == 64
    assert len({canonical(i.arguments) for i in inputs}) == 64
    assert [i.arguments for i in inputs[: len(examples)]] == examples
    assert {"boundary", "mutation"} <= {i.source for i in inputs}
    input_types = infer_types(examples, signature)
    assert all(
        fits(value, input_type) for i in inputs for value, input_type in zip(i.arguments, input_types, strict=True)
    )


def test_inputs_do_not_leave_the_domain_of_the_examples():
    examples = [(n, text) for n, text in zip((3, 9, 0, 4, 7, 1), ("ab", "ba", "", "a", "bb", "aab"), strict=True)]
    inputs = generate_inputs(examples, random.Random(1))
    assert all(n >= 0 and set(text) <= {"a", "b"} for n, text in (i.arguments for i in inputs))
    few = generate_inputs(examples[:2], random.Random(1))  # too few to tell
    assert any(n < 0 for n, _ in (i.arguments for i in few))


def test_constants_of_the_program_are_tried():
    source = "def f(x):\n    return 1 if x == 4711 else 0"
    assert 4711 in mined_constants([source])
    inputs = generate_inputs([(4,), (5,)], random.Random(0), programs=[source])
    assert any(i.arguments == (4711,) for i in inputs)


def test_few_possible_inputs_end_the_search():
    assert [i.arguments for i in generate_inputs([(True,)], random.Random(0))] == [(True,), (False,)]
    assert [i.arguments for i in generate_inputs([()], random.Random(0))] == [()]
    with pytest.raises(ValueError, match="neither"):
        generate_inputs([], random.Random(0))


# --- mutants ---------------------------------------------------------------------------------------------------------

SOURCE = """
def f(xs, k):
    '''Say.'''
    total = 0
    for i in range(len(xs)):   # a comment
        if xs[i] % 2 == 0 and i > k:
            total += xs[i]
    return total if total > 3 else -total
"""


def test_mutants_differ_from_the_original_in_one_line():
    original = (normalised(SOURCE) or "").split("\n")
    found = mutants(SOURCE)
    assert len(found) > 25
    assert len({m.source for m in found}) == len(found)
    for mutant in found:
        changed = [i for i, (a, b) in enumerate(zip(original, mutant.source.split("\n"), strict=True), 1) if a != b]
        assert changed == [mutant.line]
        assert parse(mutant.source) is not None
    assert len({m.operator for m in found}) >= 8


def test_mutants_can_be_limited_and_drawn():
    assert len(mutants(SOURCE, limit=5)) == 5
    assert mutants(SOURCE, 5, random.Random(1)) == mutants(SOURCE, 5, random.Random(1))
    assert mutants("def f(:") == []


# --- votes and suites ------------------------------------------------------------------------------------------------


def test_the_largest_group_of_equal_behaviour_wins():
    result = vote([("1", "2"), ("1", "3"), ("1", "2"), None, ("!error", "!error"), ("!error", "!error")])
    assert result.members == (0, 2)
    assert result.behaviour == ("1", "2")
    assert (result.share, result.runner_up_share) == (2 / 6, 1 / 6)
    assert not result.tied


def test_programs_without_a_value_never_win():
    assert vote([("!error",), ("!error",), None]).behaviour is None
    assert vote([]).behaviour is None
    assert vote([("!timeout", "1"), ("2", "1")]).members == (1,)  # of equals the one with fewer failures
    assert vote([("1",), ("2",)]).tied


def suite(*expected: str) -> list[Test]:
    return [Test((i,), text, text, "given") for i, text in enumerate(expected)]


def test_power_is_the_share_of_wrong_programs_caught():
    wrong = [("1", "x", "3"), ("1", "x", "y"), ("1", "2", "y")]
    assert powers(["1", "2", "3"], wrong) == [0, 2 / 3, 2 / 3]
    assert [t.power for t in with_powers(suite("1", "2", "3"), wrong)] == [0, 2 / 3, 2 / 3]
    assert powers(["1"], []) == [0.0]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from("01"), min_size=6, max_size=6).map(tuple), max_size=12))
def test_a_minimal_suite_fails_all_that_the_whole_suite_fails(wrong):
    tests = suite(*"000000")
    kept = minimise(tests, wrong)
    caught = {p for p, seen in enumerate(wrong) if failures(tests, seen)}
    assert {p for p, seen in enumerate(wrong) if any(seen[i] != "0" for i in kept)} == caught
    for dropped in kept if len(kept) > 1 else ():
        rest = [i for i in kept if i != dropped]
        assert len({p for p, seen in enumerate(wrong) if any(seen[i] != "0" for i in rest)}) <= len(caught)
    assert len(kept) <= max(1, len(caught))


def test_the_shortest_failing_input_is_chosen_and_untried_ones_last():
    tests = [Test(([1, 2, 3],), 1, "1", "given"), Test(([1],), 1, "1", "given"), Test((5,), 1, "1", "given")]
    assert shortest_failing(tests, ("2", "2", "1")) == 1
    assert shortest_failing(tests, ("2", "1", "!untried")) == 0
    assert shortest_failing(tests, ("1", "1", "1")) is None
    assert tests[0].assertion("f") == "assert f([1, 2, 3]) == 1"


# --- what a tester writes --------------------------------------------------------------------------------------------


def test_tests_are_read_from_many_forms():
    text = """Here:
```python
import pytest

def test_it():
    assert f(1, [2]) == 3, "message"
    assert f(2, []) is None
assert 4 == f(3, [1])
assert not f(4, [])
assert f(5, [])
f(6, [])
f(7, []) == 1
assert g(8) == 1
assert f(x, 1) == 2
assert f(9, []) > 2
assert f(1, [2]) == 5
```"""
    assert read_unit_tests(text, "f") == [
        UnitTest((3, [1]), (4,)),
        UnitTest((4, []), (False,)),
        UnitTest((5, []), (True,)),
        UnitTest((6, [])),
        UnitTest((7, []), (1,)),
        UnitTest((1, [2]), (5,)),
        UnitTest((2, []), (None,)),
    ]


def test_tests_outside_a_block_and_none_at_all():
    assert read_unit_tests("I think\nassert f(1) == 2\nis good", "f") == [UnitTest((1,), (2,))]
    assert read_unit_tests("no idea", "f") == []
    assert len(read_unit_tests("\n".join(f"assert f({i}) == 1" for i in range(99)), "f")) == 32
