r"""How a move is read from a text: the whole text, or what stands in its one `\boxed{}`."""

from __future__ import annotations

ILLEGAL = "illegal: "
"""How the reason begins that a game gives for a move that broke its rules."""

_BOX = r"\boxed{"


def read_move(text: str) -> str | None:
    r"""The move that a text makes, without the blanks around it.

    A text with `\boxed{…}` makes the move in the box, whatever stands around it; several boxes must hold the same. A
    text without one is the move.

    Returns:
        `None` where boxes disagree or one is not closed. What is returned may be any text: whether it is a move of the
        game, the game says.
    """
    if _BOX not in text:
        return text.strip()
    moves = set()
    for piece in text.split(_BOX)[1:]:
        move, closed, _ = piece.partition("}")
        if not closed:
            return None
        moves.add(move.strip())
    return moves.pop() if len(moves) == 1 else None
