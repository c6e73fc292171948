"""Sets of candidates as bits: columns, members, and constraints that single out what was planted."""

import pytest

from selfplay_gym.core.seeding import python_stream
from selfplay_gym.curricula.generators.logic.candidates import Constraint, columns, everything, member, single_out


@pytest.mark.parametrize("variables", [1, 2, 5, 8])
def test_a_column_has_the_assignments_in_which_its_variable_is_true(variables):
    for i, column in enumerate(columns(variables)):
        assert [column >> assignment & 1 for assignment in range(2**variables)] == [
            assignment >> i & 1 for assignment in range(2**variables)
        ]
        assert column <= everything(2**variables)


def test_members_are_members_and_all_of_them_are_drawn():
    rng = python_stream(0, "members")
    for candidates in (0b1, 0b1000, 0b1011001, 1 << 5000):
        drawn = {member(candidates, rng) for _ in range(300)}
        assert drawn == {i for i in range(candidates.bit_length()) if candidates >> i & 1}


def test_the_planted_candidate_is_left_alone_even_where_what_is_drawn_excludes_nothing():
    """`draw` says nothing; `excluding` removes one candidate at a time."""
    every = everything(20)
    texts = single_out(
        7,
        every,
        lambda other: Constraint("nothing", every),
        lambda other: Constraint(f"not {other}", every & ~(1 << other)),
        3,
        python_stream(0, "single"),
    )
    assert sorted(texts) == sorted(f"not {other}" for other in range(20) if other != 7)


def test_of_what_is_drawn_that_is_kept_which_leaves_least():
    every, drawn = everything(16), iter([0xFFFE, 0x00FF, 0xFF00] * 16)
    planted, rng = 0, python_stream(0, "best")

    def draw(other):
        return Constraint(f"{(holds := next(drawn)):x}", holds | 1)

    texts = single_out(planted, every, draw, lambda other: Constraint(str(other), every & ~(1 << other)), 3, rng)
    assert texts[0] in {"ff", "ff00"}
