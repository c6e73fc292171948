"""The run folder: everything a run wrote down, in a form that survives `kill -9`.

    config.toml        the settings                       environment.json   commit, versions, machine, command
    state.json         where the run stands; replaced atomically after every step of the state machine
    metrics.jsonl      one line per training step, phase and exam; equal for equal seeds (no clocks)
    questions.jsonl    every question of every round      attempts.jsonl     every attempt at them
    labels.jsonl       vote, label, p̂, kept or why not    timings.jsonl      seconds per phase (not reproducible)
    guard.jsonl        validation, alarms, rollbacks       reviews.jsonl      what people decided
    checkpoints/       weights and optimiser states        report.html        the run as one page

A log line counts only once `state.json` records the length of its file. After a crash, `resume` cuts what lies beyond:
the run repeats that step and writes the same lines again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

from ...core.errors import PluginError, RunError

LOGS = ("metrics", "questions", "attempts", "labels", "guard", "timings", "reviews")
CONFIG = "config.toml"


class RunFolder:
    """Reads and writes one run folder; start with `RunFolder.vacant` and `begin`, continue with `RunFolder.resume`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state: dict[str, Any] = {}
        self._settings: list[str] = []
        self._pending: dict[str, list[str]] = {name: [] for name in LOGS}

    @classmethod
    def vacant(cls, path: Path) -> RunFolder:
        """A folder for a new run; nothing is written before `begin`.

        Raises:
            RunError: there is a run already; nothing is touched.
        """
        if (path / CONFIG).exists():
            raise RunError(f"{path} already holds a run: continue it with --resume, or choose another --run-dir")
        if path.exists() and not path.is_dir():
            raise RunError(f"{path} is a file; --run-dir must name a folder")
        return cls(path)

    @classmethod
    def create(cls, path: Path, config: str, environment: Mapping[str, Any]) -> RunFolder:
        """`vacant` and `begin` in one."""
        folder = cls.vacant(path)
        folder.begin(config, environment)
        return folder

    def begin(self, config: str, environment: Mapping[str, Any]) -> None:
        """Write down what the run is; from here on it exists and can be resumed.

        Args:
            config: the settings as TOML.
            environment: where and with what it is made.
        """
        self._settings = [_digest(config)]
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.path / "environment.json", environment)
        for name in LOGS:
            self.log_path(name).write_bytes(b"")
        self.commit({})
        write_text(self.path / CONFIG, config)  # last: a run exists once this is there

    def replace_config(self, config: str) -> None:
        """Go on with other settings; whenever this is killed, the old or the new ones are those of the state."""
        state = {name: value for name, value in self.state.items() if name not in ("logs", "settings")}
        self._settings = [*self._settings, _digest(config)]
        self.commit(state)
        write_text(self.path / CONFIG, config)
        self._settings = self._settings[-1:]
        self.commit(state)

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Open a run for reading.

        Raises:
            RunError: no run there, or its state cannot be read.
        """
        if (path / "config.json").exists() and not (path / CONFIG).exists():
            raise RunError(f"the run in {path} is from a version that had no {CONFIG}; this one cannot read it")
        if not (path / CONFIG).exists():
            raise RunError(f"no run in {path} (there is no {CONFIG}); start one with: selfplay-gym train")
        folder = cls(path)
        folder.state = _checked_state(read_json(path / "state.json"), path)
        folder._settings = list(folder.state["settings"])
        if _digest(folder.config) not in folder._settings:
            raise RunError(
                f"{path / CONFIG} is not as the run wrote it. A run goes on with its own settings: put them back, or "
                f"start another run with --config {path / CONFIG}"
            )
        return folder

    @classmethod
    def resume(cls, path: Path) -> RunFolder:
        """Open a run to continue it: whatever was logged after the last commit is cut off."""
        folder = cls.open(path)
        for name, length in folder.state["logs"].items():
            log = folder.log_path(name)
            size = log.stat().st_size if log.exists() else 0
            if size < length:
                raise RunError(f"{log} has {size} bytes, but the run had written {length}; the folder is damaged")
            os.truncate(log, length)
        return folder

    @property
    def config(self) -> str:
        """The settings as TOML; `selfplay.settings.files.stored_config` reads them.

        Raises:
            RunError: they cannot be read.
        """
        try:
            return (self.path / CONFIG).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RunError(f"{self.path / CONFIG} cannot be read ({error}); the run folder is damaged") from None

    def log_path(self, name: str) -> Path:
        return self.path / f"{name}.jsonl"

    def log(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows to a log; they reach the disk with the next `commit`.

        Raises:
            PluginError: no such log, or a row that is not JSON.
        """
        if name not in LOGS:
            raise PluginError(f"a run has no log {name!r}; it has {', '.join(LOGS)}")
        try:
            self._pending[name] += [json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows]
        except (TypeError, ValueError) as error:
            raise PluginError(f"a row of the log {name!r} cannot be written as JSON: {error}") from None

    def rows(self, name: str) -> Iterator[dict[str, Any]]:
        """All committed rows of a log, oldest first; a line torn by a crash, or still being written, is not read.

        Raises:
            RunError: the log is missing.
        """
        path, left = self.log_path(name), self.state["logs"].get(name)
        if left is None:  # a run of a version that did not keep this log
            return
        if not path.exists():
            raise RunError(f"{path} is missing; the run folder is incomplete")
        with open(path, "rb") as lines:  # bytes: json reads the lone surrogates a model may write
            for line in lines:
                left -= len(line)
                if left < 0:
                    return
                yield json.loads(line)

    def rows_from_end(self, name: str) -> Iterator[dict[str, Any]]:
        """All committed rows of a log, newest first; only as much of the file is read as is asked for."""
        end = self.state["logs"].get(name, 0)
        if not end:
            return
        with open(self.log_path(name), "rb") as log, mmap(log.fileno(), end, access=ACCESS_READ) as written:
            while end:
                begin = written.rfind(b"\n", 0, end - 1) + 1
                yield json.loads(written[begin:end])
                end = begin

    def commit(self, state: Mapping[str, Any]) -> None:
        """Make everything logged so far, and `state`, the point a resume continues from."""
        lengths = {name: self._append(name) for name in LOGS}
        self.state = {**state, "settings": self._settings, "logs": lengths}
        write_json(self.path / "state.json", self.state)

    def _append(self, name: str) -> int:
        lines, self._pending[name] = self._pending[name], []
        with open(self.log_path(name), "ab") as log:
            if lines:
                log.write("".join(lines).encode("utf-8", "surrogatepass"))
                log.flush()
                os.fsync(log.fileno())
            return log.tell()


