"""The hook that tells the trackers of a run (`trackers` in its settings); `docs/trackers.md` says what they get.

The step of a measure is the number of its row in `metrics.jsonl`: it grows over the whole run, and a resumed run, which
writes the rows of the killed process again, gives them the same steps. A tracker that fails is left, with one warning.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ...core.errors import ConfigError
from ...core.options import parse_named
from ...core.protocols import TrackedRun, Tracker
from ...core.registries import make_tracker
from ..hooks import Hook
from ..run.stage import Interrupted
from ..storage.files import DamageError, read_json, write_text
from .measures import COLUMNS, TABLE, completions, cut, hyperparameters, numbers
from .redact import redacted

if TYPE_CHECKING:
    from ..run.run import SelfPlay
    from ..settings.config import RunConfig
    from ..storage.run_folder import RunFolder

NAMED = "trackers.json"
"""Under what name trackers know the run: it is no part of its state, so that a run with trackers equals one without."""


class Trackers(Hook):
    """Tells while it is open as a context.

    Args:
        config: the settings of the run; its trackers are made at once.
        folder: the run folder, which is there once the context is opened.
        warn: tells people which tracker failed, and why.

    Raises:
        ConfigError: a tracker that nobody knows, with options that it does not take, or named twice.
        MissingExtraError: one whose library is not installed.
    """

    name = "trackers"

    def __init__(self, config: RunConfig, folder: RunFolder, warn: Callable[[str], None]) -> None:
        self.config, self.folder, self.tell, self.step = config, folder, warn, 0
        self.trackers = made(config.trackers)

    def __enter__(self) -> Trackers:
        if not self.trackers:
            return self
        self.step = sum(1 for _ in self.folder.rows("metrics"))
        path = self.folder.path.absolute()
        try:
            own = run_id(path)
        except OSError as error:
            self.tell(f"{path / NAMED} cannot be written ({error.strerror or error}): the run goes on without trackers")
            self.trackers = {}
        else:
            settings = hyperparameters(self.config)
            self._each(lambda tracker: tracker.begin(TrackedRun(path.name, own, path, {**settings}, self.step)))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        asked = isinstance(error, KeyboardInterrupt | Interrupted)
        self._each(lambda tracker: tracker.end("done" if error is None else "stopped" if asked else "failed"))
        self.trackers = {}

    def after_rows(self, run: SelfPlay, log: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """See `Hook`."""
        if not self.trackers:
            return
        if log == "labels":
            self._tabulate(run, rows)
        for row in rows if log == "metrics" else ():
            if found := numbers(row):
                self._each(partial(_log, found, self.step))
            self.step += 1

    def _tabulate(self, run: SelfPlay, labels: Sequence[Mapping[str, Any]]) -> None:
        texts = {index: question.text for index, question in run.asked()}
        attempts = {row["index"]: row["attempts"] for row in run.rows("attempts")}
        table = completions(run.round, labels, texts, attempts)
        self._each(lambda tracker: tracker.table(TABLE, COLUMNS, [[*row] for row in table], self.step))

    def _each(self, tell: Callable[[Tracker], None]) -> None:
        """Tell all, each with values of its own; whoever fails, or ends the process, is left."""
        for name, tracker in [*self.trackers.items()]:
            try:
                tell(tracker)
            except (Exception, SystemExit, GeneratorExit) as error:  # noqa: BLE001 - no other's failure ends a run
                del self.trackers[name]
                self.tell(f"the tracker {redacted(name)} failed and is left ({said(error)}); the run goes on")


def _log(measures: Mapping[str, float], step: int, tracker: Tracker) -> None:
    tracker.log({**measures}, step)


def said(error: BaseException) -> str:
    """What an error says, on one line that any terminal can print, without secrets."""
    try:
        message = str(error)
    except Exception as other:  # noqa: BLE001 - the message is somebody else's code, too
        message = f"its message cannot be read, {type(other).__name__}"
    return " ".join(cut(f"{type(error).__name__}: {message}").split())[:400]


def made(names: Sequence[str]) -> dict[str, Tracker]:
    """The trackers of the settings, by name.

    Raises:
        ConfigError: nobody knows one of them, or it is named twice.
        MissingExtraError: its library is not installed.
    """
    found: dict[str, Tracker] = {}
    for what in names:
        name = parse_named(what).name
        if name in found:
            raise ConfigError(f"trackers has {name!r} twice: a run is kept once by each")
        found[name] = make_tracker(what)
    return found


def run_id(path: Path) -> str:
    """The run's own name for trackers, made when it is first asked for, and kept in its folder."""
    file = path / NAMED
    try:
        known = str(read_json(file).get("id", "")) if file.exists() or file.is_symlink() else ""
    except DamageError:
        known = ""
    if len(known) == 12 and set(known) <= set("0123456789abcdef"):
        return known
    made_now = secrets.token_hex(6)
    write_text(file, f'{{"id": "{made_now}"}}\n')
    return made_now
