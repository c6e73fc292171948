"""The game as pure rules, and its views: Gymnasium, group vector, PettingZoo, numeric.

It reads `core` alone; `selfplay`, `interop` and users come in.

    gym.make("SelfPlayMath-v0")                 one role, text in and out                envs.views.single
    gym.make_vec("SelfPlayMath-v0", num_envs=G) one group of G players of that role      envs.views.group
    aec_env("math"), parallel_env("math")       all roles, for PettingZoo                envs.views.aec, .parallel
    SelfPlayCode-v0, aec_env("code")            the same for code                        envs.game.code_domain
    gym.make("SelfPlayTeacher-v0")              levels in, levels out, for SB3           envs.views.teacher
    gym.make("SelfPlayTokens-v0")               token ids in, integers out, for SB3      envs.views.tokens

Importing this package registers names and loads Gymnasium; PettingZoo is loaded by the first call that needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.registries import domains, register_condition, register_perturbation, register_source, turn_games
from .registration import register_domain, register_known_ids, register_pettingzoo

if TYPE_CHECKING:
    from .views.aec import SelfPlayAEC
    from .views.parallel import SelfPlayParallel

__all__ = ["aec_env", "parallel_env", "register_domain", "register_pettingzoo"]

for _name, _target in {
    "challenger": "players:ChallengerSource",
    "procedural": "players:ProceduralSource",
    "agent": "players:AgentSource",
    "file": "file:FileSource",
    "open": "open_data:OpenSource",
    "replay": "replay:ReplaySource",
    "adversarial": "adversarial:AdversarialSource",
    "league": "league:LeagueSource",
}.items():
    register_source(_name, f"selfplay_gym.envs.sources.{_target}")

for _name, _target in {"none": "Unconditioned", "level": "LevelCondition", "unsolved": "UnsolvedCondition"}.items():
    register_condition(_name, f"selfplay_gym.envs.game.conditions:{_target}")

for _name, _target in {
    "reworded": "wording:Reworded",
    "irrelevant": "wording:Irrelevant",
    "injected": "injection:Injected",
    "renamed": "notation:Renamed",
    "permuted": "notation:Permuted",
    "format": "notation:Format",
    "changed": "changed:Changed",
}.items():
    register_perturbation(_name, f"selfplay_gym.envs.game.perturbations.{_target}")

for _name, _target in {
    "tic-tac-toe": "envs.turns.tic_tac_toe:TicTacToe",
    "kuhn": "envs.turns.kuhn:KuhnPoker",
    "negotiation": "envs.turns.negotiation:Negotiation",
    "textarena:": "interop.textarena:TextArenaGame",
}.items():
    turn_games.register(_name, f"selfplay_gym.{_target}")

for _name, _target in {"math": "math_domain:MATH", "code": "code_domain:CODE"}.items():
    domains.register(_name, f"selfplay_gym.envs.game.{_target}")
register_known_ids()


def aec_env(
    domain: str = "math", *, episodes: int = 1, render_mode: str | None = None, attempts: int = 4, **settings: Any
) -> SelfPlayAEC:
    """All roles as a PettingZoo AEC environment: `challenger_0`, `solver_0` …, and for code `tester_0`.

    Args:
        domain: what is played: "math", "code" or another registered name.
        episodes: proposals until all agents are done, ≥ 1.
        render_mode: "ansi", "human" or `None`.
        attempts: m, the number of solvers, ≥ 1.
        settings: verifier, curriculum, reward, template: see `envs.views.setup.GameSettings`.

    Raises:
        ConfigError: an unknown domain, name or keyword.
    """
    from .views.aec import SelfPlayAEC
    from .views.setup import make_settings

    register_pettingzoo()
    options = make_settings({"domain": domain, "attempts": attempts, **settings})
    return SelfPlayAEC(options, episodes=episodes, render_mode=render_mode)


def parallel_env(domain: str = "math", **settings: Any) -> SelfPlayParallel:
    """The same game as a PettingZoo parallel environment; arguments as for `aec_env`."""
    from .views.parallel import SelfPlayParallel

    return SelfPlayParallel(aec_env(domain, **settings))
