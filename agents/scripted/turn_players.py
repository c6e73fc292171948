"""Players of turn games without a model, of known strength. They read the prompt alone, as a model does."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cache
from typing import TypeVar

from ...core.errors import ConfigError
from ...core.protocols import Rng
from ...core.turns.kuhn import equilibrium, read_hand
from ...core.turns.moves import listed_moves
from ...core.turns.negotiation import ACCEPT, Share, Table, read_table, worth, write_offer
from ...core.turns.tic_tac_toe import free_places, placed, read_board, winner
from .math_agents import ScriptedAgent

T = TypeVar("T")
LOST = "I cannot read this game."


class RandomLegal(ScriptedAgent):
    """Any legal move with equal chances, in every game whose prompt lists them, and in a negotiation."""

    name = "random-legal"

    def complete(self, prompt: str, rng: Rng) -> str:
        moves = listed_moves(prompt)
        if not moves:
            table = read_table(prompt)
            moves = () if table is None else _offers(table.items, table.offered is not None)
        return drawn(moves, rng) if moves else LOST


class PerfectTicTacToe(ScriptedAgent):
    """Plays tic-tac-toe so that it cannot lose, and wins whenever that can be forced; draws among its best moves."""

    name = "tic-tac-toe-perfect"

    def complete(self, prompt: str, rng: Rng) -> str:
        board = read_board(prompt)
        return LOST if board is None else str(drawn(best_places(board), rng) + 1)


class KuhnEquilibrium(ScriptedAgent):
    """Plays an equilibrium of Kuhn poker: nobody wins against it on average by more than 1/18 a game.

    Args:
        bluff: how often it bets a J as the first player, in [0, 1/3].
    """

    name = "kuhn-equilibrium"

    def __init__(self, bluff: float = 1 / 3) -> None:
        self.strategy = equilibrium(bluff)

    def complete(self, prompt: str, rng: Rng) -> str:
        known = read_hand(prompt)
        if known is None:
            return LOST
        (first, share), (second, _) = self.strategy[known].items()
        return first if rng.random() < share else second


class Negotiator(ScriptedAgent):
    """Asks for all that it values, gives way step by step, and takes what is no worse than what it would ask for.

    Args:
        least: the worth that it asks for in the end, as a part of all, in [0, 1]; in the last turn it takes anything.
    """

    name = "negotiator"

    def __init__(self, least: float = 0.5) -> None:
        if not 0.0 <= least <= 1.0:
            raise ConfigError(f"negotiator needs least in [0, 1], got {least!r}")
        self.least = least

    def complete(self, prompt: str, rng: Rng) -> str:
        table = read_table(prompt)
        if table is None:
            return LOST
        share = self._wanted(table)
        if table.offered is not None:
            last_chance = table.left <= 1
            if last_chance or worth(table.values, table.offered) >= worth(table.values, share):
                return ACCEPT
        return write_offer(share)

    def _wanted(self, table: Table) -> Share:
        """The share that leaves most items to the other, among those worth what this turn asks for."""
        best = worth(table.values, table.items)
        giving = min(1.0, 1 / max(1, table.left - 1))  # 1/5 with six turns left, all in the last but one
        goal = best * (1.0 - (1.0 - self.least) * giving)
        shares = _shares(table.items)
        enough = [share for share in shares if worth(table.values, share) >= goal]
        return min(enough, key=lambda share: (sum(share), -worth(table.values, share), share))


def drawn(among: Sequence[T], rng: Rng) -> T:
    """One of several, with equal chances."""
    return among[int(rng.random() * len(among))]


@cache
def outcome(board: str) -> int:
    """How a game ends from a board when both play best: 1 if the player to move wins, 0 for a draw, −1 if it loses."""
    if winner(board) is not None:  # the move before won
        return -1
    return max((-outcome(placed(board, place)) for place in free_places(board)), default=0)


@cache
def best_places(board: str) -> tuple[int, ...]:
    """The places, 0 to 8, that give the player to move the best outcome."""
    worths = {place: -outcome(placed(board, place)) for place in free_places(board)}
    return tuple(place for place, one in worths.items() if one == max(worths.values()))


@cache
def _shares(items: Share) -> tuple[Share, ...]:
    return tuple(itertools.product(*(range(count + 1) for count in items)))


@cache
def _offers(items: Share, offered: bool) -> tuple[str, ...]:
    return (*([ACCEPT] if offered else []), *(write_offer(share) for share in _shares(items)))