def _digest(config: str) -> str:
    return hashlib.sha256(config.encode()).hexdigest()


def _checked_state(state: dict[str, Any], path: Path) -> dict[str, Any]:
    """The state of a run as far as this file knows it.

    Raises:
        RunError: a part is missing or of another type.
    """
    logs, settings = state.get("logs"), state.get("settings")
    sound = (
        isinstance(logs, dict)
        and all(name in LOGS and type(length) is int and length >= 0 for name, length in logs.items())
        and isinstance(settings, list)
        and all(type(state.get(name, 0)) is int and state.get(name, 0) >= 0 for name in ("round", "step"))
        and isinstance(state.get("phase", ""), str)
        and all(isinstance(state.get(name, {}), dict) for name in ("checkpoints", "references", "best", "hooks"))
    )
    if not sound:
        raise RunError(f"{path / 'state.json'} does not hold the state of a run; the run folder is damaged")
    return state


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Replace a JSON file atomically; see `write_text`."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False))


def write_text(path: Path, text: str) -> None:
    """Replace a file atomically: readers see the old file or the new one, never a part."""
    draft = path.with_name(path.name + ".draft")
    with open(draft, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
    sync_folder(path.parent)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        RunError: the file is missing or not JSON.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunError(f"{path} is missing; the run folder is incomplete") from None
    except ValueError as error:
        raise RunError(f"{path} is not valid JSON ({error}); the run folder is damaged") from None
    if not isinstance(value, dict):
        raise RunError(f"{path} should hold a JSON object, got {type(value).__name__}")
    return value


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries, so that a rename survives a power cut (POSIX only; elsewhere a no-op)."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
