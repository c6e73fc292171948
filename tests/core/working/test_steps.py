"""Steps of an attempt as they are written, and how far attempts agree in them."""

import pytest

from selfplay_gym.core.working.agreement import agreements
from selfplay_gym.core.working.steps import MOST_CHARACTERS, structure_of, written_steps

LONG = r"3+4=7, 7-5=2, 2+6=8. \boxed{8}"


def test_steps_are_written_without_blanks_in_order():
    assert written_steps(LONG) == ["3+4=7", "7-5=2", "2+6=8"]
    assert written_steps("12 + 7*3 = 12+21 = 33") == ["12+7*3=12+21", "12+21=33"]
    assert written_steps(r"\boxed{8}") == written_steps("") == written_steps("= = é 七") == []


def test_a_longer_sum_is_no_other_structure():
    assert structure_of("1+2=3, 3+4=7") == structure_of("5+5=10, 10+1=11, 11+1=12") == "n+n=n"
    assert structure_of(LONG) == "n+n=n n-n=n n+n=n"
    assert structure_of(r"\boxed{1}") is structure_of("") is None


def test_agreement_is_the_share_of_others_with_the_same_steps():
    same, other, direct = "1+2=3, 3+3=6", "1+2=3, 3+4=7", "7"
    assert agreements([same, same]) == [1.0, 1.0]
    assert agreements([same, other]) == [0.5, 0.5]
    assert agreements([same, same, other, direct]) == pytest.approx([(2 / 3 + 1 / 3) / 2] * 2 + [(2 / 3) / 2, None])
    assert agreements([same]) == [None]
    assert agreements([]) == []
    assert agreements([same, "9+9=18"]) == [0.0, 0.0]


def test_huge_texts_are_read_up_to_a_bound():
    for text in ("1+1=2, " * 300_000, "1=" * 500_000, "(" * 10**6 + "=1", "9" * 10**6 + "=1"):
        assert len(written_steps(text)) <= MOST_CHARACTERS
        assert all(value is None or 0 <= value <= 1 for value in agreements([text, text, "1+1=2"]))
