"""Tic-tac-toe: X is "player_0" and begins; a move is the number of a free cell.

Rewards: 1 for a win, −1 for a loss, 0 for a draw. A move that breaks the rules loses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from ...core.protocols import Rng
from ...core.turns import ILLEGAL, read_move
from ...core.turns.moves import shown_move
from ...core.turns.tic_tac_toe import EMPTY, MARKS, free_places, next_mark, placed, show_board, winner, write_board

PLAYERS = ("player_0", "player_1")


@dataclass(frozen=True, slots=True)
class Position:
    """A position and all that follows from it.

    Attributes:
        board: see `core.turns.tic_tac_toe`.
        player: whose turn it is; `None` when the game is over.
        legal: numbers of the free cells; none when the game is over.
        prompt: what the player reads.
        reason: how the game ended, "" while it runs.
        loser: who has lost.
    """

    board: str
    player: str | None
    legal: tuple[str, ...]
    prompt: str
    reason: str
    loser: str | None


class TicTacToe:
    """Three in a row of three by three; small enough to be played perfectly, and a draw then."""

    name = "tic-tac-toe"
    players = PLAYERS

    def start(self, rng: Rng) -> Position:
        """The empty board; nothing is drawn."""
        return position(EMPTY)

    def to_move(self, state: Position) -> str | None:
        return state.player

    def prompt(self, state: Position) -> str:
        return state.prompt

    def legal(self, state: Position) -> tuple[str, ...]:
        return state.legal

    def move(self, state: Position, text: str) -> Position:
        if text in state.legal:  # as scripted players and most models write it
            return position(placed(state.board, int(text) - 1))
        move = read_move(text)
        if move is not None and move in state.legal:
            return position(placed(state.board, int(move) - 1))
        return replace(state, player=None, legal=(), prompt="", reason=_broken(move), loser=state.player)

    def result(self, state: Position) -> tuple[Mapping[str, float], str]:
        return {player: _reward(player, state.loser) for player in PLAYERS}, state.reason

    def show(self, state: Position) -> str:
        return write_board(state.board)


@lru_cache(8192)
def position(board: str) -> Position:
    """A position that legal play reaches. There are 5,478, so all are kept."""
    player = PLAYERS[MARKS.index(next_mark(board))]
    won = winner(board)
    if won is not None:  # by the move before: whoever would be next has lost
        return Position(board, None, (), "", f"{won} has three in a row", player)
    legal = tuple(str(place + 1) for place in free_places(board))
    if not legal:
        return Position(board, None, (), "", "the board is full", None)
    return Position(board, player, legal, show_board(board), "", None)


def _reward(player: str, loser: str | None) -> float:
    if loser is None:
        return 0.0
    return -1.0 if player == loser else 1.0


def _broken(move: str | None) -> str:
    if move is None:
        return f"{ILLEGAL}boxes with different moves, or one that is not closed"
    if len(move) == 1 and move in "123456789":
        return f"{ILLEGAL}cell {move} is taken"
    return f"{ILLEGAL}{shown_move(move)} is not the number of a free cell"
