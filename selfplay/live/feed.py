"""The hook that writes `live.jsonl`: what a run does at this moment, for whoever watches (`docs/live.md`).

Nothing of it is part of the run: it is begun anew with every process, bounded, never read back, and draws nothing. When
it cannot be written, there is one warning, and no more of it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ...core.records import Question
from ..hooks import Answered, Hook, Step
from ..run.stage import Interrupted
from ..settings.parts import LiveConfig
from . import events
from .bounded_log import BoundedLog
from .resources import Resources

if TYPE_CHECKING:
    from ..evaluation import ExamResult
    from ..run.run import SelfPlay

NAME = "live.jsonl"
COUNT_EVERY_S = 0.25
"""Seconds between two lines that only count."""
SPEED_OVER_S = 10.0
"""Seconds that tokens per second are a mean over."""


class LiveFeed(Hook):
    """Writes while it is open as a context, unless it is off.

    Args:
        path: the run folder, which is there once the context is opened.
        settings: whether there is a feed, and how often it measures the machine.
        warn: tells people that the feed has ended, and why.
        clock: seconds that only go forward.
    """

    name = "live"

    def __init__(
        self,
        path: Path,
        settings: LiveConfig,
        warn: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path, self.settings, self.tell, self.clock = path, settings, warn, clock
        self._log: BoundedLog | None = None
        self._run: SelfPlay | None = None
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._counted, self._waiting = clock() - COUNT_EVERY_S, dict[str, Any]()
        self._attempts: dict[int, dict[str, Any]] = {}

    # --- a context ---

    def __enter__(self) -> LiveFeed:
        if not self.settings.on:
            return self
        try:
            self._log = BoundedLog(self.path / NAME)
        except OSError as error:
            self._give_up(error)
            return self
        if self.settings.resources_s:
            self._thread = threading.Thread(target=self._measure, name="live resources", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        self._add("end", reason=_reason(error))
        if self._log is not None:
            self._log.close()
            self._log = None

    # --- occasions ---

    def before_stage(self, run: SelfPlay) -> None:
        """See `Hook`."""
        self._run = run
        _, done, total = run.position
        self._add("phase", step=done, total=total)

    def count(self, done: int, total: int) -> None:
        """See `Hook`; what comes too soon waits, and is lost if more comes."""
        self._waiting = {"done": done, "total": total}
        if self.clock() - self._counted >= COUNT_EVERY_S:
            self._add_count()

    def after_writing(self, run: SelfPlay, source: str, written: Sequence[Question | str]) -> None:
        """See `Hook`."""
        self._add_all("questions", events.written(source, written))

    def after_attempts(self, run: SelfPlay, answered: Sequence[Answered]) -> None:
        """See `Hook`."""
        if self._log is None:
            return
        rows = [events.played(one.question, one.attempts, one.index, one.judgement) for one in answered]
        self._attempts |= {row["index"]: row for row in rows if row["index"] is not None}
        self._add_all("attempts", rows)

    def after_rows(self, run: SelfPlay, log: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """See `Hook`: what is decided about questions, further attempts at them, and how all were judged."""
        if self._log is None:
            return
        if log == "questions":
            self._attempts.clear()
            sources = list(run.config.questions.sources)
            self._add_all("questions", events.decided(rows, sources[0] if len(sources) == 1 else None))
        elif log == "attempts":
            self._add_all("attempts", self._further(run, rows))
        elif log == "labels":
            self._add_all("attempts", self._judged(run, rows))
        elif log == "metrics":
            self._add_all("exam", [found for row in rows for found in events.exams(row)])

    def after_step(self, run: SelfPlay, step: Step) -> None:
        """See `Hook`."""
        self._add("step", role=step.role, number=step.number, total=step.total, measures=events.shown(step.measures))

    def after_labels(self, run: SelfPlay, measures: Mapping[str, Any]) -> None:
        """See `Hook`."""
        self._add("labels", measures=events.shown(measures))

    def after_exam(self, run: SelfPlay, validation: ExamResult) -> None:
        """See `Hook`."""
        self._add_all("exam", [events.examined("validation", validation.summary())])

    def after_stage(self, run: SelfPlay) -> None:
        """See `Hook`."""
        self._add_count()

    def warn(self, run: SelfPlay | None, message: str) -> None:
        """See `Hook`."""
        self._add("alarm", message=message[: events.TEXT])

    def ask(self, run: SelfPlay, items: int, message: str) -> None:
        """See `Hook`."""
        self._add("waiting", items=items, message=message[: events.TEXT])

    # --- inside ---

    def _further(self, run: SelfPlay, rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """The attempts that nobody told of when they were made."""
        texts = {index: question.text for index, question in run.asked()}
        for row in rows:
            index = row["index"]
            if index not in self._attempts and index in texts:
                self._attempts[index] = events.attempted(index, texts[index], row["attempts"])
                yield self._attempts[index]

    def _judged(self, run: SelfPlay, rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """All attempts of the round again, with what was read in them; after them nobody asks for them any more."""
        if any(row["index"] not in self._attempts for row in rows):  # made by a process that was stopped
            list(self._further(run, run.rows("attempts")))
        for row in rows:
            if row["index"] in self._attempts:
                begun = self._attempts[row["index"]]
                yield events.judged(begun, row["answers"], row["solve_rate"], row["label"])
        self._attempts.clear()

    def _add(self, kind: str, **values: Any) -> None:
        self._add_all(kind, [values])

    def _add_count(self) -> None:
        if self._waiting:
            values, self._waiting, self._counted = self._waiting, {}, self.clock()
            self._add("count", **values)

    def _add_all(self, kind: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Lines of one kind, in one write; from any thread."""
        log, run = self._log, self._run
        if log is None or (lines := list(rows)) == []:
            return
        head = {"time": round(time.time(), 3), "kind": kind, "round": None, "phase": None}
        if run is not None:
            head |= run.here()
        try:
            log.add({**head, **line} for line in lines)
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        log, self._log = self._log, None
        if log is not None:
            log.close()
        self._over.set()
        why = error.strerror or error
        self.tell(f"{self.path / NAME} cannot be written ({why}): the run goes on, and cannot be watched any more")

    def _measure(self) -> None:
        """What the thread does."""
        resources, speed = Resources(self.path), Speed()
        while not self._over.wait(self.settings.resources_s):
            roles = {} if self._run is None else dict(self._run.roles)
            counts = {id(found): found for role in roles.values() if (found := getattr(role.agent, "counted", None))}
            total = sum(count.taken + count.sampled for count in counts.values())
            rate = speed.at(self.clock(), total)
            self._add("resources", **resources.measure(), tokens_per_s=rate)


class Speed:
    """Tokens per second over the last seconds, from a count that begins again when roles are made again."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()
        self._last = self._sum = 0

    def at(self, now: float, total: int) -> float | None:
        """The mean up to `now`, in seconds; `None` at the first call."""
        self._sum += max(0, total - self._last)
        self._last = total
        self._seen.append((now, self._sum))
        while len(self._seen) > 2 and now - self._seen[1][0] >= SPEED_OVER_S:
            self._seen.popleft()
        begun, before = self._seen[0]
        return round((self._sum - before) / (now - begun), 1) if now > begun else None


def _reason(error: BaseException | None) -> str:
    """How the run ended, in a word, and why."""
    if error is None:
        return "done"
    if isinstance(error, KeyboardInterrupt | Interrupted):
        return f"stopped: {error}" if str(error) else "stopped"
    return f"failed: {type(error).__name__}: {error}"[: events.TEXT]
