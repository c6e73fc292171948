"""The game as pure rules, and its views: Gymnasium, group vector, PettingZoo, numeric.

    gym.make("SelfPlayMath-v0")                 one seat, text in and out                envs.single
    gym.make_vec("SelfPlayMath-v0", num_envs=G) one group of seats                       envs.group
    aec_env("math"), parallel_env("math")       the whole table, for PettingZoo          envs.aec, envs.parallel
    SelfPlayCode-v0, aec_env("code")            the same for code                        envs.code_domain
    gym.make("SelfPlayTeacher-v0")              levels in, levels out, for SB3           envs.teacher
    gym.make("SelfPlayTokens-v0")               token ids in, integers out, for SB3      envs.tokens

Importing this package registers names and loads Gymnasium; PettingZoo is loaded by the first call that needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gymnasium as gym

from ..core.registries import register_reward
from .rewards.presets import PRESETS

if TYPE_CHECKING:
    from .views.aec import SelfPlayAEC
    from .views.parallel import SelfPlayParallel

_GAMES = {"SelfPlayMath-v0": "math", "SelfPlayCode-v0": "code"}

__all__ = ["aec_env", "parallel_env", "register_pettingzoo"]


def aec_env(
    domain: str = "math", *, rounds: int = 1, render_mode: str | None = None, attempts: int = 4, **settings: Any
) -> SelfPlayAEC:
    """The whole table as a PettingZoo AEC environment: `challenger_0`, `solver_0` …, and for code `tester_0`.

    Args:
        domain: what is played: "math" or "code".
        rounds: proposals per episode, ≥ 1.
        render_mode: "ansi", "human" or `None`.
        attempts: m, the number of solvers, ≥ 1.
        settings: verifier, curriculum, reward, template: see `envs.seats.Settings`.

    Raises:
        ConfigError: an unknown domain, name or keyword.
    """
    from .views.aec import SelfPlayAEC
    from .views.table import make_settings

    register_pettingzoo()
    options = make_settings({"domain": domain, "attempts": attempts, **settings})
    return SelfPlayAEC(options, rounds=rounds, render_mode=render_mode)


def parallel_env(domain: str = "math", **settings: Any) -> SelfPlayParallel:
    """The same table as a PettingZoo parallel environment; arguments as for `aec_env`."""
    from .views.parallel import SelfPlayParallel

    return SelfPlayParallel(aec_env(domain, **settings))


def register_pettingzoo() -> bool:
    """Make `pettingzoo.make("aec" | "parallel", "SelfPlayMath-v0")` and the like work; `aec_env` does this by itself.

    Returns:
        whether this PettingZoo has a registry (≥ 1.27).
    """
    import pettingzoo

    if not hasattr(pettingzoo, "register"):
        return False
    for kind, registry in (("aec", pettingzoo.aec_registry), ("parallel", pettingzoo.parallel_registry)):
        for name, domain in _GAMES.items():
            if name not in registry:
                pettingzoo.register(kind, name, f"selfplay_gym.envs:{kind}_env", kwargs={"domain": domain})
    return True


for _name, _factory in PRESETS.items():
    register_reward(_name, _factory)

for _name, _domain in _GAMES.items():
    if _name not in gym.registry:  # a module imported twice is no second environment
        gym.register(
            _name,
            entry_point="selfplay_gym.envs.views.single:self_play_env",
            vector_entry_point="selfplay_gym.envs.views.group:group_env",
            order_enforce=False,  # the environment itself raises ResetNeeded, and saves a wrapper per call
            kwargs={"domain": _domain},
        )
for _name, _maker in {"SelfPlayTeacher-v0": "teacher:teacher_env", "SelfPlayTokens-v0": "tokens:tokens_env"}.items():
    if _name not in gym.registry:
        gym.register(_name, entry_point=f"selfplay_gym.envs.views.{_maker}", order_enforce=False)
