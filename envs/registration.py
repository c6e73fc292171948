"""What makes a domain or a turn game playable: its name, its Gymnasium id, and its PettingZoo ids.

Nothing is imported here on behalf of either: a name is enough for an id, and what it names is loaded by the first
`make`. So what installed packages bring (entry points of the groups `selfplay_gym.domains` and
`selfplay_gym.turn_games`) has ids from the start.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, overload

import gymnasium as gym

from ..core.errors import ConfigError, with_article
from ..core.protocols import Domain, TurnGame
from ..core.registries import domains, env_id, turn_games
from ..core.registry import Registry

F = TypeVar("F", bound=Callable[..., Any])

TURN_VIEWS = ("selfplay_gym.envs.views.turns.single:turn_env", "selfplay_gym.envs.views.turns.group:turn_group_env")
GENERAL: dict[str, tuple[str, str | None]] = {
    "SelfPlayTeacher-v0": ("selfplay_gym.envs.views.teacher:teacher_env", None),
    "SelfPlayTokens-v0": ("selfplay_gym.envs.views.tokens:tokens_env", None),
    "SelfPlayTurnGame-v0": TURN_VIEWS,
}
"""Ids that belong to no name: their environment, and their vector environment."""


class Kind(NamedTuple):
    """A kind of plug-in that can be played."""

    keyword: str  # under which views are given the name
    registry: Registry[Any]
    view: str
    vector_view: str

    def names(self) -> list[str]:
        """All names that can have an id; a family needs something behind its colon."""
        return [name for name in self.registry.names() if not name.endswith(":")]


DOMAINS = Kind(
    "domain", domains, "selfplay_gym.envs.views.single:self_play_env", "selfplay_gym.envs.views.group:group_env"
)
TURN_GAMES = Kind("game", turn_games, *TURN_VIEWS)
KINDS = (DOMAINS, TURN_GAMES)


@overload
def register_domain(name: str) -> Callable[[F], F]: ...
@overload
def register_domain(name: str, target: str | Callable[..., Any] | Domain) -> None: ...
def register_domain(name: str, target: str | Callable[..., Any] | Domain | None = None) -> Callable[[F], F] | None:
    """Make a domain known by name, and playable: `register_domain("sets", "my_package:SETS")` gives `SelfPlaySets-v0`.

    Args:
        name: the domain's own, which its questions bear.
        target: the domain, "module:attribute", or a factory of it; left out, this is a decorator of a factory.

    Raises:
        ConfigError: the name, or the id that is made of it, is taken.
    """
    return _register(DOMAINS, name, target)


@overload
def register_turn_game(name: str) -> Callable[[F], F]: ...
@overload
def register_turn_game(name: str, target: str | Callable[..., Any] | TurnGame[Any]) -> None: ...
def register_turn_game(
    name: str, target: str | Callable[..., Any] | TurnGame[Any] | None = None
) -> Callable[[F], F] | None:
    """Make a turn game known by name, and playable: `register_turn_game("nim", Nim)` gives `SelfPlayNim-v0`.

    Args:
        name: the game's own.
        target: the game, "module:attribute", or a factory of it; left out, this is a decorator of a factory.

    Raises:
        ConfigError: the name, or the id that is made of it, is taken.
    """
    return _register(TURN_GAMES, name, target)


def register_known_ids() -> None:
    """Give ids to the general views, and to all that is known by name; what finds its id taken gets a warning."""
    for identifier, (view, vector_view) in GENERAL.items():
        if identifier not in gym.registry:  # a module imported twice does not make a second environment
            gym.register(identifier, entry_point=view, vector_entry_point=vector_view, order_enforce=False)
    for kind in KINDS:
        for name in kind.names():
            try:
                _register_id(kind, _free_id(kind, name), name)
            except ConfigError as error:
                warnings.warn(f"{with_article(kind.registry.kind)} cannot be played: {error}", stacklevel=2)


def register_pettingzoo() -> bool:
    """Make `pettingzoo.make("aec" | "parallel", "SelfPlayMath-v0")` and the like work; `aec_env` does this by itself.

    Returns:
        whether this PettingZoo has a registry (≥ 1.27).
    """
    import pettingzoo

    if not hasattr(pettingzoo, "register"):
        return False
    for api, registry in (("aec", pettingzoo.aec_registry), ("parallel", pettingzoo.parallel_registry)):
        for kind in KINDS:
            for name in kind.names():
                if env_id(name) not in registry:
                    view = f"selfplay_gym.envs:{api}_env"
                    pettingzoo.register(api, env_id(name), view, kwargs={kind.keyword: name})
    return True


def _register(kind: Kind, name: str, target: Any) -> Callable[[F], F] | None:
    identifier = _free_id(kind, name)
    if target is None:

        def decorate(factory: F) -> F:
            _register(kind, name, factory)
            return factory

        return decorate
    kind.registry.register(name, target)
    _register_id(kind, identifier, name)
    if "pettingzoo" in sys.modules:
        register_pettingzoo()
    return None


def _free_id(kind: Kind, name: str) -> str:
    """The id of a name, if it is not another's."""
    if not isinstance(name, str) or not any(map(str.isalnum, name)):
        raise ConfigError(f"{with_article(kind.registry.kind)} name must be a word, got {name!r:.80}")
    identifier = env_id(name)
    spec = gym.registry.get(identifier)
    if spec is not None and spec.kwargs.get(kind.keyword) != name:
        what = kind.registry.kind
        raise ConfigError(f"the {what} {name!r} needs the id {identifier}, which is taken; choose another name")
    return identifier


def _register_id(kind: Kind, identifier: str, name: str) -> None:
    if identifier in gym.registry:
        return
    gym.register(
        identifier,
        entry_point=kind.view,
        vector_entry_point=kind.vector_view,
        order_enforce=False,  # the environment itself raises ResetNeeded, and saves a wrapper per call
        kwargs={kind.keyword: name},
    )
