"""What makes a domain playable: its name, its Gymnasium id (one role, or a group of them), and its PettingZoo ids.

Nothing is imported here on behalf of a domain: a name is enough for an id, and what it names is loaded by the first
`make`. So domains of installed packages (entry points of the group `selfplay_gym.domains`) have ids from the start.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any, TypeVar, overload

import gymnasium as gym

from ..core.errors import ConfigError
from ..core.protocols import Domain
from ..core.registries import domains, env_id

F = TypeVar("F", bound=Callable[..., Any])

NUMERIC = {
    "SelfPlayTeacher-v0": "selfplay_gym.envs.views.teacher:teacher_env",
    "SelfPlayTokens-v0": "selfplay_gym.envs.views.tokens:tokens_env",
}
"""Ids that belong to no domain."""


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
    identifier = _free_id(name)
    if target is None:

        def decorate(factory: F) -> F:
            register_domain(name, factory)
            return factory

        return decorate
    domains.register(name, target)
    _register_id(identifier, name)
    if "pettingzoo" in sys.modules:
        register_pettingzoo()
    return None


def register_known_ids() -> None:
    """Give ids to the numeric views, and to every domain known by name; one whose id is taken gets a warning."""
    for identifier, maker in NUMERIC.items():
        if identifier not in gym.registry:  # a module imported twice does not make a second environment
            gym.register(identifier, entry_point=maker, order_enforce=False)
    for name in domains.names():
        try:
            _register_id(_free_id(name), name)
        except ConfigError as error:
            warnings.warn(f"a domain cannot be played: {error}", stacklevel=2)


def register_pettingzoo() -> bool:
    """Make `pettingzoo.make("aec" | "parallel", "SelfPlayMath-v0")` and the like work; `aec_env` does this by itself.

    Returns:
        whether this PettingZoo has a registry (≥ 1.27).
    """
    import pettingzoo

    if not hasattr(pettingzoo, "register"):
        return False
    for kind, registry in (("aec", pettingzoo.aec_registry), ("parallel", pettingzoo.parallel_registry)):
        for name in domains.names():
            if env_id(name) not in registry:
                pettingzoo.register(kind, env_id(name), f"selfplay_gym.envs:{kind}_env", kwargs={"domain": name})
    return True


def _free_id(name: str) -> str:
    """The id of a domain, if it is not another's."""
    identifier = env_id(name)
    spec = gym.registry.get(identifier)
    if spec is not None and spec.kwargs.get("domain") != name:
        raise ConfigError(f"the domain {name!r} needs the id {identifier}, which is taken; choose another name")
    return identifier


def _register_id(identifier: str, name: str) -> None:
    if identifier in gym.registry:
        return
    gym.register(
        identifier,
        entry_point="selfplay_gym.envs.views.single:self_play_env",
        vector_entry_point="selfplay_gym.envs.views.group:group_env",
        order_enforce=False,  # the environment itself raises ResetNeeded, and saves a wrapper per call
        kwargs={"domain": name},
    )
