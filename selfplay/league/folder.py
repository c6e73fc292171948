"""The folder of a league, in a form that survives `kill -9`.

    league.json      settings, players and ratings so far, and how much of the log counts; replaced in one step
    matches.jsonl    one line per match, in the order in which they were played; only ever appended to
    standings.*      what came out: `.json`, `.md`, `.html`; written anew from the log

A line counts once `league.json` records its length and the checksum of the file up to there. What a killed process
wrote beyond is cut off, and that match is played again, from the same streams.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from ...core.errors import RunError
from ..storage.files import DamageError, make_folder, read_sealed, write_sealed
from ..storage.log import Log
from ..storage.run_folder import CONFIG, LEAGUE
from .games import KNOWN, results
from .players import Count, Player

STATE, MATCHES = LEAGUE, "matches.jsonl"
LOCK = "league.lock"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a league plays; it keeps them for good.

    Attributes:
        game: a domain of questions, or a turn game.
        labels: who knows the answers to questions; see `games.QuestionGame`.
        games: of a match.
        matchmaking: see `matchmaking`.
        keep: snapshots per pool that go on playing; 0 is all.
        seed: root of all randomness.
    """

    game: str = "math"
    labels: str = KNOWN
    games: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 16
    matchmaking: str = "0.5*pfsp(var) + 0.5*uniform"
    keep: Count = 0
    seed: Count = 0


class _State(msgspec.Struct, forbid_unknown_fields=True):
    settings: Settings
    players: list[Player] = []
    passed: dict[str, str] | list[str] = {}
    ratings: dict[str, list[float]] = {}
    matches: Count = 0
    length: Count = 0
    sha256: Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{64})?$")] = ""


class LeagueFolder:
    """Reads and writes one league.

    Attributes:
        path: where it is.
        settings: what it plays.
        players: all that ever joined, in the order of joining.
        passed: the snapshots that a rule of joining did not take, by key, with that rule; "" where none was kept.
        ratings: see `OnlineRatings.state_dict`.
        matches: how many are committed.
    """

    def __init__(self, path: Path, state: _State) -> None:
        self.path, self.settings, self.players = path, state.settings, state.players
        self.passed = state.passed if isinstance(state.passed, dict) else dict.fromkeys(state.passed, "")
        self.ratings, self.matches = state.ratings, state.matches
        self.log = Log(path / MATCHES, state.length, state.sha256 or None)

    @classmethod
    def begin(cls, path: Path, settings: Settings) -> LeagueFolder:
        """A new league; it is on disk after its first `commit`.

        Raises:
            RunError: something else is there.
        """
        if path.exists() and not path.is_dir():
            raise RunError(f"{path} is a file; a league is a folder")
        if (path / CONFIG).exists():
            raise RunError(f"{path} holds a run: a league wants its own folder; --run {path} lets its snapshots join")
        make_folder(path)
        folder = cls.planned(path, settings)
        if folder.log.path.exists() and folder.log.path.stat().st_size:
            raise DamageError(
                f"{path} has {MATCHES} of a league, and its {STATE} is missing: put that back from a copy, or begin "
                "another league in another folder"
            )
        folder.log.create()
        return folder

    @classmethod
    def planned(cls, path: Path, settings: Settings) -> LeagueFolder:
        """A league of which nothing is on disk, to look at what it would be; it cannot be committed."""
        return cls(path, _State(settings))

    @classmethod
    def exists(cls, path: Path) -> bool:
        """Whether a league is there."""
        return (path / STATE).exists() or (path / STATE).is_symlink()

    @classmethod
    def open(cls, path: Path) -> LeagueFolder:
        """A league that is there, for reading; its log is held against its checksum when it is first read.

        Raises:
            RunError: there is none, or it is damaged.
        """
        if not cls.exists(path):
            raise RunError(f"no league in {path} (there is no {STATE}); begin one with: selfplay-gym league")
        try:
            state = msgspec.convert(read_sealed(path / STATE), _State)
        except (msgspec.ValidationError, RecursionError) as error:
            raise DamageError(f"{path / STATE} does not hold a league ({error}); put it back from a copy") from None
        return cls(path, state)

    def go_on(self) -> None:
        """Make ready to write: what was never committed is cut off.

        Raises:
            DamageError: the log is not as it was written; nothing is touched.
        """
        self.log.check()
        self.log.cut()

    def rows(self) -> Iterator[dict[str, Any]]:
        """The committed matches, oldest first.

        Raises:
            DamageError: the log is missing, not as it was written, or holds no matches; names the line.
        """
        keys = {player.key for player in self.players}
        for number, row in enumerate(self.log.rows()):
            try:
                first, second = row["players"]
                [*results(row["outcomes"])]
                rewards = all(math.isfinite(reward) for reward in row.get("rewards", ()))
                known = {first, second} <= keys and first != second and row["match"] == number and rewards
            except (KeyError, TypeError, ValueError, RunError):
                known = False
            if not known:
                raise DamageError(f"line {number + 1} of {self.log.path} is no match of this league; it is damaged")
            yield row

    def commit(self, rows: Mapping[str, Any] | None = None) -> None:
        """Make the present players and ratings, and one more match if it is given, the point from which it goes on."""
        if rows is not None:
            self.log.add([rows])
            self.matches += 1
        self.log.append()
        counts = self.matches, self.log.length, self.log.digest
        state = _State(self.settings, self.players, self.passed, self.ratings, *counts)
        write_sealed(self.path / STATE, msgspec.to_builtins(state))
