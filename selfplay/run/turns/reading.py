"""Whether a player that skips parts of its prompts can still tell positions apart, noticed before a run begins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ....agents.models.skipping import check_bearable
from ....core.errors import ConfigError
from ....core.protocols import TurnGame
from ....core.seeding import python_stream

if TYPE_CHECKING:
    from ....agents.models.llm import LLMAgent

GAMES = 8


def check_reads(game: TurnGame[Any], agent: LLMAgent, role: str, patterns: tuple[str, ...]) -> None:
    """Refuse expressions that leave all prompts of some random games the same, or that no engine gets through.

    Args:
        game: the rules.
        agent: who skips.
        role: whose setting it is.
        patterns: what it says.

    Raises:
        ConfigError: one of both.
    """
    prompts = list(dict.fromkeys(prompt for seed in range(GAMES) for prompt in _prompts(game, seed)))
    read: set[tuple[int, ...]] = set()
    try:
        check_bearable(lambda prompt: read.add(tuple(agent.prompt_ids(prompt))), prompts, patterns)
    except ConfigError as error:
        raise ConfigError(f"roles.{role}.{error}") from None
    if len(read) < min(2, len(prompts)):
        raise ConfigError(
            f"roles.{role}.skips={list(patterns)!r} leaves of {len(prompts)} positions of {game.name} one and the same "
            "prompt: skip less"
        )


def _prompts(game: TurnGame[Any], seed: int) -> Iterator[str]:
    """What is read in a random game; of one that lists no moves, its first prompt."""
    rng = python_stream(seed, "prompts to be read")
    state = game.start(rng)
    while game.to_move(state) is not None:
        yield game.prompt(state)
        moves = game.legal(state)
        if not moves:
            return
        state = game.move(state, moves[int(rng.random() * len(moves))])
