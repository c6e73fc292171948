"""Whom a player of a turn game meets in its training: itself, itself as it was, or an agent by name.

    self      the present weights play all seats: self-play
    latest    the other seats are the player as it was when the round began
    league    the other seats are the player as it was after earlier rounds, drawn step by step; see `league.opponents`
    NAME      the other seats are an agent by name, such as "random-legal" or a model's folder

A kind of opponents of your own is one class with `draw` and one registration.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from ....core.protocols import Agent
from ....core.registry import Registry
from ...bench.resolve_agent import resolve_agent
from ...league.rules.setting import LeagueSetting
from ...settings.turn_games import PLAYER

if TYPE_CHECKING:
    from .run import TurnPlay


@runtime_checkable
class Opponents(Protocol):
    """Whom the learner meets."""

    def draw(self, run: TurnPlay, step: int, episodes: int) -> Sequence[Agent | None]:
        """Who plays the other seats in each of the episodes of a step; `None` is the learner itself.

        Equal arguments at the same place of a run give equal opponents: they draw from streams of the run alone. The
        same agent in several episodes is the same object, so that it is asked in one call.
        """
        ...


opponents: Registry[Opponents] = Registry("opponents", "selfplay_gym.opponents", Opponents)


@opponents.register("self")
class Oneself:
    """The present weights play all seats."""

    def draw(self, run: TurnPlay, step: int, episodes: int) -> Sequence[Agent | None]:
        """See `Opponents`."""
        return [None] * episodes


@opponents.register("latest")
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


@opponents.register("league")
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
    """What `roles.player.opponents` names.

    Raises:
        ConfigError: neither a kind of opponents nor an agent.
    """
    if not isinstance(setting, str):
        return opponents.make(setting)
    return opponents.make(setting) if opponents.knows(setting.partition("(")[0]) else NamedAgent(setting)


__all__ = ["Latest", "League", "NamedAgent", "Oneself", "Opponents", "opponents", "opponents_of"]
