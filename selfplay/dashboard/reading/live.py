"""`live.jsonl`: what a run does at this moment, and what it uses of the machine."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from . import rows
from .series import Series
from .tallies import LATEST, LONGEST_TEXT, MOST_NAMES, SHOWN_ATTEMPTS

RESOURCES = ("cpu_percent", "memory_mb", "threads", "tokens_per_s", "disk_free_mb", "run_mb")
GPUS = 16
"""Graphics processors that are told apart at most."""


@dataclass(slots=True)
class Asked:
    """One question with the attempts at it, as far as they have come.

    Attributes:
        dropped: why it is not asked; `None` if it is.
        attempts: the first ones.
        answers: what was read in each; `None` where nothing could be.
        votes: attempts by answer.
        solve_rate, label: `None` until they are known.
        right: whether the label is the known answer; `None` where none is known.
    """

    round: int | None
    phase: str
    index: int | None
    text: str
    source: str | None = None
    level: float | None = None
    dropped: str | None = None
    attempts: list[str] = field(default_factory=list)
    answers: list[str | None] = field(default_factory=list)
    votes: dict[str, int] = field(default_factory=dict)
    solve_rate: float | None = None
    label: str | None = None
    kept: bool | None = None
    right: bool | None = None


class LiveTally:
    """The live feed.

    Attributes:
        time: of the last row, in seconds since 1970; `None` before any.
        phase: the row with which the present stage began.
        count: the row that counted last in it.
        step: the last training step.
        asked: the last questions, oldest first.
        alarms: the last ones.
        exam: the last validation.
        machine: measures of the machine over time, by name; `gpus` the same by processor.
        last: the last measurement of the machine.
        ended: why the run ended; `None` while it goes on.
    """

    def __init__(self) -> None:
        self.time: float | None = None
        self.phase: rows.Live | None = None
        self.count: rows.Live | None = None
        self.step: rows.Live | None = None
        self.asked: OrderedDict[tuple[object, ...], Asked] = OrderedDict()
        self.alarms: deque[rows.Live] = deque(maxlen=20)
        self.exam: rows.Live | None = None
        self.machine = {name: Series() for name in RESOURCES}
        self.gpus: dict[int, tuple[str, Series, Series]] = {}
        self.last: rows.Live | None = None
        self.ended: str | None = None
        self._kinds: dict[str, Callable[[rows.Live], None]] = {
            "phase": self._phase,
            "questions": self._questions,
            "attempts": self._attempts,
            "alarm": self.alarms.append,
            "resources": self._resources,
            "end": self._end,
        }

    def add(self, row: rows.Live) -> None:
        """Take one more row."""
        self.time = row.time if self.time is None else max(self.time, row.time)
        row.message = row.message[:LONGEST_TEXT]
        if row.kind in self._kinds:
            self._kinds[row.kind](row)
        elif row.kind == "count":
            self.count = row
        elif row.kind == "step":
            self.step = row
        elif row.kind == "exam":
            self.exam = row

    def _phase(self, row: rows.Live) -> None:
        self.phase, self.count, self.ended = row, None, None
        if self.step is not None and self.step.phase != row.phase:
            self.step = None

    def _questions(self, row: rows.Live) -> None:
        for one in row.questions if isinstance(row.questions, list) else ():
            asked = self._item(row, one.index, one.text)
            asked.source, asked.level, asked.dropped = one.source, one.level, one.dropped

    def _attempts(self, row: rows.Live) -> None:
        asked = self._item(row, row.index, row.question)
        asked.phase = row.phase or ""
        asked.attempts = [text[:LONGEST_TEXT] for text in row.attempts[:SHOWN_ATTEMPTS]]
        asked.answers, asked.solve_rate = row.answers[:SHOWN_ATTEMPTS], row.solve_rate
        asked.votes = dict(list(row.votes.items())[:MOST_NAMES])
        asked.label = None if row.label is None else row.label[:LONGEST_TEXT]

    def _item(self, row: rows.Live, index: int | None, text: str) -> Asked:
        """The question of a row, which moves to the end. Those of a challenger in training have no index."""
        text = text[:LONGEST_TEXT]
        key = (row.round, row.phase, text) if index is None else (row.round, index)
        found = self.asked.get(key)
        if found is None:
            found = self.asked[key] = Asked(row.round, row.phase or "", index, text)
            if len(self.asked) > 4 * LATEST:
                self.asked.popitem(last=False)
        self.asked.move_to_end(key)
        return found

    def _resources(self, row: rows.Live) -> None:
        self.last = row
        for name, series in self.machine.items():
            series.add(row.time, getattr(row, name))
        for number, gpu in enumerate(row.gpu[:GPUS]):
            if number not in self.gpus:
                self.gpus[number] = (gpu.name[:80], Series(), Series())
            _, percent, memory = self.gpus[number]
            percent.add(row.time, gpu.percent)
            memory.add(row.time, gpu.memory_mb)

    def _end(self, row: rows.Live) -> None:
        self.ended = row.reason[:LONGEST_TEXT] or "ended"
