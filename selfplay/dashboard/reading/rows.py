"""The rows of a run's files, as far as they are shown; `docs/metrics.md` has them whole.

A row that is of another shape than a run writes is counted and passed over: folders are looked at while they are
written, after a crash, and after somebody has edited them.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Generic, NoReturn, TypeVar

import msgspec

Row = TypeVar("Row", bound=msgspec.Struct)

Whole = Annotated[int, msgspec.Meta(ge=-(10**14), le=10**14)]
"""A count or a place; a greater one is none that a run writes, and could not be drawn or added up."""
Number = Annotated[float, msgspec.Meta(ge=-1e100, le=1e100)]
"""A measure, which is finite, and stays so when it is multiplied."""


class Place(msgspec.Struct):
    """What all rows have: where the run stood."""

    round: Whole = 0
    phase: str = ""


class Rate(msgspec.Struct):
    """An estimate with its 95 % interval."""

    value: Number
    low: Number
    high: Number


class ExamSummary(msgspec.Struct):
    """The scores of an exam."""

    questions: Whole
    samples: Whole
    accuracy: Rate
    greedy: Rate | None = None
    majority: dict[str, Rate] = {}


class Exam(msgspec.Struct):
    """An exam without its counts."""

    summary: ExamSummary


class KindRow(msgspec.Struct):
    """The labelling of the questions of one kind."""

    asked: Whole = 0
    kept: Whole = 0
    kept_label_accuracy: Number | None = None
    checked: Whole = 0
    disagreement: Number | None = None


class SourceRow(msgspec.Struct):
    """The labelling of the questions of one source."""

    written: Whole = 0
    asked: Whole = 0
    kept: Whole = 0
    kept_label_accuracy: Number | None = None
    solve_rate: Number | None = None
    label_sources: dict[str, Whole] = {}


class GamesRow(msgspec.Struct):
    """Games of a learner with one opponent of its league."""

    won: Whole = 0
    drawn: Whole = 0
    lost: Whole = 0


class MemberRow(msgspec.Struct):
    """What one member of a coalition did in a labelling."""

    reliability: Number | None = None
    answered: Number | None = None
    agrees: Number | None = None


class CoalitionRow(msgspec.Struct):
    """The members of a coalition in a labelling."""

    chance: Number | None = None
    members: dict[str, MemberRow] = {}


class Metrics(Place):
    """A row of `metrics.jsonl`: a training step, a labelling, an exam, a validation, or what a stage cost."""

    role: str | None = None
    part: str | None = None
    step: Whole | None = None
    rows_trained: Whole = 1
    mean_reward: Number | None = None
    reward_std: Number | None = None
    reward_terms: dict[str, Number | None] = {}
    uncertainty: Number | None = None
    repetition: Number | None = None
    band_share: Number | None = None
    valid_share: Number | None = None
    solve_rate: Number | None = None
    clusters: Number | None = None
    kl: Number | None = None
    entropy: Number | None = None
    zero_variance_share: Number | None = None
    truncated_share: Number | None = None
    mean_length: Number | None = None
    loss: Number | None = None
    grad_norm: Number | None = None
    update_norm: Number | None = None
    clip_share: Number | None = None
    distinct_questions: Number | None = None
    learning_rate: Number | None = None
    margin: Number | None = None
    preferred_share: Number | None = None
    taken_back: bool | None = None
    held_out_loss: Number | None = None
    held_out_accuracy: Number | None = None
    written: Whole | None = None
    malformed: Whole = 0
    refused: Whole = 0
    repeated: Whole = 0
    held_out: Whole = 0
    asked: Whole = 0
    kept: Whole = 0
    kept_share: Number | None = None
    label_accuracy: Number | None = None
    kept_label_accuracy: Number | None = None
    readable_share: Number | None = None
    histogram: list[Whole] = []
    checked: Whole = 0
    disagreement: Number | None = None
    by_kind: dict[str, KindRow] = {}
    by_source: dict[str, SourceRow] = {}
    league: dict[str, GamesRow] = {}
    coalition: CoalitionRow | None = None
    exam: Exam | None = None
    best_round: Whole | None = None
    tokens_read: Whole = 0
    tokens_sampled: Whole = 0
    tokens_trained: Whole = 0
    tokens_examined: Whole = 0
    tokens_counted: Whole | None = None
    by_role: dict[str, dict[str, Whole]] = {}


class Guard(Place):
    """A row of `guard.jsonl`: an evaluation, or an event."""

    step: Whole | None = None
    event: str | None = None
    name: str = ""
    role: str | None = None
    value: Number | None = None
    limit: Number | None = None
    why: str = ""
    validation_loss: Number | None = None
    best_validation_loss: Number | None = None
    rate_scale: Number | None = None
    unanswered_share: Number | None = None
    consistency: Number | None = None
    challenger_drift: Number | None = None
    solver_drift: Number | None = None


class Timing(Place):
    """A row of `timings.jsonl`."""

    seconds: Number = 0.0
    cpu_s: Number | None = None


class Written(Place):
    """A row of `questions.jsonl`."""

    index: Whole | None = None
    text: str = ""
    author: str = ""
    source: str | None = None
    level: Number | None = None
    dropped: str | None = None


class Attempts(Place):
    """A row of `attempts.jsonl`."""

    index: Whole | None = None
    attempts: list[str] = []


class Check(msgspec.Struct):
    """How a label was checked."""

    agrees: bool | None = None


class Labelled(Place):
    """A row of `labels.jsonl`."""

    index: Whole | None = None
    label: str | None = None
    label_source: str = ""
    solve_rate: Number = 0.0
    valid: bool = False
    kept: bool = False
    label_right: bool | None = None
    kind: str = ""
    check: Check | None = None
    answers: list[str | None] = []


class Gpu(msgspec.Struct):
    """One graphics processor at one moment."""

    name: str = ""
    percent: Number | None = None
    memory_mb: Number | None = None
    total_mb: Number | None = None


class Live(msgspec.Struct):
    """A row of `live.jsonl`, of any kind; see `selfplay.live`."""

    kind: str
    time: Number
    round: Whole | None = None
    phase: str | None = None
    step: Whole | None = None
    total: Whole | None = None
    done: Whole | None = None
    questions: list[Written] | Whole = []  # of an exam, how many
    index: Whole | None = None
    question: str = ""
    attempts: list[str] = []
    answers: list[str | None] = []
    votes: dict[str, Whole] = {}
    solve_rate: Number | None = None
    label: str | None = None
    role: str | None = None
    number: Whole | None = None
    measures: dict[str, Any] = {}
    accuracy: Number | None = None
    message: str = ""
    reason: str = ""
    cpu_percent: Number | None = None
    memory_mb: Number | None = None
    threads: Whole | None = None
    gpu: list[Gpu] = []
    tokens_per_s: Number | None = None
    disk_free_mb: Number | None = None
    run_mb: Number | None = None


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
            return msgspec.convert(json.loads(line, parse_constant=_refused), self._kind)
        except (ValueError, RecursionError, msgspec.ValidationError):
            self.damaged += 1
            return None


def _refused(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
