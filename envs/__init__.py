"""The game as pure rules, and its views: Gymnasium, group vector, PettingZoo, numeric.

It reads `core` alone; `selfplay`, `interop` and users come in.

    gym.make("SelfPlayMath-v0")                 one role, text in and out                envs.views.single
    gym.make_vec("SelfPlayMath-v0", num_envs=G) one group of G players of that role      envs.views.group
    aec_env("math"), parallel_env("math")       all roles, for PettingZoo                envs.views.aec, .parallel
    SelfPlayCode-v0, aec_env("code")            the same for code                        envs.game.code_domain
    SelfPlayTicTacToe-v0, SelfPlayKuhn-v0, …    games of several turns                       envs.views.turns
    gym.make("SelfPlayTeacher-v0")              levels in, levels out, for SB3           envs.views.teacher
    gym.make("SelfPlayTokens-v0")               token ids in, integers out, for SB3      envs.views.tokens

Importing this package registers names and loads Gymnasium; PettingZoo is loaded by the first call that needs it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..core.registries import (
    domains,
    make_turn_game,
    register_condition,
    register_perturbation,
    register_source,
    turn_games,
)
from .registration import register_domain, register_known_ids, register_pettingzoo, register_turn_game

if TYPE_CHECKING:
    from ..core.protocols import TurnGame
    from .views.aec import SelfPlayAEC
    from .views.parallel import SelfPlayParallel
    from .views.turns.aec import TurnAEC
    from .views.turns.parallel import TurnParallel

__all__ = ["aec_env", "parallel_env", "register_domain", "register_pettingzoo", "register_turn_game"]

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
if "pettingzoo" in sys.modules:  # its registry has our ids from the start; else from the first `aec_env` on
    register_pettingzoo()


def aec_env(
    domain: str = "math",
    *,
    game: str | Mapping[str, Any] | TurnGame[Any] | None = None,
    episodes: int = 1,
    render_mode: str | None = None,
    **settings: Any,
) -> SelfPlayAEC | TurnAEC:
    """All roles as a PettingZoo AEC environment: `challenger_0`, `solver_0` …, and for code `tester_0`.

    With `game`, all players of a turn game: `player_0`, `player_1`.

    Args:
        domain: what challengers and solvers play: "math", "code" or another registered name.
        game: a turn game by name, dict or live, which is played instead.
        episodes: proposals, or games, until all agents are done, ≥ 1.
        render_mode: "ansi", "human" or `None`.
        settings: of a domain: attempts (m, the number of solvers, 4 if left out), verifier, curriculum, reward,
            template, see `envs.views.setup.GameSettings`; of a turn game: its options.

    Raises:
        ConfigError: an unknown domain, name or keyword.
    """
    register_pettingzoo()
    if game is not None:
        from .views.turns.aec import TurnAEC

        return TurnAEC(make_turn_game(game, **settings), episodes=episodes, render_mode=render_mode)
    from .views.aec import SelfPlayAEC
    from .views.setup import make_settings

    options = make_settings({"domain": domain, "attempts": 4, **settings})
    return SelfPlayAEC(options, episodes=episodes, render_mode=render_mode)


def parallel_env(domain: str = "math", **settings: Any) -> SelfPlayParallel | TurnParallel:
    """The same game as a PettingZoo parallel environment; arguments as for `aec_env`."""
    from .views.aec import SelfPlayAEC
    from .views.parallel import SelfPlayParallel
    from .views.turns.parallel import TurnParallel

    played = aec_env(domain, **settings)
    return SelfPlayParallel(played) if isinstance(played, SelfPlayAEC) else TurnParallel(played)
