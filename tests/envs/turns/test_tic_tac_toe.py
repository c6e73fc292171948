"""Tic-tac-toe: every position that legal play reaches, and every move that is none."""

import random
from collections import Counter

import pytest

from selfplay_gym.core.turns.tic_tac_toe import read_board
from selfplay_gym.envs.turns.tic_tac_toe import TicTacToe

GAME = TicTacToe()


def reached():
    """All positions, by board, that are reached from the empty one."""
    start = GAME.start(random.Random(0))
    found, waiting = {start.board: start}, [start]
    while waiting:
        state = waiting.pop()
        for text in GAME.legal(state):
            after = GAME.move(state, text)
            if after.board not in found:
                found[after.board] = after
                waiting.append(after)
    return found


POSITIONS = reached()


def wins(board, mark):
    """Three in a row, counted anew: by rows, columns and diagonals of a grid."""
    grid = [board[row * 3 : row * 3 + 3] for row in range(3)]
    columns = ["".join(row[at] for row in grid) for at in range(3)]
    diagonals = ["".join(grid[at][at] for at in range(3)), "".join(grid[at][2 - at] for at in range(3))]
    return mark * 3 in {*grid, *columns, *diagonals}


def test_legal_play_reaches_5478_positions():
    ended = Counter()
    for board, state in POSITIONS.items():
        ended["X" if wins(board, "X") else "O" if wins(board, "O") else "." not in board] += GAME.to_move(state) is None
    assert len(POSITIONS) == 5478
    assert ended == {"X": 626, "O": 316, True: 16, False: 0}


def test_every_position_says_who_moves_what_is_legal_and_how_it_ends():
    for board, state in POSITIONS.items():
        over = wins(board, "X") or wins(board, "O") or "." not in board
        mark = "XO"[(board.count("X") + board.count("O")) % 2]
        assert GAME.to_move(state) == (None if over else {"X": "player_0", "O": "player_1"}[mark])
        free = [str(place + 1) for place, one in enumerate(board) if one == "."]
        assert list(GAME.legal(state)) == ([] if over else free)
        assert read_board(GAME.prompt(state)) == (None if over else board)
        if over:
            x = wins(board, "X") - wins(board, "O")
            assert GAME.result(state)[0] == {"player_0": x, "player_1": -x}


def test_a_taken_cell_loses_in_every_position():
    for board, state in POSITIONS.items():
        player = GAME.to_move(state)
        for text in set("123456789") - set(GAME.legal(state)) if player else ():
            after = GAME.move(state, text)
            rewards, reason = GAME.result(after)
            assert GAME.to_move(after) is None
            assert rewards[player] == -1.0 == -max(rewards.values())
            assert reason == f"illegal: cell {text} is taken"
            assert POSITIONS[board] == state


@pytest.mark.parametrize(
    "text",
    ["0", "10", "-1", "５", "²", "5.", "cell 5", "5 6", "", "X", r"\boxed{5}\boxed{6}", "1e0", "⑤", "05", "5\x00"],
)
def test_what_is_no_number_of_a_cell_loses(text):
    after = GAME.move(POSITIONS["." * 9], text)
    rewards, reason = GAME.result(after)
    assert rewards == {"player_0": -1.0, "player_1": 1.0}
    assert reason.startswith("illegal: ")
    assert (GAME.legal(after), GAME.prompt(after)) == ((), "")


@pytest.mark.parametrize("text", ["5", " 5\n", r"The middle: \boxed{5}", r"\boxed{ 5 }"])
def test_one_move_may_be_written_in_several_ways(text):
    assert GAME.move(POSITIONS["." * 9], text).board == "....X...."
