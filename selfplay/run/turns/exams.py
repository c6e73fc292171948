"""The exam of a turn game: games against opponents of known strength, and how far a strategy can be exploited.

Seats take turns, so that half the games are played first. A greedy exam is held besides the sampled one, where the
settings ask for it: the most likely move always.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from ....core.protocols import Agent, TurnGame
from ....core.seeding import integer_seed, python_stream
from ....core.turns import ILLEGAL
from ....envs.turns.exploitability import exploitability
from ...league.games import record_of
from ...league.turn_match import outcome_of
from ...stats import wilson
from .episodes import Episodes, play_episodes
from .strategies import exact_strategy, mean_strategy, sampled_strategy

if TYPE_CHECKING:
    from ....agents.models.llm import LLMAgent

SAMPLES = 1000
"""Moves sampled at each information set of Kuhn poker."""


def against(game: TurnGame[Any], agent: LLMAgent, opponent: Agent, games: int, seed: int) -> dict[str, Any]:
    """Games against one opponent: rewards with a 95 % interval, and shares of games won, drawn and lost."""
    rng = python_stream(seed, "starts")
    states = [game.start(rng) for _ in range(games)]
    return measured(play_episodes(game, states, agent, [opponent] * games, integer_seed(seed, "games")))


def measured(played: Episodes) -> dict[str, Any]:
    """What a player got in games against somebody else. A game is won by who gets more than each of the others.

    The interval of the reward is `None` to `None` after one game, which tells nothing of how rewards differ.
    """
    pairs = [(one.rewards, player) for one, (player,) in zip(played.trajectories, played.played_as, strict=True)]
    own = [float(rewards[player]) for rewards, player in pairs]
    record = record_of("".join(outcome_of(rewards, player) for rewards, player in pairs))
    illegal = sum(played.trajectories[at].turns[turn].note.startswith(ILLEGAL) for at, turn in played.moves)
    games = record.games
    half = 1.96 * stdev(own) / math.sqrt(games) if games > 1 else None
    mean = fmean(own)
    low, high = (None, None) if half is None else (mean - half, mean + half)
    return {
        "games": games,
        "reward": {"value": mean, "low": low, "high": high},
        "won": wilson(record.won, games).as_dict(),
        "drawn": wilson(record.drawn, games).as_dict(),
        "lost": wilson(record.lost, games).as_dict(),
        "illegal": illegal,
    }


def exploited(agent: LLMAgent, earlier: Sequence[Mapping[str, Any]], seed: int) -> dict[str, Any]:
    """How far a model's strategy in Kuhn poker can be exploited, in chips per game.

    Args:
        earlier: the exact strategies of earlier rounds, for the mean over rounds.
    """
    drawn, illegal = sampled_strategy(agent, SAMPLES, seed)
    exact, left = exact_strategy(agent)
    mean = mean_strategy([*({n: dict(m) for n, m in one.items()} for one in earlier), exact])
    return {
        "sampled": exploitability(drawn),
        "exact": exploitability(exact),
        "mean_of_rounds": exploitability(mean),
        "illegal_share": illegal,
        "left_over": left,
        "strategy": exact,
    }
