"""Whom a player of a turn game meets in its training: itself, itself as it was, or an agent by name.

    self      the present weights play all seats: self-play
    latest    the other seats are the player as it was when the round began
    league    the other seats are the player as it was after earlier rounds, drawn step by step; see `league.opponents`
    NAME      the other seats are an agent by name, such as "random-legal" or a model's folder

A kind of opponents of your own is one class with `draw` and one registration, see `Opponents`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ....agents.scripted.math_agents import ScriptedAgent
from ....core.errors import ConfigError, PluginError, short
from ....core.protocols import Agent, Opponents, TurnGame
from ....core.protocols.completions import completions_of
from ....core.registries import make_opponents, opponents, register_opponents
from ....core.seeding import python_stream
from ....core.turns import ILLEGAL
from ...bench.resolve_agent import resolve_agent
from ...league.rules.setting import LeagueSetting
from ...settings.turn_games import PLAYER

if TYPE_CHECKING:
    from .run import TurnPlay


TRIES = 8
"""First moves in which a scripted agent shows whether it can play."""


@register_opponents("self")
class Oneself:
    """The present weights play all seats."""

    def draw(self, run: TurnPlay, step: int, episodes: int) -> Sequence[Agent | None]:
        """See `Opponents`."""
        return [None] * episodes


@register_opponents("latest")
class Latest:
    """The other seats are the player as it was when the round began, or as it started."""

    def __init__(self) -> None:
        self._held: tuple[str | None, Agent] | None = None

    def draw(self, run: TurnPlay, step: int, episodes: int) -> Sequence[Agent | None]:
        """See `Opponents`."""
        name = run.began_with
        if self._held is None or self._held[0] != name:
            self._held = name, run.player_of(name)
        return [self._held[1]] * episodes


@register_opponents("league")
class League(LeagueSetting):
    """The other seats are a snapshot of the player, or in a share `own` of the steps the player itself."""

    def draw(self, run: TurnPlay, step: int, episodes: int) -> Sequence[Agent | None]:
        """See `Opponents`."""
        name = run.league.opponent(run, PLAYER, step)
        return [None if name is None else run.league.agent(run, PLAYER, name)] * episodes


class NamedAgent:
    """The other seats are one agent.

    Args:
        name: what `selfplay-gym exam` takes.
    """

    def __init__(self, name: str) -> None:
        self.agent = resolve_agent(name)

    def draw(self, run: TurnPlay, step: int, episodes: int) -> Sequence[Agent | None]:
        """See `Opponents`."""
        return [self.agent] * episodes


def opponents_of(setting: Any) -> Opponents:
    """What `roles.player.opponents` names; an address may lead to either.

    Raises:
        ConfigError: neither a kind of opponents nor an agent.
    """
    if not isinstance(setting, str) or opponents.knows(setting.partition("(")[0]):
        return make_opponents(setting)
    try:
        return NamedAgent(setting)
    except PluginError as no_agent:
        try:
            return make_opponents(setting)
        except PluginError as no_opponents:
            raise PluginError(f"{no_agent} Nor is it opponents: {no_opponents}") from None


def check_plays(game: TurnGame[Any], agent: Agent, setting: str) -> None:
    """Refuse a scripted agent that can make no move of a game; a model may learn to.

    Args:
        game: the rules.
        agent: who would play.
        setting: what named it, for the message.

    Raises:
        ConfigError: it is scripted, and breaks the rules in each of several first moves.
    """
    if not isinstance(agent, ScriptedAgent):
        return
    state = game.start(python_stream(0))
    for seed in range(TRIES):
        ((text,),) = completions_of(agent, [game.prompt(state)], n=1, seed=seed)
        after = game.move(state, text)
        if game.to_move(after) is not None or not game.result(after)[1].startswith(ILLEGAL):
            return
    raise ConfigError(
        f"{setting} cannot play {game.name}: its first move was {short(text)}; 'random-legal' plays every game that "
        "lists its moves"
    )
