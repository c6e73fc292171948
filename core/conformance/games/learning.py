"""What opponents in training, and baselines of moves, must do: they hold their place in a run that is resumed."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import PluginError, short
from ...protocols import Agent, Credit, Opponents, TurnGame
from ...turns import Trajectory, Turn
from ..findings import Findings, global_randomness_problems
from .turn_game import played_states

EPISODES = 12


@dataclass(frozen=True)
class Played:
    """What `Credit.advantages` is given: trajectories, and the learner's moves as (trajectory, turn)."""

    trajectories: Sequence[Trajectory]
    moves: Sequence[tuple[int, int]]


def check_baseline(
    baseline: Credit, game: TurnGame[Any], *, moves: Sequence[str] = (), skip: Collection[str] = ()
) -> list[str]:
    """Check a baseline: a finite advantage for every move, no hidden state, nothing drawn from global generators.

    What it remembers is changed by this: give one that is not in use.

    Args:
        baseline: what `make_baseline` would give.
        game: whose moves it is for.
        moves: texts to play with where the game does not list its legal moves.
        skip: names of checks that do not apply.

    Raises:
        PluginError: lists every check that failed.
    """
    if not isinstance(baseline, Credit):
        needed = "advantages, state_dict and load_state_dict"
        raise PluginError(f"{type(baseline).__name__} is not a baseline: it needs {needed}")
    first, second = (_episodes(game, part, moves) for part in range(2))
    found = Findings(f"baseline {type(baseline).__name__}", skip)
    found.check("advantages", lambda: _advantage_problems(baseline, game, first))
    found.check("one player's moves", lambda: _advantage_problems(baseline, game, _of_one(first, game.players[0])))
    found.check("state", lambda: _state_problems(baseline, game, [first, second]))
    found.check("randomness", lambda: global_randomness_problems(lambda: baseline.advantages(game, first)))
    return found.report()


def check_opponents(opponents: Opponents, run: Any, *, skip: Collection[str] = ()) -> list[str]:
    """Check opponents: one agent or `None` per episode, the same ones for the same step, whatever was drawn before.

    Args:
        opponents: what `make_opponents` would give.
        run: what `draw` reads of a run; a stand-in with just that is enough.
        skip: names of checks that do not apply.

    Raises:
        PluginError: lists every check that failed.
    """
    if not isinstance(opponents, Opponents):
        raise PluginError(f"{type(opponents).__name__} is not opponents: it needs draw(run, step, episodes)")
    found = Findings(f"opponents {type(opponents).__name__}", skip)
    found.check("draw", lambda: _draw_problems(opponents, run))
    found.check("repeatability", lambda: _draw_again_problems(opponents, run))
    found.check("randomness", lambda: global_randomness_problems(lambda: opponents.draw(run, 0, EPISODES)))
    return found.report()


def _episodes(game: TurnGame[Any], part: int, moves: Sequence[str]) -> Played:
    """Games played at random, of which the learner is all players."""
    trajectories = []
    for number in range(EPISODES):
        *before, (last, _) = played_states(game, part * EPISODES + number, moves)
        turns = tuple(Turn(str(game.to_move(state)), game.prompt(state), text) for state, text in before)
        trajectories.append(Trajectory(turns, *game.result(last)))
    return Played(trajectories, [(at, turn) for at, one in enumerate(trajectories) for turn in range(len(one.turns))])


def _of_one(played: Played, player: str) -> Played:
    """The same games, of which the learner is one player."""
    own = [(at, turn) for at, turn in played.moves if played.trajectories[at].turns[turn].player == player]
    return Played(played.trajectories, own)


def _advantage_problems(baseline: Credit, game: TurnGame[Any], played: Played) -> Iterable[str]:
    found = list(baseline.advantages(game, played))
    if len(found) != len(played.moves):
        yield f"{len(found)} advantages for {len(played.moves)} moves"
    for value in found:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            yield f"an advantage is {short(value)}, expected a finite number"


def _state_problems(baseline: Credit, game: TurnGame[Any], parts: Sequence[Played]) -> Iterable[str]:
    """A run that was stopped between two steps ends as one that was not."""
    first, second = parts
    baseline.advantages(game, first)
    try:
        kept = json.dumps(dict(baseline.state_dict()), allow_nan=False)
    except (TypeError, ValueError) as error:
        yield f"state_dict() is not what JSON takes: {error}"
        return
    on = list(baseline.advantages(game, second))
    baseline.load_state_dict(json.loads(kept))
    if list(baseline.advantages(game, second)) != on:
        yield "after load_state_dict(state_dict()) the same moves have other advantages"


def _draw_problems(opponents: Opponents, run: Any) -> Iterable[str]:
    for episodes in (1, EPISODES):
        drawn: object = opponents.draw(run, 0, episodes)
        if not isinstance(drawn, Sequence) or len(drawn) != episodes:
            yield f"draw(run, 0, {episodes}) gives {short(drawn)}, expected {episodes} agents, or None for the learner"
            continue
        for other in drawn:
            if not (other is None or isinstance(other, Agent)):
                yield f"an opponent is {short(other)}, expected an agent, which has act, or None"


def _draw_again_problems(opponents: Opponents, run: Any) -> Iterable[str]:
    steps = [0, 1, 2]
    once = {step: list(map(id, opponents.draw(run, step, EPISODES))) for step in steps}
    for step in reversed(steps):
        if list(map(id, opponents.draw(run, step, EPISODES))) != once[step]:
            yield f"draw(run, {step}, {EPISODES}) gives other agents the second time"
