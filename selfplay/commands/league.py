"""`selfplay-gym league`: begin a league or go on with it, and show who stands where."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.status import Status

from ...agents.workers.named import Here, workers_of
from ...core.errors import ConfigError
from ...core.interrupts import Stopped
from ..league.folder import LOCK, LeagueFolder, Settings
from ..league.games import make_game
from ..league.page import cells, header, headline, write_standings
from ..league.play import League, keys_of, newcomers, playing, without
from ..league.players import Player, new_player
from ..league.ratings.online import OnlineRatings
from ..league.rules.joining import make_joining
from ..league.rules.matchmaking import make_matchmaking
from ..league.snapshots import join_run, snapshots_of
from ..league.standings import Standings, standings
from ..pages.tables import NARROW
from ..pages.terminal_table import TerminalTable
from ..pages.wording import shown
from ..storage.files import make_folder
from ..storage.lock import hold

SHORT = ("player", "pool", "rating", "score, %", "reward")
"""Columns of the table in a narrow terminal."""


def hold_league(
    path: Path,
    *,
    players: Sequence[tuple[str, str]] = (),
    runs: Sequence[Path] = (),
    join: str = "every",
    retire: Sequence[str] = (),
    matches: int = 200,
    settings: dict[str, Any] | None = None,
    workers: str = "1",
    console: Console,
) -> Standings:
    """Play a league until it has so many matches, and write its standings.

    Args:
        path: the league's folder; begun where there is none.
        players: pool and name of each who joins; those who are there already stay, and those who left play again.
        runs: run folders whose snapshots join.
        join: the rule of joining for snapshots.
        retire: names of players that play no more.
        matches: in all, those of earlier calls included.
        workers: who plays: a number of processes, or a kind such as "ray(8)"; the league is the same for all.
        settings: what is asked for by name; what is left out is as it was, or its default.

    Raises:
        ConfigError: settings other than those it was begun with, or players that cannot play.
        RunError: the folder is damaged, or somebody else plays there.
        Stopped: by Ctrl-C or SIGTERM; what is played is kept.
    """
    asked = {name: value for name, value in (settings or {}).items() if value is not None}
    rule = make_joining(join)
    joining = [new_player(spec, pool) for pool, spec in players]
    if not LeagueFolder.exists(path):
        _check(LeagueFolder.planned(path, _new(asked)), joining, runs, retire, matches)
    helping = workers_of(workers)
    make_folder(path)
    with closing(helping), hold(path, LOCK):
        folder = _opened(path, asked)
        league = League(folder)
        league.join(joining)
        league.readmit(player for player in joining if not {player.name, player.key} & {*retire})
        for run in runs:
            join_run(league, snapshots_of(run, league.game.pools), rule, join)
        if retire:
            league.retire(*retire, goes_on=matches > folder.matches)
        if matches > folder.matches:
            try:
                with console.status("the league begins") as status:
                    progress = partial(_tell, status)
                    league.play(matches, progress, None if isinstance(helping, Here) else helping)
            except KeyboardInterrupt as error:
                kept = (
                    f"{folder.matches:,} of {matches:,} matches are in {path}; the same command goes on with the rest"
                )
                raise Stopped.keeping(error, kept) from None
        found = standings(folder)
        files = write_standings(found, path)
    _show(found, files, console)
    return found


def _check(
    planned: LeagueFolder, joining: Sequence[Player], runs: Sequence[Path], retire: Sequence[str], matches: int
) -> None:
    """Refuse what a new league cannot begin with, before anything is written.

    Raises:
        ConfigError, RunError: settings, players or runs that cannot be used, or too few of them for a match.
    """
    settings = planned.settings
    game = make_game(settings.game, settings.labels)
    make_matchmaking(settings.matchmaking)
    OnlineRatings()
    snapshots = [player for run in runs for player in snapshots_of(run, game.pools)]
    planned.players = newcomers(planned, game, [*joining, *snapshots])
    leaving = {key for name in retire for key in keys_of(name, planned)}
    if matches:
        playing(without(planned.players, leaving), game, planned.path)


def _tell(status: Status, done: int, total: int) -> None:
    status.update(f"match {done} of {total}")


def _opened(path: Path, asked: dict[str, Any]) -> LeagueFolder:
    """A league that is there, with its own settings, or a new one."""
    if not LeagueFolder.exists(path):
        return LeagueFolder.begin(path, _new(asked))
    folder = LeagueFolder.open(path)
    for name, value in asked.items():
        if value != getattr(folder.settings, name):
            raise ConfigError(
                f"{path} was begun with {name}={getattr(folder.settings, name)!r}, not {value!r}; a league keeps its "
                "settings: leave it out, or begin another league"
            )
    folder.go_on()
    return folder


def _new(asked: dict[str, Any]) -> Settings:
    """The settings of a new league."""
    try:
        return msgspec.convert(asked, Settings)
    except msgspec.ValidationError as error:
        raise ConfigError(f"the league's settings cannot be used: {error}") from None


def _show(found: Standings, files: Sequence[Path], console: Console) -> None:
    from rich.text import Text

    console.print(Text(shown(headline(found).text)))
    names = header(found)
    places = [place for place, name in enumerate(names) if console.width >= NARROW or name in SHORT]
    rows = [[row[place] for place in places] for row in cells(found)]
    columns = [names[place] for place in places]
    console.print(TerminalTable("Standings", columns, rows, width=console.width, names=2))
    for note in found.notes:
        console.print(Text(f"! {note}", style="yellow"))
    console.print(f"wrote {', '.join(str(file) for file in files)}", soft_wrap=True, highlight=False)
