"""Examples for the warm-up of a turn game: positions of random play, each with a legal move drawn at random."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ....core.errors import ConfigError
from ....core.protocols import Rng, TurnGame


def random_moves(game: TurnGame[Any], rng: Rng) -> Iterator[tuple[str, str]]:
    """(prompt, legal move) at every turn of one random game. All legal moves are equally likely, so that a model that
    has learnt them knows the rules and no strategy.

    Raises:
        ConfigError: the game cannot list its legal moves.
    """
    state = game.start(rng)
    while game.to_move(state) is not None:
        moves = game.legal(state)
        if not moves:
            raise ConfigError(f"the game {game.name!r} lists no legal moves, so that nothing can be shown of them")
        move = moves[int(rng.random() * len(moves))]
        yield game.prompt(state), move
        state = game.move(state, move)


def random_pairs(game: TurnGame[Any], rng: Rng, count: int) -> list[tuple[str, str]]:
    """So many examples of as many random games as they take."""
    pairs: list[tuple[str, str]] = []
    while len(pairs) < count:
        pairs += random_moves(game, rng)
    return pairs[:count]
