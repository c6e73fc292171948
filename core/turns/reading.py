"""What a text does at a turn whose prompt is at hand: the move that it makes, if the prompt tells which are legal."""

from __future__ import annotations

from .moves import listed_moves, read_move
from .negotiation import Share, Table, read_offer, read_table


def legal_move(prompt: str, text: str) -> str | Share | None:
    """The legal move that a text makes at a turn; equal moves are equal values, however they are written.

    Args:
        prompt: lists the legal moves, or shows a negotiation.
        text: as a player wrote it.

    Returns:
        `None` where the text makes no legal move, and where the prompt shows no turn that can be read.
    """
    table = read_table(prompt)
    if table is not None:
        return _bid(table, text)
    legal = listed_moves(prompt)
    move = read_move(text) if legal else None
    if move is None or move in legal:
        return move
    return move.lower() if move.isascii() and move.lower() in legal else None


def _bid(table: Table, text: str) -> str | Share | None:
    """An offer of what there is, or the acceptance of one that was made."""
    bid = read_offer(text)
    if bid is None or isinstance(bid, str):
        return bid if table.offered is not None else None
    return bid if all(asked <= there for asked, there in zip(bid, table.items, strict=True)) else None
