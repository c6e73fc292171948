"""Replay by p(1 − p): the buffer holds what splits the attempts, follows a skill that moves, and forgets the rest."""

import math

import pytest

from selfplay_gym import TaskSpec, make_curriculum
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.testing import check_curriculum


def solve_rate(level, skill, rng):
    """Solve rate of 10 attempts of a solver that is right half the time at level = skill."""
    chance = 1 / (1 + math.exp((level - skill) / 0.06))
    return sum(rng.random() < chance for _ in range(10)) / 10


def rounds(curriculum, skill, count=8, questions=256):
    """The specs and rates of each round, observed at its end; `skill(round, kind)`."""
    rng = python_stream(0, "rounds")
    for number in range(count):
        specs = [curriculum.sample(rng) for _ in range(questions)]
        seen = [(spec, solve_rate(spec.level, skill(number, spec.kind), rng)) for spec in specs]
        for spec, rate in seen:
            curriculum.observe(spec, rate)
        yield seen


def split(seen):
    return sum(0.25 <= rate <= 0.75 for _, rate in seen) / len(seen)


def test_the_conformance_kit_finds_nothing():
    check_curriculum(make_curriculum("sfl"))
    check_curriculum(make_curriculum("sfl", kinds=["knights", "units"], size=3))


def test_the_buffer_keeps_the_most_learnable_tasks_and_gives_its_share():
    sfl = make_curriculum("sfl", replay=0.6, size=2, spread=0.0, half_life=1e9)
    for level, rate in ((0.1, 1.0), (0.2, 0.9), (0.4, 0.5), (0.5, 0.4), (0.7, 0.1), (0.9, 0.0)):
        sfl.observe(TaskSpec(level), rate)
    rng = python_stream(0, "share")
    levels = [sfl.sample(rng).level for _ in range(4000)]
    assert [levels.count(level) / 4000 for level in (0.4, 0.5)] == pytest.approx([0.3, 0.3], abs=0.03)
    assert len({level for level in levels if level not in (0.4, 0.5)}) > 1000  # the others are drawn evenly


def test_what_all_or_no_attempts_solve_is_never_kept():
    sfl = make_curriculum("sfl")
    for rate in (0.0, 1.0) * 50:
        sfl.observe(TaskSpec(0.5), rate)
    assert sfl.state_dict() == {"observed": 100, "buffer": []}


def test_a_task_counts_half_after_its_half_life():
    """Learnability .25 seen 100 questions ago equals .125 now: p(1 − p) = .12 is less, .13 is more."""
    for now, kept in ((0.12, 0.3), (0.13, 0.6)):
        sfl = make_curriculum("sfl", size=1, half_life=100, replay=0.999, spread=0.0)
        sfl.observe(TaskSpec(0.3), 0.5)
        for _ in range(99):
            sfl.observe(TaskSpec(0.9), 0.0)
        sfl.observe(TaskSpec(0.6), 0.5 - math.sqrt(0.25 - now))
        rng = python_stream(0, "half")
        assert sorted(sfl.sample(rng).level for _ in range(101))[50] == kept


def test_replayed_levels_stay_within_the_spread_and_their_kind():
    sfl = make_curriculum("sfl", kinds=["knights", "units"], replay=0.9, spread=0.05)
    sfl.observe(TaskSpec(0.02, "knights"), 0.5)
    rng = python_stream(0, "spread")
    near = [spec for spec in (sfl.sample(rng) for _ in range(3000)) if spec.kind == "knights" and spec.level <= 0.07]
    assert len(near) > 2700
    assert min(spec.level for spec in near) == 0.0
    assert {sfl.sample(rng).kind for _ in range(300)} == {"knights", "units"}


def test_it_beats_even_levels_at_equal_questions_on_a_skill_that_moves():
    skill = lambda number, kind: 0.2 + 0.05 * number  # noqa: E731
    sfl, even = (list(rounds(make_curriculum(name), skill)) for name in ("sfl", "fixed"))
    for one, other in [*zip(sfl, even, strict=True)][1:]:  # the first round knows nothing
        assert split(one) > 1.3 * split(other)
    levels = sorted(spec.level for spec, _ in sfl[-1])
    assert abs(levels[128] - skill(7, None)) < 0.15


def test_old_tasks_fade_so_that_a_skill_that_jumps_is_found_again():
    skill = lambda number, kind: 0.2 if number < 4 else 0.8  # noqa: E731
    fading = [split(seen) for seen in rounds(make_curriculum("sfl", half_life=100), skill, 10)]
    keeping = [split(seen) for seen in rounds(make_curriculum("sfl", half_life=1e9), skill, 10)]
    assert fading[4] < fading[3] / 2  # the jump
    assert fading[-1] > 1.5 * keeping[-1]


def test_of_several_kinds_it_asks_those_that_can_be_learnt():
    hopeless = lambda number, kind: {"quantifiers": -1.0, "arithmetic": 2.0}.get(kind, 0.5)  # noqa: E731
    kinds = ["quantifiers", "arithmetic", "knights", "ordering"]
    *_, last = rounds(make_curriculum("sfl", kinds=kinds), hopeless)
    asked = [spec.kind for spec, _ in last]
    assert asked.count("knights") + asked.count("ordering") > 0.8 * len(asked)


def test_a_smaller_buffer_does_not_take_the_state_of_a_larger_one():
    large = make_curriculum("sfl", size=8)
    for _ in range(8):
        large.observe(TaskSpec(0.5), 0.5)
    with pytest.raises(ConfigError, match="size=4 cannot go on from 8"):
        make_curriculum("sfl", size=4).load_state_dict(large.state_dict())
