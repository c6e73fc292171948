"""Plays turn games to their ends, many at a time, so that a model is asked in batches."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from ...core.errors import PluginError
from ...core.protocols import Agent, TurnGame
from ...core.turns import ILLEGAL, Trajectory, Turn

State = TypeVar("State")
Answer = Callable[[str, list[str]], Sequence[str]]
"""`answer(player, prompts)`: one text per prompt, in order."""

MOST_TURNS = 10_000
"""A game must end by itself; one that goes on for longer is broken."""


def play_out(game: TurnGame[State], states: Iterable[State], answer: Answer) -> list[Trajectory]:
    """Play every game to its end; one trajectory per state, in order.

    All running games in which the same player is to move are asked in one call, player by player, until none runs.

    Args:
        game: the rules.
        states: where the games begin, as a rule `game.start(rng)`; a game may be over already.
        answer: gives one text for each prompt that a player reads.

    Raises:
        PluginError: `answer` lost or invented a text, or a game goes on for ever.
    """
    now = list(states)
    turns: list[list[Turn]] = [[] for _ in now]
    running = list(range(len(now)))
    for _ in range(MOST_TURNS):
        waiting: dict[str, list[int]] = {}
        for index in running:
            player = game.to_move(now[index])
            if player is not None:
                waiting.setdefault(player, []).append(index)
        if not waiting:
            return [_ended(game, state, moves) for state, moves in zip(now, turns, strict=True)]
        for player, indices in waiting.items():
            prompts = [game.prompt(now[index]) for index in indices]
            texts = answer(player, prompts)
            if len(texts) != len(prompts):
                raise PluginError(f"{player} was asked {len(prompts)} prompts and gave {len(texts)} texts")
            for index, prompt, text in zip(indices, prompts, texts, strict=True):
                turns[index].append(Turn(player, prompt, text))
                now[index] = game.move(now[index], text)
        running = [index for indices in waiting.values() for index in indices]
    raise PluginError(f"the game {game.name!r} is not over after {MOST_TURNS} turns; a turn game must end by itself")


def _ended(game: TurnGame[State], state: State, turns: list[Turn]) -> Trajectory:
    rewards, reason = game.result(state)
    if turns and reason.startswith(ILLEGAL):  # an illegal move is the last one
        turns[-1] = replace(turns[-1], note=reason)
    return Trajectory(tuple(turns), rewards, reason)


def ask_agents(agents: Mapping[str, Agent], rng: random.Random) -> Answer:
    """An `answer` of `play_out` that asks an agent per player, with seeds from `rng`.

    Args:
        agents: who plays, by player; the same agent may play several.
        rng: draws a seed for each call.
    """

    def answer(player: str, prompts: list[str]) -> list[str]:
        return [text for (text,) in agents[player].act(prompts, seed=rng.getrandbits(62))]

    return answer


def calls_of(trajectories: Sequence[Trajectory]) -> Iterator[tuple[str, list[tuple[int, int]]]]:
    """The calls of `answer` that `play_out` made for these trajectories, in order.

    Yields:
        who was asked, and of each prompt in the call which turn of which trajectory it was, as (trajectory, turn).
    """
    running, turn = list(range(len(trajectories))), 0
    while running:
        asked: dict[str, list[int]] = {}
        for index in running:
            moves = trajectories[index].turns
            if turn < len(moves):
                asked.setdefault(moves[turn].player, []).append(index)
        for player, indices in asked.items():
            yield player, [(index, turn) for index in indices]
        running = [index for indices in asked.values() for index in indices]
        turn += 1
