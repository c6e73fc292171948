"""How a move is read: strictly, and from any text at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfplay_gym.core.turns.moves import list_moves, listed_moves, read_move, shown_move


@pytest.mark.parametrize(
    ("text", "move"),
    [
        ("5", "5"),
        ("  bet \n", "bet"),
        ("", ""),
        (r"I take the middle. \boxed{5}", "5"),
        (r"\boxed{ 5 } so \boxed{5}", "5"),
        (r"\boxed{5} or \boxed{6}", None),
        (r"\boxed{5", None),
        (r"\boxed{5} \boxed{", None),
        (r"\boxed{}", ""),
        ("I take 5", "I take 5"),
    ],
)
def test_a_move_is_the_text_or_stands_in_its_box(text, move):
    assert read_move(text) == move


@given(st.text(max_size=30), st.text(max_size=20))
def test_words_around_a_box_do_not_matter(around, move):
    around, move = around.replace("\\", ""), move.replace("}", "").replace("\\", "")
    assert read_move(around + "\\boxed{" + move + "}" + around) == move.strip()


@given(st.text())
def test_a_reason_quotes_any_text_short_and_printable(text):
    shown = shown_move(text)
    assert shown.isprintable()
    assert len(shown) <= 40 * 10 + 3


def test_a_list_of_moves_is_read_back():
    moves = ("1", "bet", "two words")
    assert listed_moves(f"A game.\n{list_moves(moves)}\nPlay.") == moves
    assert listed_moves("Legal moves") == ()


def test_huge_texts_are_read_at_once():
    assert read_move("\\boxed{" * 100_000) is None
    assert read_move("\\boxed{1}" * 100_000) == "1"
