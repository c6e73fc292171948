"""Kuhn poker as a tree: cards, histories, what is won, information sets, and its equilibria.

Kuhn, "A simplified two-person poker" (Contributions to the Theory of Games I, 1950). Three cards J < Q < K, one to each
player, ante 1, one bet of 1. An information set is named by all that its player knows: the card, then the moves so far,
such as "Q check bet". The first player's are those after no move or two, the second's those after one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from ..errors import ConfigError

CARDS = ("J", "Q", "K")
DEALS = tuple((one, other) for one in CARDS for other in CARDS if one != other)
"""The six deals, all equally likely: the first player's card, then the second's."""
MOST = 2
"""The most chips that a player can lose: ante and bet."""

History = tuple[str, ...]
Strategy = Mapping[str, Mapping[str, float]]
"""The probability of each legal move, by information set. With all twelve it is a strategy for either player."""

MOVES: dict[History, tuple[str, str]] = {
    (): ("check", "bet"),
    ("check",): ("check", "bet"),
    ("bet",): ("call", "fold"),
    ("check", "bet"): ("call", "fold"),
}
"""The legal moves after each history that goes on; after every other the game is over."""

_CARD = re.compile(r"^Your card: ([JQK])$", re.M)
_MOVES = re.compile(r"^Moves so far: (?:none|([a-z, ]+))$", re.M)


def mover(history: History) -> int:
    """Who moves after a history that goes on, 0 or 1."""
    return len(history) % 2


def information_set(card: str, history: History) -> str:
    """The name of what a player knows."""
    return " ".join((card, *history))


def information_sets() -> dict[str, tuple[str, str]]:
    """All twelve by name, with their legal moves."""
    return {information_set(card, history): moves for history, moves in MOVES.items() for card in CARDS}


def won(cards: tuple[str, str], history: History) -> int:
    """The chips that the first player wins (or loses, below 0) in a game that is over."""
    if history[-1] == "fold":
        return 1 if len(history) == 2 else -1  # bet, fold; check, bet, fold
    stake = MOST if history[-1] == "call" else 1
    return stake if CARDS.index(cards[0]) > CARDS.index(cards[1]) else -stake


def equilibrium(bluff: float = 1 / 3) -> dict[str, dict[str, float]]:
    """The equilibrium in which the first player bets a J with probability `bluff`, in [0, 1/3]; Kuhn's one parameter.

    The first player bets K three times as often as J, never bets Q, and calls with Q one time in three more often than
    it bluffs; the second player's strategy is the same in all equilibria. The first player loses 1/18 a game.

    Raises:
        ConfigError: `bluff` is out of range.
    """
    if not 0.0 <= bluff <= 1 / 3:
        raise ConfigError(f"Kuhn poker has an equilibrium for every bluff in [0, 1/3], got {bluff!r}")
    bets = {"J": bluff, "Q": 0.0, "K": 3 * bluff, "J check": 1 / 3, "Q check": 0.0, "K check": 1.0}
    calls = {"J bet": 0.0, "Q bet": 1 / 3, "K bet": 1.0}
    calls |= {"J check bet": 0.0, "Q check bet": min(1.0, bluff + 1 / 3), "K check bet": 1.0}
    return {
        name: {"check": 1.0 - share, "bet": share} if name in bets else {"call": share, "fold": 1.0 - share}
        for name, share in (bets | calls).items()
    }


def show_hand(card: str, history: History) -> str:
    """What the player to move reads of the game."""
    names = ("you", "they") if mover(history) == 0 else ("they", "you")
    said = ", ".join(f"{names[place % 2]} {move}" for place, move in enumerate(history)) or "none"
    return f"Kuhn poker: cards J Q K, ante 1, bet 1.\nYour card: {card}\nMoves so far: {said}\n"


@lru_cache(256)
def read_hand(prompt: str) -> str | None:
    """The information set that a prompt shows; `None` where it shows none."""
    card, moves = _CARD.search(prompt), _MOVES.search(prompt)
    if card is None or moves is None:
        return None
    history = tuple(move.split()[-1] for move in (moves[1] or "").split(", ") if move.strip())
    return information_set(card[1], history) if history in MOVES else None
