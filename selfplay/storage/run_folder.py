"""The run folder: everything a run wrote down, in a form that survives `kill -9`.

    config.toml        the settings                       environment.json   commit, versions, machine, command
    state.json         where the run stands; replaced atomically after every step of the state machine
    metrics.jsonl      one line per training step, phase and exam; equal for equal seeds (no clocks)
    questions.jsonl    every question of every round      attempts.jsonl     every attempt at them
    labels.jsonl       vote, label, p̂, kept or why not    timings.jsonl      seconds per phase (not reproducible)
    guard.jsonl        validation, alarms, rollbacks       reviews.jsonl      what people decided
    pool.jsonl         what a challenger in training asked, with attempts and judgement
    refusals.jsonl     every text that a policy refused, with the reason
    queue.jsonl        what people are asked to look at
    trajectories.jsonl  games and attempts of several turns, turn by turn
    checkpoints/       weights and optimiser states        report.html        the run as one page
    live.jsonl         what a run tells while it goes on, begun anew with each process, bounded; never read back
    tables/            what was measured, a file for each kind of row; made of the logs at the end, and by `report`
    README.md          what the run is and how far it is; each checkpoint has a card of its own
    best, last         links to the checkpoints of whoever answers
    run.lock           who writes here at the moment

A log line counts only once `state.json` records the length of its file, and the checksum of the file up to there. After
a crash, `resume` cuts what lies beyond: the run repeats that step and writes the same lines again. What lies before is
held against the checksum first, so that damage is named and never goes on as if it were the run's own work. Only
`reviews.jsonl` has other writers: nothing of it is cut, and a stage of the run adopts what they wrote.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import dropwhile, takewhile
from operator import itemgetter
from pathlib import Path
from typing import Any

from ...core.errors import PluginError, RunError
from .files import DamageError, is_sealed, read_bytes, read_sealed, write_sealed, write_text
from .log import Log
from .rounds import in_rounds
from .shared_log import SharedLog
from .state import FOLDERS_OWN, LOGS, SHARED, check_environment, check_state

CONFIG, STATE, ENVIRONMENT = "config.toml", "state.json", "environment.json"
LEAGUE = "league.json"
"""A league has a folder of its own, and this file in it."""


class RunFolder:
    """Reads and writes one run folder; start with `RunFolder.vacant` and `begin`, continue with `RunFolder.resume`.

    Attributes:
        path: where it is.
        state: where the run stands, as last committed.
        note: what cannot be checked in a folder of an older version, for people; "" if everything can.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state: dict[str, Any] = {}
        self.note = ""
        self._settings: list[str] = []
        self._checks: dict[str, Callable[[Mapping[str, Any]], object]] = {}
        self._logs = {name: self._log(name) for name in LOGS}

    def __repr__(self) -> str:
        stands = f"round {self.state['round']}, {self.state.get('phase')}" if "round" in self.state else "not begun"
        return f"RunFolder({str(self.path)!r}: {stands})"

    @classmethod
    def vacant(cls, path: Path) -> RunFolder:
        """A folder for a new run; nothing is written before `begin`.

        Raises:
            RunError: there is a run already, or a league; nothing is touched.
        """
        if (path / LEAGUE).exists():
            raise RunError(f"{path} holds a league: choose another --run-dir")
        if (path / CONFIG).exists():
            raise RunError(f"{path} already holds a run: continue it with --resume, or choose another --run-dir")
        if path.exists() and not path.is_dir():
            raise RunError(f"{path} is a file; --run-dir must name a folder")
        return cls(path)

    @classmethod
    def create(cls, path: Path, config: str, environment: Mapping[str, Any]) -> RunFolder:
        """A new run in a folder that is empty or not there: see `vacant` and `begin`."""
        folder = cls.vacant(path)
        folder.begin(config, environment)
        return folder

    def begin(self, config: str, environment: Mapping[str, Any]) -> None:
        """Write down what the run is; from here on it exists and can be resumed.

        Args:
            config: the settings as TOML.
            environment: where and with what it is made.

        Raises:
            RunError: another process has begun a run there meanwhile.
        """
        RunFolder.vacant(self.path)
        self._settings = [_digest(config)]
        self.path.mkdir(parents=True, exist_ok=True)
        for log in self._logs.values():
            log.create()
        write_sealed(self.path / ENVIRONMENT, environment)
        self.commit({})
        write_text(self.path / CONFIG, config)  # last: a run exists once this is there

    def replace_config(self, config: str) -> None:
        """Go on with other settings; whenever this is killed, the old or the new ones are those of the state."""
        state = self.own_state()
        self._settings = [_digest(self.config), _digest(config)]
        self.commit(state)
        write_text(self.path / CONFIG, config)
        self._settings = self._settings[-1:]
        self.commit(state)

    @classmethod
    def found(cls, path: Path) -> RunFolder:
        """The run in a folder, of which only the settings may be read so far: nothing else is checked.

        Raises:
            RunError: no run there.
        """
        if (path / "config.json").exists() and not (path / CONFIG).exists():
            raise RunError(f"the run in {path} is from a version that had no {CONFIG}; this one cannot read it")
        if not (path / CONFIG).exists():
            raise RunError(f"no run in {path} (there is no {CONFIG}); start one with: selfplay-gym train")
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Open a run for reading. Each log is held against its checksum before its first row is read.

        Raises:
            RunError: no run there, or its state, settings or environment are not as the run wrote them.
        """
        folder = cls.found(path)
        folder.stand_at(read_state(path / STATE))
        return folder

    @classmethod
    def resume(cls, path: Path) -> RunFolder:
        """Open a run to continue it: whatever was logged after the last commit is cut off.

        Raises:
            DamageError: something is not as the run wrote it; nothing was touched.
            RunError: no run there, or one of an older version, whose logs cannot be checked.
        """
        folder = cls.open(path)
        folder.check_logs()
        folder.cut_logs()
        return folder

    def stand_at(self, state: Mapping[str, Any]) -> None:
        """Take a state for that of the run; nothing is written.

        Raises:
            RunError: settings or environment are not as the run of that state wrote them.
        """
        self.state, self._settings = dict(state), list(state["settings"])
        digests = state.get("log_sha256", {})
        self._logs = {name: self._log(name, state["logs"].get(name, 0), digests.get(name)) for name in LOGS}
        old = f"{self.path / STATE} holds no checksums, as older versions wrote it: damage in the run is not noticed"
        self.note = "" if digests else old
        if _digest(self.config) not in self._settings:
            raise RunError(
                f"{self.path / CONFIG} is not as the run wrote it. A run goes on with its own settings: put them back, "
                f"or start another run with --config {shlex.quote(str(self.path / CONFIG))}"
            )
        self.environment()

    def check_logs(self) -> None:
        """Hold every log against its checksum.

        Raises:
            DamageError: one is other than it was; names it.
            RunError: the version that wrote this run kept no checksums.
        """
        if self.note:
            raise RunError(
                f"{self.note}, so it cannot go on. It can be read (report, diagnose, exam), and played anew: "
                f"selfplay-gym train --config {shlex.quote(str(self.path / CONFIG))} --run-dir ANOTHER"
            )
        for name in self.state["logs"]:
            self._logs[name].check()

    def cut_logs(self) -> None:
        """Remove from every log what lies beyond the state; one that the run did not keep so far begins empty."""
        for name, log in self._logs.items():
            if name in self.state["logs"]:
                log.cut()
            else:
                log.create()

    def own_state(self) -> dict[str, Any]:
        """The state of the run itself, without what the folder adds to it."""
        return {name: value for name, value in self.state.items() if name not in FOLDERS_OWN}

    @property
    def config(self) -> str:
        """The settings as TOML; `selfplay.settings.files.stored_config` reads them.

        Raises:
            RunError: they cannot be read.
        """
        try:
            return read_bytes(self.path / CONFIG).decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RunError(f"{self.path / CONFIG} cannot be read ({error}); the run folder is damaged") from None

    def environment(self) -> dict[str, Any]:
        """Where and with what the run was made.

        Raises:
            DamageError: `environment.json` is missing, or not as the run wrote it.
        """
        path = self.path / ENVIRONMENT
        environment = read_sealed(path)
        if not self.note and not is_sealed(path):
            raise DamageError(f"{path} holds no checksum, and {STATE} does; the run folder is damaged")
        if self.note and is_sealed(path):
            raise DamageError(f"{self.path / STATE} holds no checksums, and {ENVIRONMENT} does; it was changed")
        check_environment(environment, path)
        return environment

    def log_path(self, name: str) -> Path:
        """Where a log stands, whether or not it is written yet."""
        return self.path / f"{name}.jsonl"

    def _log(self, name: str, length: int = 0, digest: str | None = None) -> Log:
        if name not in SHARED:
            return Log(self.log_path(name), length, digest)
        log = SharedLog(self.log_path(name), length, digest)
        log.check_row = self._checks.get(name, log.check_row)
        return log

    def check_shared(self, name: str, check: Callable[[Mapping[str, Any]], object]) -> None:
        """Have `check` look at every row before it is taken over from the shared log `name`, whoever commits."""
        self._checks[name] = check
        log = self._logs[name]
        if isinstance(log, SharedLog):
            log.check_row = check

    def log(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows to the log `name`; they reach the disk with the next `commit`.

        Raises:
            PluginError: no such log, or a row that is not JSON.
        """
        if name not in LOGS:
            raise PluginError(f"a run has no log {name!r}; it has {', '.join(LOGS)}")
        self._logs[name].add(rows)

    def rows(self, name: str) -> Iterator[dict[str, Any]]:
        """All committed rows of a log, oldest first; a line torn by a crash, or still being written, is not read.

        Raises:
            DamageError: the log is missing, or not as the run wrote it.
        """
        if name in self.state["logs"]:  # else a run of a version that did not keep this log
            yield from self._logs[name].rows()

    def rows_of_round(self, name: str, number: int) -> list[dict[str, Any]]:
        """The committed rows of the log `name` that belong to round `number`, in order; no rows of earlier rounds are
        parsed, but for a shared log, which has them in any order.

        Raises:
            DamageError: the log is missing, or not as the run wrote it.
        """
        if name in SHARED:
            return [row for row in self.rows(name) if row["round"] == number]
        later = dropwhile(lambda row: row["round"] > number, self.rows_from_end(name))
        return list(takewhile(lambda row: row["round"] == number, later))[::-1]

    def by_round(self, *names: str) -> Iterator[tuple[int, dict[str, list[dict[str, Any]]]]]:
        """The committed rows of some logs, round after round: (round, rows by log); rounds without any are left out.

        Each log is read once, and no more than one round of it is in memory, but for a shared log.

        Raises:
            DamageError: a log is missing, or not as the run wrote it.
        """
        rows: dict[str, Iterable[dict[str, Any]]] = {name: self.rows(name) for name in names}
        shared = {name: sorted(rows[name], key=itemgetter("round")) for name in names if name in SHARED}
        return in_rounds({**rows, **shared})

    def rows_from_end(self, name: str) -> Iterator[dict[str, Any]]:
        """All committed rows of a log, newest first; only as much of the file is parsed as is asked for.

        Raises:
            DamageError: the log is missing, or not as the run wrote it.
        """
        yield from self._logs[name].rows_from_end()

    def pending(self, name: str) -> list[dict[str, Any]]:
        """The rows of a log that reach the disk with the next `commit`, oldest first."""
        return self._logs[name].pending()

    def adopt(self, name: str, until: Callable[[Mapping[str, Any]], bool] | None = None) -> list[dict[str, Any]]:
        """The rows that others wrote into the shared log `name`; with the next `commit` they are part of the run.

        Args:
            until: whether a row, and with it all behind it, is to wait.

        Raises:
            DamageError: a line of it is no JSON object.
        """
        log = self._logs[name]
        return log.adopt(until) if isinstance(log, SharedLog) else []

    def commit(self, state: Mapping[str, Any]) -> None:
        """Make everything logged so far, and `state`, the point a resume continues from."""
        for name in LOGS:
            self._append(name)
        self.state = {
            **state,
            "settings": self._settings,
            "logs": {name: log.length for name, log in self._logs.items()},
            "log_sha256": {name: log.digest for name, log in self._logs.items()},
        }
        write_sealed(self.path / STATE, self.state)

    def _append(self, name: str) -> None:
        self._logs[name].append()


def read_state(path: Path) -> dict[str, Any]:
    """A state of a run: its `state.json`, or the snapshot in a checkpoint.

    Raises:
        DamageError: it holds something else, or was changed.
    """
    state = read_sealed(path)
    check_state(state, path)
    if "log_sha256" in state and not is_sealed(path):
        raise DamageError(f"{path} holds checksums of the logs and none of itself; the run folder is damaged")
    return state


def _digest(config: str) -> str:
    return hashlib.sha256(config.encode()).hexdigest()


__all__ = ["CONFIG", "ENVIRONMENT", "LOGS", "STATE", "DamageError", "RunFolder", "read_state"]
