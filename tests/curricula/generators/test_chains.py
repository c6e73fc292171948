"""Chains: level and length are the same thing, lengths decay as asked, and the shortest chains are not used up."""

import itertools
from collections import Counter

import pytest

from selfplay_gym import TaskSpec, make_generator, make_verifier
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.held_out import is_held_out
from selfplay_gym.core.math_language import key, read
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.curricula.generators.worked import Worker
from selfplay_gym.testing import check_generator

ALL = [{}, {"decay": 0.62}, {"decay": 0.35}, {"longest": 1}, {"longest": 3}, {"longest": 64}]


@pytest.mark.parametrize("options", ALL, ids=str)
def test_levels_and_lengths_invert_each_other(options):
    chains = make_generator("chains", **options)
    longest = options.get("longest", 16)
    assert [chains.length(level) for level in chains.levels] == list(range(1, longest + 1))
    assert (chains.length(0.0), chains.length(1.0)) == (1, longest)
    rng = python_stream(0, "lengths")
    for length, level in enumerate(chains.levels, start=1):
        assert read(chains.generate(TaskSpec(level), rng).text).operations == length


def test_every_bin_of_equal_width_begins_where_the_last_one_ends():
    chains = make_generator("chains", longest=4)
    assert [chains.length(level) for level in (0.0, 0.2499, 0.25, 0.4999, 0.5, 0.7499, 0.75, 1.0)] == [
        *(1, 1, 2, 2, 3, 3, 4, 4)
    ]


def test_lengths_decay_geometrically_when_levels_are_drawn_evenly():
    chains, rng = make_generator("chains", decay=0.5), python_stream(0, "decay")
    counts = Counter(chains.length(rng.random()) for _ in range(40_000))
    for length in (1, 2, 3, 4):
        assert counts[length + 1] / counts[length] == pytest.approx(0.5, abs=0.05)
    assert counts[1] / 40_000 == pytest.approx(0.5, abs=0.02)


def test_a_chain_has_digits_from_1_to_9_both_signs_and_a_right_answer():
    chains, rng = make_generator("chains"), python_stream(0, "digits")
    texts = [chains.generate(TaskSpec(i / 999), rng) for i in range(1000)]
    assert all(str(read(question.text).answer) == question.reference for question in texts)
    expressions = "".join(key(question.text).removeprefix("arithmetic:") + " " for question in texts)
    assert set(expressions) == set("123456789+- ")
    assert {question.text.split()[0] for question in texts} == {"What", "Compute", "Find"}


def test_the_conformance_kit_finds_nothing():
    check_generator(make_generator("chains"), verifier=make_verifier("sympy"))


def test_worked_solutions_go_step_by_step_from_the_left_through_negative_results():
    worker = Worker(python_stream(0, "chains"))
    assert worker.solve("What is 3+4-5?", "steps") == r"3+4=7, 7-5=2. \boxed{2}"
    assert worker.solve("Compute 2-9-1+3.", "steps") == r"2-9=-7, -7-1=-8, -8+3=-5. \boxed{-5}"


@pytest.mark.parametrize(("operations", "there"), [(1, 162), (2, 2916)])
def test_of_the_shortest_chains_an_eighth_is_held_out_and_the_others_train(operations, there):
    digits = itertools.product("123456789", repeat=operations + 1)
    chains = [
        first + "".join(map("".join, zip(signs, rest, strict=True)))
        for first, *rest in digits
        for signs in itertools.product("+-", repeat=operations)
    ]
    held = sum(is_held_out(key(f"What is {chain}?")) for chain in chains)
    assert len(chains) == there
    assert 0.1 < held / there < 0.15


@pytest.mark.parametrize(
    "options", [{"longest": 0}, {"longest": 65}, {"decay": 0.0}, {"decay": 1.1}, {"longest": 64, "decay": 0.5}], ids=str
)
def test_what_cannot_be_asked_is_refused_by_name(options):
    with pytest.raises(ConfigError, match=next(iter(options)) if "decay" not in options else "decay"):
        make_generator("chains", **options)
