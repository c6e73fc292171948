"""What every turn game must do."""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from ...errors import PluginError
from ...protocols import ShowsState, TurnGame
from ...turns import ILLEGAL
from ..findings import Findings, global_randomness_problems
from ..verifier import HOSTILE

GAMES = 24
MOST_TURNS = 2_000
NO_MOVES = ("", " ", "\n", "<accept>" * 3, r"\boxed{", r"\boxed{1}\boxed{2}", "5" * 400, "²", "move\x00", *HOSTILE)
"""Texts that are no move of most games, and must never raise."""


def check_turn_game(
    game: TurnGame[Any], *, moves: Sequence[str] = (), games: int = GAMES, skip: Collection[str] = ()
) -> list[str]:
    """Check a turn game: it ends, is pure and repeatable, takes legal moves, bears any text; who breaks a rule loses.

    Whether its rules are those of the game you mean, only tests of your own can say.

    Args:
        game: what `make_turn_game` would give.
        moves: texts to play with where the game does not list its legal moves; some must be legal.
        games: how many are played at random, ≥ 1.
        skip: names of checks that do not apply.

    Raises:
        PluginError: lists every check that failed.
    """
    if not isinstance(game, TurnGame):
        needed = "name, players, start, to_move, prompt, move, legal and result"
        raise PluginError(f"{type(game).__name__} is not a turn game: it needs {needed}")
    found = Findings(f"turn game {type(game).__name__}", skip)
    found.check("players", lambda: _player_problems(game))
    found.check("repeatability", lambda: _repeat_problems(game, moves, games))
    found.check("randomness", lambda: global_randomness_problems(lambda: list(played_states(game, 0, moves))))
    found.check("purity", lambda: _purity_problems(game, moves, games))
    found.check("legal moves", lambda: _legal_problems(game, moves, games))
    found.check("results", lambda: _result_problems(game, moves, games))
    found.check("hostile texts", lambda: _hostile_problems(game, moves, min(games, 4)))
    return found.report()


def played_states(game: TurnGame[Any], seed: int, moves: Sequence[str]) -> Iterator[tuple[Any, str]]:
    """The states of one game played at random, with the text that each is left by; "" at the end."""
    rng = random.Random(seed)
    state = game.start(rng)
    for _ in range(MOST_TURNS):
        if game.to_move(state) is None:
            yield state, ""
            return
        choices = game.legal(state) or moves or NO_MOVES[:1]
        text = choices[int(rng.random() * len(choices))]
        yield state, text
        state = game.move(state, text)
    raise PluginError(f"a game is not over after {MOST_TURNS} turns")


def _looks(game: TurnGame[Any], state: Any) -> tuple[Any, ...]:
    """All that can be asked of a state."""
    player = game.to_move(state)
    ended = game.result(state) if player is None else None
    shown = game.show(state) if isinstance(game, ShowsState) else ""
    return player, game.prompt(state), tuple(game.legal(state)), ended, shown


def _player_problems(game: TurnGame[Any]) -> Iterable[str]:
    names = game.players
    if not isinstance(game.name, str) or not game.name:
        yield f"name is {game.name!r}, expected a word"
    if not isinstance(names, tuple) or not names or any(not isinstance(name, str) or not name for name in names):
        yield f"players is {names!r}, expected a tuple of names"
    elif len(set(names)) != len(names):
        yield f"players {names!r} share a name"


def _repeat_problems(game: TurnGame[Any], moves: Sequence[str], games: int) -> Iterable[str]:
    for seed in range(games):
        one, other = ([_looks(game, state) for state, _ in played_states(game, seed, moves)] for _ in range(2))
        if one != other:
            yield f"equal streams and moves give different games (seed {seed})"


def _purity_problems(game: TurnGame[Any], moves: Sequence[str], games: int) -> Iterable[str]:
    for seed in range(games):
        for state, text in played_states(game, seed, moves):
            kept, before = copy.deepcopy(state), _looks(game, state)
            if game.to_move(state) is not None:
                for one in (text, "no such move"):
                    game.move(state, one)
            if _looks(game, state) != before or _looks(game, kept) != before:
                yield f"a method changed the state that it was given (seed {seed})"


def _legal_problems(game: TurnGame[Any], moves: Sequence[str], games: int) -> Iterable[str]:
    listed = ended = 0
    for seed in range(games):
        for state, _ in played_states(game, seed, moves):
            player, legal = game.to_move(state), game.legal(state)
            if player is not None and player not in game.players:
                yield f"{player!r} is to move, who is none of {game.players!r}"
            if player is not None and not game.prompt(state):
                yield f"{player} reads nothing"
            if player is None and len(legal):
                yield f"moves are legal in a game that is over: {legal!r:.60}"
            listed += len(legal)
            for text in legal:
                after = game.move(state, text)
                if game.to_move(after) is None and game.result(after)[1].startswith(ILLEGAL):
                    yield f"{text!r:.40} is listed as legal, and it is {game.result(after)[1]!r:.60}"
        ended += not game.result(state)[1].startswith(ILLEGAL)
    if not listed and not ended:
        yield "no game came to a legal end: give some `moves` that are legal"


def _result_problems(game: TurnGame[Any], moves: Sequence[str], games: int) -> Iterable[str]:
    for seed in range(games):
        *_, (state, _) = played_states(game, seed, moves)
        yield from _reward_problems(game, state, None)
        shown = _looks(game, state)[-1]
        if not isinstance(shown, str):
            yield f"show gave {shown!r:.40}, expected a text"


def _reward_problems(game: TurnGame[Any], state: Any, breaker: str | None) -> Iterable[str]:
    rewards, reason = game.result(state)
    if set(rewards) != set(game.players):
        yield f"rewards are those of {sorted(rewards)}, expected {sorted(game.players)}"
    elif any(
        isinstance(one, bool) or not isinstance(one, float | int) or not math.isfinite(one) for one in rewards.values()
    ):
        yield f"rewards are {dict(rewards)!r:.80}, expected finite numbers"
    elif breaker is not None and any(rewards[one] <= rewards[breaker] for one in game.players if one != breaker):
        yield f"{breaker} broke a rule ({reason!r:.60}) and did not lose: {dict(rewards)!r:.80}"
    if not isinstance(reason, str) or not reason:
        yield f"the reason is {reason!r:.40}, expected a text"


def _hostile_problems(game: TurnGame[Any], moves: Sequence[str], games: int) -> Iterable[str]:
    """Any text is borne; what the rules refuse ends the game at once, and its writer has lost."""
    refused = 0
    for seed in range(games):
        for state, _ in played_states(game, seed, moves):
            player = game.to_move(state)
            if player is None:
                continue
            for text in NO_MOVES:
                after = game.move(state, text)
                if game.to_move(after) is None:
                    broken = game.result(after)[1].startswith(ILLEGAL)
                    refused += broken
                    yield from _reward_problems(game, after, player if broken else None)
    if not refused:
        yield f"none of {len(NO_MOVES)} senseless texts was refused; the reason must begin with {ILLEGAL!r}"
