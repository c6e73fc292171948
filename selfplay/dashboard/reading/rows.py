"""The rows of a run's files, as far as they are shown; `docs/metrics.md` has them whole.

A row that is of another shape than a run writes is counted and passed over: folders are looked at while they are
written, after a crash, and after somebody has edited them.
"""

from __future__ import annotations

import json
from typing import Any, Generic, TypeVar

import msgspec

Row = TypeVar("Row", bound=msgspec.Struct)


class Place(msgspec.Struct):
    """What all rows have: where the run stood."""

    round: int = 0
    phase: str = ""


class Rate(msgspec.Struct):
    """An estimate with its 95 % interval."""

    value: float
    low: float
    high: float


class ExamSummary(msgspec.Struct):
    """The scores of an exam."""

    questions: int
    samples: int
    accuracy: Rate
    greedy: Rate | None = None
    majority: dict[str, Rate] = {}


class Exam(msgspec.Struct):
    """An exam without its counts."""

    summary: ExamSummary


class KindRow(msgspec.Struct):
    """The labelling of the questions of one kind."""

    asked: int = 0
    kept: int = 0
    kept_label_accuracy: float | None = None
    checked: int = 0
    disagreement: float | None = None


class SourceRow(msgspec.Struct):
    """The labelling of the questions of one source."""

    written: int = 0
    asked: int = 0
    kept: int = 0
    kept_label_accuracy: float | None = None
    solve_rate: float | None = None
    label_sources: dict[str, int] = {}


class Metrics(Place):
    """A row of `metrics.jsonl`: a training step, a labelling, an exam, a validation, or what a stage cost."""

    role: str | None = None
    step: int | None = None
    rows_trained: int = 1
    mean_reward: float | None = None
    reward_std: float | None = None
    reward_terms: dict[str, float | None] = {}
    uncertainty: float | None = None
    repetition: float | None = None
    band_share: float | None = None
    valid_share: float | None = None
    solve_rate: float | None = None
    clusters: float | None = None
    kl: float | None = None
    entropy: float | None = None
    zero_variance_share: float | None = None
    truncated_share: float | None = None
    mean_length: float | None = None
    loss: float | None = None
    grad_norm: float | None = None
    update_norm: float | None = None
    clip_share: float | None = None
    distinct_questions: float | None = None
    learning_rate: float | None = None
    written: int | None = None
    malformed: int = 0
    refused: int = 0
    repeated: int = 0
    held_out: int = 0
    asked: int = 0
    kept: int = 0
    kept_share: float | None = None
    label_accuracy: float | None = None
    kept_label_accuracy: float | None = None
    readable_share: float | None = None
    histogram: list[int] = []
    checked: int = 0
    disagreement: float | None = None
    by_kind: dict[str, KindRow] = {}
    by_source: dict[str, SourceRow] = {}
    exam: Exam | None = None
    best_round: int | None = None
    tokens_read: int = 0
    tokens_sampled: int = 0
    tokens_trained: int = 0
    tokens_examined: int = 0
    tokens_counted: int | None = None
    by_role: dict[str, dict[str, int]] = {}


class Guard(Place):
    """A row of `guard.jsonl`: an evaluation, or an event."""

    step: int | None = None
    event: str | None = None
    name: str = ""
    role: str | None = None
    value: float | None = None
    limit: float | None = None
    why: str = ""
    validation_loss: float | None = None
    best_validation_loss: float | None = None
    rate_scale: float | None = None
    unanswered_share: float | None = None
    consistency: float | None = None
    challenger_drift: float | None = None
    solver_drift: float | None = None


class Timing(Place):
    """A row of `timings.jsonl`."""

    seconds: float = 0.0
    cpu_s: float | None = None


class Written(Place):
    """A row of `questions.jsonl`."""

    index: int | None = None
    text: str = ""
    author: str = ""
    source: str | None = None
    level: float | None = None
    dropped: str | None = None


class Attempts(Place):
    """A row of `attempts.jsonl`."""

    index: int | None = None
    attempts: list[str] = []


class Check(msgspec.Struct):
    """How a label was checked."""

    agrees: bool | None = None


class Labelled(Place):
    """A row of `labels.jsonl`."""

    index: int | None = None
    label: str | None = None
    label_source: str = ""
    solve_rate: float = 0.0
    valid: bool = False
    kept: bool = False
    label_right: bool | None = None
    kind: str = ""
    check: Check | None = None
    answers: list[str | None] = []


class Gpu(msgspec.Struct):
    """One graphics processor at one moment."""

    name: str = ""
    percent: float | None = None
    memory_mb: float | None = None
    total_mb: float | None = None


class Live(msgspec.Struct):
    """A row of `live.jsonl`, of any kind; see `selfplay.live`."""

    kind: str
    time: float
    round: int | None = None
    phase: str | None = None
    step: int | None = None
    total: int | None = None
    done: int | None = None
    questions: list[Written] | int = []  # of an exam, how many
    index: int | None = None
    question: str = ""
    attempts: list[str] = []
    answers: list[str | None] = []
    votes: dict[str, int] = {}
    solve_rate: float | None = None
    label: str | None = None
    role: str | None = None
    number: int | None = None
    measures: dict[str, Any] = {}
    accuracy: float | None = None
    message: str = ""
    reason: str = ""
    cpu_percent: float | None = None
    memory_mb: float | None = None
    threads: int | None = None
    gpu: list[Gpu] = []
    tokens_per_s: float | None = None
    disk_free_mb: float | None = None
    run_mb: float | None = None


class Reading(Generic[Row]):
    """Reads lines as rows of one kind.

    Attributes:
        damaged: lines that are no such row.
    """

    def __init__(self, kind: type[Row]) -> None:
        self._kind, self.damaged = kind, 0
        self._decode = msgspec.json.Decoder(kind).decode

    def __call__(self, line: bytes) -> Row | None:
        """The row of a line; `None` for an empty line and for one that is no such row."""
        try:
            return self._decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self._again(line.strip(b"\0 \t\r"))  # a power cut leaves zeros

    def _again(self, line: bytes) -> Row | None:
        """The same by the standard library, which reads the lone surrogates that a model may write."""
        if not line:
            return None
        try:
            return msgspec.convert(json.loads(line), self._kind)
        except (ValueError, RecursionError, msgspec.ValidationError):
            self.damaged += 1
            return None
