"""Plays turn games on, many at a time, so that a model is asked in batches."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from ...core.errors import PluginError, short
from ...core.protocols import Agent, TurnGame
from ...core.protocols.completions import completions_of
from ...core.turns import ILLEGAL, Trajectory, Turn

State = TypeVar("State")
Answer = Callable[[str, list[str]], Sequence[str]]
"""`answer(player, prompts)`: one text per prompt, in order."""

HIDDEN = "(a move)"
"""Stands for a move whose words a player may not see."""
MOST_REWARD = 1e9
"""Beyond this a reward is no number to learn from."""
MOST_TURNS = 10_000
"""A game must end by itself; one that goes on for longer is broken."""


@dataclass(slots=True)
class Running(Generic[State]):
    """A game that is being played: the `start`, the `state` where it stands, and the `turns` that led there."""

    state: State
    turns: list[Turn] = field(default_factory=list)
    start: State = field(init=False)

    def __post_init__(self) -> None:
        self.start = self.state

    def move(self, game: TurnGame[State], player: str, prompt: str, text: str) -> None:
        """Make the move `text` of `player`, who has read `prompt`."""
        self.turns.append(Turn(player, prompt, text))
        self.state = game.move(self.state, text)

    def seen_by(self, game: TurnGame[State], reader: str | None) -> list[tuple[str, str]]:
        """Who wrote what. While the game runs, a player reads the moves of others and not the words around them.

        Args:
            game: the rules.
            reader: the player who looks on; `None` for somebody who may see everything.
        """
        if reader is None or game.to_move(self.state) is None:
            return [(turn.player, turn.text) for turn in self.turns]
        state, seen = self.start, []
        for turn in self.turns:
            after = game.move(state, turn.text)
            seen.append((turn.player, turn.text if turn.player == reader else _understood(game, state, after)))
            state = after
        return seen

    def trajectory(self, game: TurnGame[State]) -> Trajectory:
        """The whole episode, once it is over.

        Raises:
            PluginError: the rules give a player no reward, or one that is no number.
        """
        rewards, reason = game.result(self.state)
        for player in game.players:
            reward: object = rewards.get(player)
            if not isinstance(reward, int | float) or not -MOST_REWARD <= reward <= MOST_REWARD:
                raise PluginError(
                    f"result of the game {game.name!r} gives {player} {short(reward)}; each player gets a number from "
                    f"{-MOST_REWARD:g} to {MOST_REWARD:g}"
                )
        turns = list(self.turns)
        if turns and reason.startswith(ILLEGAL):  # an illegal move is the last one
            turns[-1] = replace(turns[-1], note=reason)
        return Trajectory(tuple(turns), rewards, reason)


def _understood(game: TurnGame[State], state: State, after: State) -> str:
    """The legal move that led from one state to the next; `HIDDEN` where whoever moves next cannot tell which."""
    found = []
    for move in game.legal(state):
        reached = game.move(state, move)
        if (game.to_move(reached), game.prompt(reached)) == (game.to_move(after), game.prompt(after)):
            found.append(move)
    return found[0] if len(found) == 1 else HIDDEN


def play_out(game: TurnGame[State], states: Iterable[State], answer: Answer) -> list[Trajectory]:
    """Play every game to its end; one trajectory per state, in order.

    All running games in which the same player is to move are asked in one call, player by player, until none runs.

    Args:
        game: the rules.
        states: where the games begin, as a rule `game.start(rng)`; a game may be over already.
        answer: gives one text for each prompt that a player reads.

    Raises:
        PluginError: `answer` lost or invented a text, a game goes on for ever, or gives a player no number.
    """
    played = [Running(state) for state in states]
    play_on(game, played, answer)
    return [one.trajectory(game) for one in played]


def play_on(game: TurnGame[State], games: Sequence[Running[State]], answer: Answer, until: str | None = None) -> None:
    """Play games on until each is over, or `until` is to move in it; see `play_out`."""
    running = list(games)
    for _ in range(MOST_TURNS + 1):
        waiting: dict[str, list[Running[State]]] = {}
        for one in running:
            player = game.to_move(one.state)
            if player is not None and player != until:
                waiting.setdefault(player, []).append(one)
        if not waiting:
            return
        for player, asked in waiting.items():
            prompts = [game.prompt(one.state) for one in asked]
            texts = answer(player, prompts)
            if len(texts) != len(prompts):
                raise PluginError(f"{player} was asked {len(prompts)} prompts and gave {len(texts)} texts")
            for one, prompt, text in zip(asked, prompts, texts, strict=True):
                one.move(game, player, prompt, text)
        running = [one for asked in waiting.values() for one in asked]
    raise PluginError(f"the game {game.name!r} is not over after {MOST_TURNS} turns; a turn game must end by itself")


def ask_agents(agents: Mapping[str, Agent], rng: random.Random) -> Answer:
    """An `answer` of `play_out` that asks an agent per player, with seeds from `rng`.

    Args:
        agents: who plays, by player; the same agent may play several.
        rng: draws a seed for each call.

    Raises:
        PluginError: at a call, if an agent gives something other than one text per prompt.
    """

    def answer(player: str, prompts: list[str]) -> list[str]:
        return [text for (text,) in completions_of(agents[player], prompts, n=1, seed=rng.getrandbits(62))]

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
