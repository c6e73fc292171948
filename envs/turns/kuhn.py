"""Kuhn poker: three cards, ante 1, one bet; "player_0" acts first. Moves are check, bet, call and fold.

Rewards are chips won: ±1 or ±2. A move that breaks the rules loses 2, the most that can be lost, so that it is never
better than a legal one. Rules and sources: `core.turns.kuhn`; exact values: `envs.turns.exploitability`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ...core.protocols import Rng
from ...core.turns import ILLEGAL, read_move
from ...core.turns.kuhn import DEALS, MOST, MOVES, History, information_set, mover, show_hand, won
from ...core.turns.moves import HOW, list_moves, shown_move

PLAYERS = ("player_0", "player_1")


@dataclass(frozen=True, slots=True)
class Hand:
    """A deal and what was played.

    Attributes:
        cards: of the first player and of the second.
        history: the legal moves made.
        broken: the rule that the last move broke, "" for none.
    """

    cards: tuple[str, str]
    history: History = ()
    broken: str = ""


class KuhnPoker:
    """The smallest poker: hidden cards, bluffs, and an equilibrium that is known exactly."""

    name = "kuhn"
    players = PLAYERS

    def start(self, rng: Rng) -> Hand:
        """Deal two of the three cards."""
        return Hand(DEALS[int(rng.random() * len(DEALS))])

    def to_move(self, state: Hand) -> str | None:
        return None if state.broken or state.history not in MOVES else PLAYERS[mover(state.history)]

    def prompt(self, state: Hand) -> str:
        legal = self.legal(state)
        if not legal:
            return ""
        return f"{show_hand(_card(state), state.history)}{list_moves(legal)}\n{HOW}"

    def legal(self, state: Hand) -> tuple[str, ...]:
        return () if state.broken else MOVES.get(state.history, ())

    def move(self, state: Hand, text: str) -> Hand:
        move, legal = read_move(text), self.legal(state)
        if move is not None and move.isascii() and move.lower() in legal:
            return replace(state, history=(*state.history, move.lower()))
        said = "boxes with different moves, or one that is not closed" if move is None else shown_move(move)
        return replace(state, broken=f"{ILLEGAL}{said} is neither {' nor '.join(legal)}")

    def result(self, state: Hand) -> tuple[Mapping[str, float], str]:
        if state.broken:
            first = -MOST if mover(state.history) == 0 else MOST
            return _chips(first), state.broken
        first = won(state.cards, state.history)
        winner = PLAYERS[0] if first > 0 else PLAYERS[1]
        how = "a fold" if state.history[-1] == "fold" else f"a showdown of {state.cards[0]} and {state.cards[1]}"
        return _chips(first), f"{winner} wins {abs(first)} by {how}"

    def show(self, state: Hand) -> str:
        return "\n".join(f"{player} holds {card}" for player, card in zip(PLAYERS, state.cards, strict=True))


def knowledge(state: Hand) -> str:
    """The information set of the player to move, such as "Q check bet"."""
    return information_set(_card(state), state.history)


def prompts() -> dict[str, str]:
    """What a player reads in each of the twelve information sets, by its name; to measure a strategy by asking."""
    game, found = KuhnPoker(), {}
    for cards in DEALS:
        for history in MOVES:
            state = Hand(cards, history)
            found[knowledge(state)] = game.prompt(state)
    return found


def _card(state: Hand) -> str:
    return state.cards[mover(state.history)]


def _chips(first: int) -> dict[str, float]:
    return {PLAYERS[0]: float(first), PLAYERS[1]: float(-first)}
