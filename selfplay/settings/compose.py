"""What a run is started with: preset, then what suits the environment, then the file, then single settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ...core.errors import ConfigError
from ...envs.game.domains import domain_of
from .config import SOLVER, RunConfig
from .files import read_toml
from .presets import preset as find_preset
from .role import RoleConfig
from .tree import parse_assignments
from .turn_games import PLAYER, turn_game_of, turn_settings

TURN_PRESETS = ("tiny", "debug")
"""Presets that a turn game knows."""


def compose(
    preset: str = "tiny",
    *,
    file: Path | None = None,
    assignments: Iterable[str] = (),
    env: str | None = None,
    seed: int | None = None,
) -> RunConfig:
    """The settings of a new run; later ones win: preset < environment < file < `env`, `seed` < `assignments`.

    Args:
        assignments: `path=value`, as `--set` takes them.
        env, seed: the same as `env=…` and `seed=…`; `None` leaves them to the others.

    Raises:
        ConfigError: a setting that does not exist or cannot work, or a file that cannot be read.
    """
    base = find_preset(preset)
    from_file = {} if file is None else read_toml(file)
    single = {name: value for name, value in (("env", env), ("seed", seed)) if value is not None}
    single |= parse_assignments(RunConfig, assignments)
    played = str(single.get("env", from_file.get("env", base.env)))
    game = turn_game_of(played)
    if game is not None:
        return _of_turns(game, preset, played, from_file, single)

    def laid_over(begins: RunConfig) -> RunConfig:
        return begins.replace(from_file).replace(single)

    if not {"stages", "schedule"} & {*from_file, *single}:
        config = laid_over(base.replace(suited(played)))
        if config.roles[SOLVER].model == RoleConfig().model:
            return config
    return laid_over(base.replace(suited(played, tiny=False)))


def _of_turns(game: str, preset: str, env: str, from_file: Mapping[str, Any], single: Mapping[str, Any]) -> RunConfig:
    """The settings of a run on a turn game, which has a role of its own."""
    if preset not in TURN_PRESETS:
        raise ConfigError(f"the preset {preset!r} is for questions and answers; {env} has {', '.join(TURN_PRESETS)}")
    bare = RunConfig.from_dict({"env": env})

    def laid_over(tiny: bool) -> RunConfig:
        return bare.replace(turn_settings(game, tiny=tiny, debug=preset == "debug")).replace(from_file).replace(single)

    own = {"stages", "schedule"} & {*from_file, *single}
    bare_start = laid_over(tiny=False)
    return bare_start if own or bare_start.roles[PLAYER].model != RoleConfig().model else laid_over(tiny=True)


def suited(env: str, *, tiny: bool = True) -> dict[str, Any]:
    """What a run in an environment sets besides its id: the domain's own generator, and what the domain asks for.

    Args:
        tiny: whether roles start as `tiny`, and stages are the domain's choice; see `GameDomain.tiny_settings`.
    """
    domain = domain_of(env)
    generator = {} if env == RunConfig().env else {"questions.generator": domain.generator}
    return {"env": env, **generator, **domain.settings, **(domain.tiny_settings if tiny else {})}


def changed(stored: RunConfig, file: Path | None, assignments: Iterable[str], **single: Any) -> RunConfig:
    """The settings of a run that goes on, with what the command line asks to change."""
    from_file = {} if file is None else read_toml(file)
    given = {name: value for name, value in single.items() if value is not None}
    return stored.replace(from_file).replace({**given, **parse_assignments(RunConfig, assignments)})
