"""Turn games: what passes between a game of several turns, its players, and whoever trains on it.

    records     Turn and Trajectory
    moves       how a move is read from a text, and what a move that breaks the rules is called

Rooms that play or write such games come in: the games themselves are in `envs.turns`.
"""

from .moves import ILLEGAL, read_move
from .records import Trajectory, Turn

__all__ = ["ILLEGAL", "Trajectory", "Turn", "read_move"]
