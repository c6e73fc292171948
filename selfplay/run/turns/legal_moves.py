"""Positions of random play: examples for the warm-up of a turn game, each with a legal move drawn at random, and where
episodes begin that begin in the middle.

A model that is shown nothing but moves drawn evenly learns to look at the list of legal moves and at nothing else: in
Kuhn poker its moves did not depend on its card, and 75 steps of policy gradients did not change that. So a share of the
examples may follow a *habit*: chances of the moves that a hash of the prompt decides. It knows nothing of the game, and
can only be learnt by reading what tells positions apart. Chances, and not one move: two positions whose one move is the
same would look alike, and a Kuhn player that could not tell a Q from a K stayed so for hundreds of steps.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from ....core.errors import ConfigError
from ....core.protocols import Rng, TurnGame
from ....core.seeding import python_stream, weighted_draw


def random_moves(game: TurnGame[Any], rng: Rng, habit: float = 0.0, seed: int = 0) -> Iterator[tuple[str, str]]:
    """(prompt, legal move) at every turn of one random game.

    Args:
        habit: share of moves drawn by the habit; the others are drawn evenly, and the game always goes on with an even
            draw, so that a habit leaves no position out.
        seed: of the habit.

    Raises:
        ConfigError: the game cannot list its legal moves.
    """
    state = game.start(rng)
    while game.to_move(state) is not None:
        moves = _listed(game, state)
        drawn, shown, prompt = moves[int(rng.random() * len(moves))], rng.random() < habit, game.prompt(state)
        yield prompt, weighted_draw(moves, _habit(prompt, len(moves), seed), 1, rng)[0] if shown else drawn
        state = game.move(state, drawn)


def opened(game: TurnGame[Any], state: Any, most: int, rng: Rng) -> Any:
    """The state after so many random legal moves, a number drawn evenly from 0 to `most`; of a game that would be over,
    the one before. Self-play that always begins at the beginning soon sees few positions.

    Raises:
        ConfigError: the game cannot list its legal moves.
    """
    for _ in range(int(rng.random() * (most + 1)) if game.to_move(state) is not None else 0):
        moves = _listed(game, state)
        after = game.move(state, moves[int(rng.random() * len(moves))])
        if game.to_move(after) is None:
            break
        state = after
    return state


def check_opens(game: TurnGame[Any], setting: str) -> None:
    """Refuse a game that lists no moves where random ones are asked for.

    Raises:
        ConfigError: names the setting.
    """
    state = game.start(python_stream(0))
    if game.to_move(state) is not None and not game.legal(state):
        raise ConfigError(f"{setting} plays random legal moves, and {game.name} lists none: leave it at 0")


def _listed(game: TurnGame[Any], state: Any) -> Sequence[str]:
    moves = game.legal(state)
    if not moves:
        raise ConfigError(f"the game {game.name!r} lists no legal moves, so that none can be drawn")
    return moves


def _habit(prompt: str, count: int, seed: int) -> list[float]:
    """Weights of the moves at a prompt: in shares uniform on the simplex, a Dirichlet distribution of ones."""
    drawn = python_stream(seed, "habit", prompt)
    return [-math.log(1.0 - drawn.random()) for _ in range(count)]


def random_pairs(game: TurnGame[Any], rng: Rng, count: int, habit: float = 0.0, seed: int = 0) -> list[tuple[str, str]]:
    """So many examples of as many random games as they take."""
    pairs: list[tuple[str, str]] = []
    while len(pairs) < count:
        pairs += random_moves(game, rng, habit, seed)
    return pairs[:count]
