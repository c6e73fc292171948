"""The board of tic-tac-toe: its lines, how a prompt shows it, and how a player reads it there.

A board is a text of nine characters, cell 1 to 9 row by row, each "X", "O" or "." for a free one. X begins.
"""

from __future__ import annotations

import re
from functools import lru_cache

from .moves import HOW, list_moves

EMPTY = "." * 9
MARKS = "XO"
LINES = ((0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6))
"""The eight rows of three, as places 0 to 8."""

_SHOWN = re.compile(r"You are [XO]:\n((?:[XO1-9] [XO1-9] [XO1-9]\n){3})\Z")


def next_mark(board: str) -> str:
    """Whose turn it is."""
    return MARKS[(9 - board.count(".")) % 2]


def winner(board: str) -> str | None:
    """The mark that has three in a row."""
    for a, b, c in LINES:
        if board[a] != "." and board[a] == board[b] == board[c]:
            return board[a]
    return None


def placed(board: str, place: int) -> str:
    """The board after the next mark was set at a free place, 0 to 8."""
    return board[:place] + next_mark(board) + board[place + 1 :]


def free_places(board: str) -> list[int]:
    """The places, 0 to 8, where nothing stands."""
    return [place for place, mark in enumerate(board) if mark == "."]


def show_board(board: str) -> str:
    """All that a player reads. What is the same at every move comes first and the board last, so that it stands equally
    far from the answer whatever the moves are."""
    legal = [str(place + 1) for place in free_places(board)]
    return f"Tic-tac-toe. {HOW}\n{list_moves(legal)}\nYou are {next_mark(board)}:\n{write_board(board)}\n"


def write_board(board: str) -> str:
    """The board in three lines; a free cell shows its number."""
    cells = [str(place + 1) if mark == "." else mark for place, mark in enumerate(board)]
    return "\n".join(" ".join(cells[start : start + 3]) for start in (0, 3, 6))


@lru_cache(8192)
def read_board(prompt: str) -> str | None:
    """The board that a prompt shows; `None` where it shows none that `show_board` wrote."""
    found = _SHOWN.search(prompt)
    if found is None:
        return None
    board = "".join("." if cell.isdigit() else cell for cell in found[1].split())
    return board if show_board(board) == prompt else None
