"""Turn games: what passes between a game of several turns, its players, and whoever trains on it.

    records     Turn and Trajectory
    moves       how a move is listed and read, and what a move that breaks the rules is called
    reading     the legal move that a text makes at the turn of a prompt
    tic_tac_toe, kuhn, negotiation      how each game is shown in a prompt, and how a player reads it there

Rooms that play or write such games come in: the games themselves are in `envs.turns`.
"""

from .moves import ILLEGAL, read_move
from .records import Trajectory, Turn

__all__ = ["ILLEGAL", "Trajectory", "Turn", "read_move"]
