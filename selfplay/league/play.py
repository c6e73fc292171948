"""A league as it goes on: who meets whom next, one match after the other, each made permanent before the next.

The player that has played least meets an opponent by matchmaking; so all play about equally often, and newcomers catch
up first. A match draws from streams named by its number: a league that was killed plays the same match again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from ...core.errors import ConfigError
from ...core.protocols import Agent, Workers
from ...core.seeding import integer_seed, python_stream
from .ahead import Ahead, Match, PlayMatch
from .folder import LeagueFolder
from .games import LeagueGame, make_game, results
from .players import Cache, Player, load_player
from .ratings.bradley_terry import ratings
from .ratings.online import OnlineRatings
from .rules.matchmaking import Opponent, draw_opponent, make_matchmaking
from .rules.pruning import surplus
from .tally import Tally

PROVEN = 4
"""Matches of every snapshot of a pool before one of them leaves."""


class League:
    """Plays the matches of a folder.

    Args:
        folder: a league that was begun, or opened and made ready to go on.
        load: makes the agent of a player.
        game: what is played; `None` is what the settings say.

    Raises:
        ConfigError: settings that cannot work.
        MissingExtraError: openskill is not installed.
    """

    def __init__(
        self,
        folder: LeagueFolder,
        load: Callable[[Player], Agent] = load_player,
        game: LeagueGame | None = None,
    ) -> None:
        self.folder = folder
        settings = folder.settings
        self.game = game or make_game(settings.game, settings.labels)
        self.matchmaking = make_matchmaking(settings.matchmaking)
        self.ratings = OnlineRatings(folder.ratings)
        self.agents: Cache[Player] = Cache(load)
        self._here = PlayMatch(settings, load, self.game, self.agents)
        self._elsewhere = PlayMatch(settings, load, game)
        self.tally = Tally(folder.rows())

    def join(self, players: Iterable[Player], passed: Mapping[str, str] | None = None) -> list[Player]:
        """Take in players that are not there yet; those that are new.

        Args:
            passed: keys of those that were looked at and do not join, each with the rule that says so.

        Raises:
            ConfigError: a pool that the game does not have, or a name that somebody else has.
        """
        new = newcomers(self.folder, self.game, players)
        if new or passed:
            self.folder.players = [*self.folder.players, *new]
            known = {key: rule for key, rule in self.folder.passed.items() if key not in {one.key for one in new}}
            self.folder.passed = {**known, **(passed or {})}
            self._commit()
        return new

    def readmit(self, players: Iterable[Player]) -> None:
        """Let those of these players that have left play again."""
        keys = {player.key for player in players}
        back = {player.key for player in self.folder.players if player.key in keys and player.left is not None}
        if back:
            self.folder.players = [
                msgspec.structs.replace(player, left=None) if player.key in back else player
                for player in self.folder.players
            ]
            self._commit()

    def retire(self, *names: str, goes_on: bool = False) -> None:
        """Let players play no more, in whichever pool; their matches stay. Nothing is changed where that fails.

        Args:
            goes_on: whether matches follow, for which enough players must stay.

        Raises:
            ConfigError: nobody of such a name is there, or too few stay for a match.
        """
        keys = {key for name in names for key in keys_of(name, self.folder)}
        if goes_on:
            playing(without(self.folder.players, keys), self.game, self.folder.path)
        self._leave(keys)
        self._commit()

    def play(
        self,
        matches: int,
        progress: Callable[[int, int], None] = lambda done, total: None,
        workers: Workers | None = None,
    ) -> None:
        """Go on until so many matches are played in all.

        Args:
            workers: play them, see `ahead`; `None` is this process.

        Raises:
            ConfigError: a pool has nobody who could play, or a player cannot be loaded.
        """

        def guess(coming: Sequence[Match]) -> Match | None:
            number = self.folder.matches + len(coming)
            return self._match(number, coming) if number < matches else None

        result = self._here if workers is None else Ahead(self._here, workers, self._elsewhere, guess).result
        while self.folder.matches < matches:
            match = self._match(self.folder.matches)
            first, second, found = match.first, match.second, result(match)
            row = {"match": self.folder.matches, "players": [first.key, second.key], **found}
            self.ratings.play(first.key, second.key, results(row["outcomes"]))
            self.tally.add(row)
            for pool in dict.fromkeys(self.game.pools):
                self._prune(pool)
            self.folder.ratings = self.ratings.state_dict()
            self.folder.commit(row)
            progress(self.folder.matches, matches)

    def active(self, pool: str) -> list[Player]:
        """Who plays in a pool, oldest first."""
        return active(self.folder.players, pool)

    def _match(self, number: int, coming: Sequence[Match] = ()) -> Match:
        """Who plays a match, if those that are `coming` are played before it."""
        return Match(*self._pair(number, coming), integer_seed(self.folder.settings.seed, "league", "match", number))

    def _pair(self, number: int, coming: Sequence[Match]) -> tuple[Player, Player]:
        """Who plays a match: as the first, and as the second player."""
        one, other = self.game.pools
        pools = playing(self.folder.players, self.game, self.folder.path)
        rng = python_stream(self.folder.settings.seed, "league", "pair", number)
        played = self.tally.matches + Counter(player.key for match in coming for player in match[:2])
        everybody = [player for players in pools.values() for player in players]
        fewest = min(played[player.key] for player in everybody)
        candidates = [player for player in everybody if played[player.key] == fewest]
        learner = candidates[int(rng.random() * len(candidates))]
        others = [player for player in pools[other if learner.pool == one else one] if player != learner]
        opponents = [
            Opponent(player.key, player.joined, self.ratings.chance(learner.key, player.key)) for player in others
        ]
        found = draw_opponent(self.matchmaking, opponents, rng)
        opponent = next(player for player in others if player.key == found.name)
        return (learner, opponent) if learner.pool == one else (opponent, learner)

    def _prune(self, pool: str) -> None:
        keep = self.folder.settings.keep
        snapshots = [player for player in self.active(pool) if player.line]
        if not keep or len(snapshots) <= keep or min(self.tally.matches[one.key] for one in snapshots) < PROVEN:
            return
        strength = ratings([player.key for player in self.folder.players], self.tally.records, draws=1)
        values = {key: estimate.value for key, estimate in strength.items()}
        self._leave(surplus([player.key for player in snapshots], values, self.tally.scores(), keep))

    def _leave(self, keys: Sequence[str] | set[str]) -> None:
        """Those who leave play up to the match that is about to be committed."""
        now = self.folder.matches
        self.folder.players = [
            msgspec.structs.replace(player, left=now) if player.key in keys and player.left is None else player
            for player in self.folder.players
        ]

    def _commit(self) -> None:
        self.folder.ratings = self.ratings.state_dict()
        self.folder.commit()


def active(players: Iterable[Player], pool: str) -> list[Player]:
    """Who plays in a pool, oldest first."""
    return [player for player in players if player.pool == pool and player.left is None]


def without(players: Iterable[Player], keys: Collection[str]) -> list[Player]:
    """All but some players, by key."""
    return [player for player in players if player.key not in keys]


def newcomers(folder: LeagueFolder, game: LeagueGame, players: Iterable[Player]) -> list[Player]:
    """Of some players those that are not in a league yet; nothing is changed.

    Raises:
        ConfigError: a pool that the game does not have, or a name that somebody else has.
    """
    there = {player.key: player for player in folder.players}
    new = []
    for player in players:
        if player.pool not in game.pools:
            pools = " and ".join(dict.fromkeys(game.pools))
            raise ConfigError(f"{folder.settings.game} is played by {pools}, not by a {player.pool}")
        known = there.get(player.key)
        if known is not None and (known.spec, known.identity) != (player.spec, player.identity):
            raise ConfigError(
                f"there is a {player.pool} {player.name!r} already, made of {known.spec!r}; give the other one a "
                f"name, as in better={player.spec}"
            )
        if known is None:
            there[player.key] = joined = msgspec.structs.replace(player, joined=folder.matches)
            new.append(joined)
    return new


def playing(players: Sequence[Player], game: LeagueGame, path: Path) -> dict[str, list[Player]]:
    """Who plays, by pool.

    Args:
        players: all that are there.
        path: of the league, to name it.

    Raises:
        ConfigError: too few for a match.
    """
    one, other = game.pools
    pools = {pool: active(players, pool) for pool in dict.fromkeys(game.pools)}
    for pool, found in pools.items():
        if len(found) < (2 if one == other else 1):
            least = "two players are" if one == other else f"a {pool} is"
            raise ConfigError(f"{least} needed, and {path} has {len(found) or 'none'}: name more")
    return pools


def keys_of(name: str, folder: LeagueFolder) -> set[str]:
    """Who is called so, in whichever pool.

    Raises:
        ConfigError: nobody.
    """
    keys = {player.key for player in folder.players if name in (player.name, player.key)}
    if not keys:
        known = ", ".join(repr(player.name) for player in folder.players)
        raise ConfigError(f"nobody is called {name!r} in {folder.path}; there are {known or 'no players'}")
    return keys
