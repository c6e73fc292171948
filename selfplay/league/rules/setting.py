"""The setting `roles.X.opponents`: whom a role meets while it learns.

self                                       the other role as it is at present
league(pfsp)                               snapshots of the other role as well, drawn by matchmaking
league(matchmaking=0.8*pfsp(var) + 0.2*latest, own=0.5, join=every(rounds=2), keep=8, memory_gb=2)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....core.errors import ConfigError, UnknownNameError
from ....core.options import parse_named
from ....core.registry import Registry
from ...settings.checks import at_least
from .joining import make_joining
from .matchmaking import make_matchmaking

SELF, LEAGUE = "self", "league"


class LeagueSetting:
    """A role that meets a league.

    Args:
        matchmaking: whom it meets, see `matchmaking`.
        own: share of its steps against the other role as it is at present, in [0, 1]. Steps of a challenger; the shares
            of a solver are those of the sources of questions.
        join: which snapshots join, see `joining`; the base always does.
        keep: snapshots besides the base that stay in the league, at least 1.
        memory_gb: of weights of opponents that are kept loaded, above 0; one more is loaded whatever it needs.
    """

    def __init__(
        self,
        matchmaking: str = "pfsp",
        *,
        own: float = 0.5,
        join: str = "every",
        keep: int = 8,
        memory_gb: float = 2.0,
    ) -> None:
        self.matchmaking, self.join = make_matchmaking(matchmaking), make_joining(join)
        self.own, self.keep, self.memory_gb = own, keep, memory_gb
        at_least(self, 0, "own", most=1)
        at_least(self, 1, "keep")
        if not memory_gb > 0:
            raise ConfigError(f"memory_gb must be > 0, got {memory_gb!r}")


_settings: Registry[LeagueSetting] = Registry("kind of opponents", "selfplay_gym.league_settings", LeagueSetting)
_settings.register(LEAGUE, LeagueSetting)


def is_league(opponents: str | Mapping[str, Any]) -> bool:
    """Whether a role meets a league."""
    name = parse_named(opponents).name if isinstance(opponents, str) else opponents.get("name")
    return name == LEAGUE


def league_of(opponents: str | Mapping[str, Any]) -> LeagueSetting | None:
    """The league that a role meets, `None` for a role that meets the present ones only.

    Raises:
        ConfigError: another name, or options that a league does not have.
    """
    if is_league(opponents):
        return _settings.make(opponents)
    if opponents == SELF:
        return None
    raise UnknownNameError("kind of opponents", str(opponents), [SELF, LEAGUE])
