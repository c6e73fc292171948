"""Examples for the warm-up of a turn game: positions of random play, each with a legal move drawn at random.

A model that is shown nothing but moves drawn evenly learns to look at the list of legal moves and at nothing else: in
Kuhn poker its moves did not depend on its card, and 75 steps of policy gradients did not change that. So a share of the
examples may follow a *habit*: the move that a hash of the prompt picks. It knows nothing of the game, and can only be
learnt by reading what tells positions apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ....core.errors import ConfigError
from ....core.protocols import Rng, TurnGame
from ....core.seeding import integer_seed


def random_moves(game: TurnGame[Any], rng: Rng, habit: float = 0.0, seed: int = 0) -> Iterator[tuple[str, str]]:
    """(prompt, legal move) at every turn of one random game.

    Args:
        habit: share of moves that the prompt decides; the others are drawn, and the game goes on with what was drawn.
        seed: of the habit.

    Raises:
        ConfigError: the game cannot list its legal moves.
    """
    state = game.start(rng)
    while game.to_move(state) is not None:
        moves = game.legal(state)
        if not moves:
            raise ConfigError(f"the game {game.name!r} lists no legal moves, so that nothing can be shown of them")
        drawn, shown, prompt = moves[int(rng.random() * len(moves))], rng.random() < habit, game.prompt(state)
        yield prompt, moves[integer_seed(seed, "habit", prompt) % len(moves)] if shown else drawn
        state = game.move(state, drawn)


def random_pairs(game: TurnGame[Any], rng: Rng, count: int, habit: float = 0.0, seed: int = 0) -> list[tuple[str, str]]:
    """So many examples of as many random games as they take."""
    pairs: list[tuple[str, str]] = []
    while len(pairs) < count:
        pairs += random_moves(game, rng, habit, seed)
    return pairs[:count]
