"""The snapshots of a run that join a league: its base, and of its kept checkpoints those that the rule takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ...core.errors import RunError
from ...core.seeding import integer_seed, python_stream
from ..settings.config import RunConfig
from ..settings.files import stored_config
from ..storage.checkpoint_store import last_of_rounds
from ..storage.links import CHECKPOINTS
from ..storage.run_folder import RunFolder
from .games import even_shares, record_of
from .play import League
from .players import Player, new_player
from .rules.joining import Joining

RIVALS = 4
"""Opponents, at most, that a snapshot and its predecessor are compared on."""


def snapshots_of(run: Path, pools: Iterable[str]) -> list[Player]:
    """The base and the last kept checkpoint of every round of each role that is a pool, by role, then by round.

    Raises:
        RunError: no run there, or it has no such role.
        ConfigError: a checkpoint that cannot be loaded.
    """
    folder = RunFolder.open(run)
    config = stored_config(folder)
    roles = [role for role in dict.fromkeys(pools) if role in config.players]
    if not roles:
        raise RunError(f"{run} trains {', '.join(config.players)}, of which none plays in this league")
    name = folder.path.resolve().name
    found = []
    for role in roles:
        paths = last_of_rounds(folder.path / CHECKPOINTS, role)
        saved = [(number, path.resolve()) for number, path in paths.items()]
        sources: list[tuple[int, str | Path]] = [(0, config.roles[role].model), *saved]
        for number, source in sources:
            spec = _spec(config, role, source)
            found.append(new_player(spec, role, name=f"{name}@{number}", line=name, round=number))
    return found


def join_run(league: League, snapshots: Sequence[Player], rule: Joining, written: str = "") -> list[Player]:
    """Take in those of a run's snapshots that the rule takes; of each role the first always joins.

    No rule is asked about a snapshot twice once it has told, so that a league that is killed and called again comes to
    the same players.

    Args:
        snapshots: of any roles and rounds.
        written: the rule as it was asked for; what another one did not take is looked at again.
    """
    folder = league.folder
    there = {player.key for player in folder.players}
    last: dict[str, Player] = {}
    joined: list[Player] = []
    passed: dict[str, str] = {}
    for player in sorted(snapshots, key=lambda one: (one.round, one.pool)):
        before = last.get(player.pool)
        if player.key not in there:
            if folder.passed.get(player.key) == written:
                continue
            joins = before is None or rule.joins(player.round, partial(duel, league, joined, player, before))
            if joins is None:
                continue
            if not joins:
                passed[player.key] = written
                continue
            joined.append(player)
        last[player.pool] = player
    return league.join(joined, passed)


def duel(
    league: League, newcomers: Sequence[Player], one: Player, other: Player, games: int
) -> tuple[float, float] | None:
    """Points of two players of a pool, over the same games against the same opponents; nothing is logged.

    `None` where nobody else plays whom both could meet.

    Args:
        newcomers: players that are about to join, opponents as those who are there.
    """
    first, second = league.game.pools
    pool = second if one.pool == first else first
    both = [*league.active(pool), *(player for player in newcomers if player.pool == pool)]
    seed = league.folder.settings.seed
    rng = python_stream(seed, "league", "duel", one.key)
    others = [player for player in both if player.key not in (one.key, other.key)]
    rivals = rng.sample(others, min(RIVALS, games, len(others)))
    if not rivals:
        return None
    return _points(league, one, rivals, games, seed), _points(league, other, rivals, games, seed)


def _points(league: League, player: Player, rivals: Sequence[Player], games: int, seed: int) -> float:
    """Of so many games, shared by all rivals."""
    points = 0.0
    for number, (rival, share) in enumerate(zip(rivals, even_shares(games, len(rivals)), strict=True)):
        is_first = player.pool == league.game.pools[0]
        pair = (player, rival) if is_first else (rival, player)
        agents = league.agents.get(pair[0]), league.agents.get(pair[1])
        found = league.game.play(*agents, share, integer_seed(seed, "league", "duel", rival.key, number))
        record = record_of(found["outcomes"])
        points += (record.won if is_first else record.lost) + 0.5 * record.drawn
    return points


def _spec(config: RunConfig, role: str, source: str | Path) -> str:
    """A snapshot as anybody could type it: with the distribution that the run draws from."""
    row = config.roles[role]
    options: dict[str, Any] = {"temperature": row.grpo.temperature, "max_new_tokens": row.max_new_tokens}
    if isinstance(source, Path):
        options["role"] = role
    return f"{source}({', '.join(f'{key}={value}' for key, value in options.items())})"
