"""The players of a league: whom a name stands for, and their agents, loaded once within a bound of memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from ...core.errors import ConfigError, SelfPlayError
from ...core.protocols import Agent
from ..bench.agents import Contestant, load_contestant

Key = TypeVar("Key", bound=Hashable)
Count = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]

GIB = 2**30


class Player(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who plays in a league.

    Attributes:
        name: unique in its pool.
        pool: "challenger", "solver" or "player".
        spec: what `load_contestant` makes it of.
        identity: all that its answers depend on, the hash of its weights included; checked whenever it is loaded.
        line: the run that it is a snapshot of; "" for other players.
        round: of that run.
        joined: matches that were played when it joined.
        left: matches that were played when it left; `None` as long as it plays.
    """

    name: str
    pool: str
    spec: str
    identity: str
    line: str = ""
    round: Count = 0
    joined: Count = 0
    left: Count | None = None

    @property
    def key(self) -> str:
        """What matches call it: pool and name."""
        return f"{self.pool}/{self.name}"


def new_player(spec: str, pool: str, **more: Any) -> Player:
    """A player of whatever a person types; its agent is made once, to know what it is.

    Raises:
        ConfigError: nobody of that name, or one that cannot be loaded.
    """
    contestant = load_contestant(spec)
    return Player(more.pop("name", contestant.name), pool, spec, contestant.identity, **more)


class Cache(Generic[Key]):
    """Agents by what they are made of; those not asked for longest go first when all need more than the bound.

    Args:
        make: loads an agent.
        most: bytes of weights that are kept; the last one stays however large it is.
    """

    def __init__(self, make: Callable[[Key], Agent], most: int = 2 * GIB) -> None:
        self.make, self.most = make, most
        self._kept: OrderedDict[Key, tuple[Agent, int]] = OrderedDict()

    def get(self, key: Key) -> Agent:
        """The agent, loaded unless it is there."""
        if key not in self._kept:
            agent = self.make(key)
            self._kept[key] = agent, bytes_of(agent)
            while len(self._kept) > 1 and sum(size for _, size in self._kept.values()) > self.most:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key][0]


def bytes_of(agent: Agent) -> int:
    """The weights of an agent in bytes; 0 for one without a model."""
    model = getattr(agent, "model", None)
    parameters = getattr(model, "parameters", None)
    return 0 if parameters is None else sum(one.numel() * one.element_size() for one in parameters())


def load_player(player: Player) -> Agent:
    """The agent of a player, which must be the same as when it joined.

    Raises:
        ConfigError: it cannot be loaded, or has changed; names the player and what can be done.
    """
    remedy = f"put it back, or take it out of the league: --retire {player.name!r}"
    try:
        found: Contestant = load_contestant(player.spec)
    except SelfPlayError as error:
        raise ConfigError(f"the {player.pool} {player.name!r} cannot be loaded ({error}); {remedy}") from error
    if found.identity != player.identity:
        raise ConfigError(f"the {player.pool} {player.name!r} is not who joined: {player.spec!r} has changed; {remedy}")
    return found.agent
