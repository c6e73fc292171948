r"""How moves are written: listed in a prompt, and read from a text, which is the move or holds it in a `\boxed{}`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

ILLEGAL = "illegal: "
"""How the reason begins that a game gives for a move that broke its rules."""
HOW = r"Answer with a move, alone or in \boxed{}."
"""What a prompt that lists its moves says of answers."""

_BOX = r"\boxed{"
_LISTED = re.compile(r"^Legal moves: (.+)$", re.M)
_SHOWN = 40


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


def shown_move(text: str) -> str:
    """A text as a reason quotes it: short, and printable ASCII alone, as it may have been written by anybody."""
    return ascii(text[:_SHOWN]) + ("…" if len(text) > _SHOWN else "")


def list_moves(moves: Sequence[str]) -> str:
    """The line of a prompt that lists the legal moves; no move may hold ", "."""
    return f"Legal moves: {', '.join(moves)}"


@lru_cache(4096)
def listed_moves(prompt: str) -> tuple[str, ...]:
    """The moves that a prompt lists; none where it does not."""
    found = _LISTED.search(prompt)
    return tuple(found[1].split(", ")) if found else ()
