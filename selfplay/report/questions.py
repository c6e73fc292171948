"""What the questions of each round were like, and a few of them to look at, each with its attempts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...core.math_language import read
from ...envs.game.domains import kinds_of
from ..run.labels import known_answers, labels_right
from ..run.question_log import question_of
from ..settings.config import CHALLENGER
from ..stats import mean
from ..storage.run_folder import RunFolder
from .summary_data import Row

SHOWN = 6
"""Questions shown per round."""
SHOWN_REFUSED = 3
"""Proposals shown per round that were not asked."""


@dataclass(slots=True)
class Answer:
    """The attempts at a question that gave one answer.

    Attributes:
        text: the answer; `None` when none was found.
        count: how many attempts gave it.
        matches: whether it matches the label.
        right: whether it equals the known answer; `None` where none is known.
        attempt: the first of these attempts, whole.
    """

    text: str | None
    count: int
    matches: bool
    right: bool | None
    attempt: str


@dataclass(slots=True)
class Sample:
    """One question to look at.

    Attributes:
        text, label, label_source, solve_rate, kept, valid: from the logs.
        label_right: whether the label equals the known answer; `None` where none is known.
        truth: the known answer, computed or given with the question.
        claimed: the answer its challenger gave; `None` where nobody claimed one.
        attempts: how many.
        answers: the attempts grouped by answer, the most frequent first.
    """

    text: str
    label: str | None
    label_source: str | None
    solve_rate: float
    kept: bool
    valid: bool
    label_right: bool | None
    truth: str | None
    claimed: str | None
    attempts: int
    answers: list[Answer]


@dataclass(slots=True)
class RoundQuestions:
    """The questions of one round.

    Attributes:
        operations, kept_operations: mean number of operations of those that can be read; `None` if none can.
        kinds: how many questions were asked of each kind, as their domains name kinds.
        level: mean level a curriculum asked for; `None` without one.
        right_by_rate: per solve rate, how many labels are right, and of how many that is known.
        samples: some questions that were labelled, over the whole range of solve rates.
        refused: some proposals that were not asked: (text, why).
    """

    number: int
    operations: float | None = None
    kept_operations: float | None = None
    kinds: Mapping[str, int] = field(default_factory=dict)
    level: float | None = None
    right_by_rate: Mapping[float, tuple[int, int]] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def read_questions(folder: RunFolder) -> list[RoundQuestions]:
    """Read questions, labels and, of the samples, the attempts; rounds that wrote no questions are left out."""
    rounds = []
    for number, rows in folder.by_round("questions", "attempts", "labels"):
        if rows["questions"]:
            labels = {row["index"]: row for row in rows["labels"]}
            found = _describe(number, rows["questions"], labels)
            written = {row["index"]: row for row in rows["questions"]}
            attempts = {row["index"]: row["attempts"] for row in rows["attempts"]}
            picked = _pick(list(labels.values()))
            found.samples = [_sample(written[index], labels[index], attempts[index]) for index in picked]
            rounds.append(found)
    return rounds


def _describe(number: int, rows: Sequence[Row], labels: Mapping[int, Row]) -> RoundQuestions:
    asked = [row for row in rows if row["dropped"] is None]
    readings = {row["index"]: read(row["text"]) for row in asked}
    known = {index: reading for index, reading in readings.items() if reading is not None}
    kinds = Counter(kinds_of([question_of(row) for row in asked]))
    levels = [row["level"] for row in asked if row["level"] is not None]
    kept = [reading.operations for index, reading in known.items() if index in labels and labels[index]["kept"]]
    refused = {row["text"]: row["dropped"] for row in rows if row["dropped"] is not None}
    malformed = [pair for pair in refused.items() if pair[1].startswith("malformed")]
    others = [pair for pair in refused.items() if not pair[1].startswith("malformed")]
    return RoundQuestions(
        number,
        operations=mean([reading.operations for reading in known.values()], None),
        kept_operations=mean(kept, None),
        kinds=kinds,
        level=mean(levels, None),
        right_by_rate=_right_by_rate(list(labels.values())),
        refused=(malformed + others)[:SHOWN_REFUSED],
    )


def _right_by_rate(labels: Sequence[Row]) -> dict[float, tuple[int, int]]:
    counts: dict[float, tuple[int, int]] = {}
    for row in labels:
        if row["label_right"] is not None:
            right, known = counts.get(row["solve_rate"], (0, 0))
            counts[row["solve_rate"]] = (right + row["label_right"], known + 1)
    return counts


def _pick(rows: Sequence[Row]) -> list[int]:
    """Indices of a few questions: evenly over the solve rates, and always one that would teach something wrong."""
    ranked = sorted(rows, key=lambda row: (-row["solve_rate"], row["index"]))
    if len(ranked) <= SHOWN:
        return [row["index"] for row in ranked]
    picked = [ranked[round(i * (len(ranked) - 1) / (SHOWN - 1))] for i in range(SHOWN)]
    misleading = [row for row in ranked if row["kept"] and row["label_right"] is False]
    if misleading and not any(row in misleading for row in picked):
        inner = range(1, SHOWN - 1)
        nearest = min(inner, key=lambda i: abs(picked[i]["solve_rate"] - misleading[0]["solve_rate"]))
        picked[nearest] = misleading[0]
        picked.sort(key=lambda row: -row["solve_rate"])
    return [row["index"] for row in picked]


def _sample(question: Row, label: Row, attempts: Sequence[str]) -> Sample:
    asked = question_of(question)
    groups: dict[tuple[str | None, bool], Answer] = {}
    for given, matches, attempt in zip(label["answers"], label["matches"], attempts, strict=True):
        if (given, matches) in groups:
            groups[given, matches].count += 1
        else:
            groups[given, matches] = Answer(given, 1, matches, None, attempt)
    answers = sorted(groups.values(), key=lambda group: (-group.count, not group.matches))
    found = labels_right([asked] * len(answers), [group.text for group in answers])
    for group, right in zip(answers, found, strict=True):
        group.right = right
    fields = {name: label[name] for name in ("label", "solve_rate", "kept", "valid", "label_right")}
    return Sample(
        question["text"],
        **fields,
        label_source=label.get("label_source"),
        truth=known_answers([asked])[0],
        claimed=question["reference"] if question.get("author") == CHALLENGER else None,
        attempts=len(attempts),
        answers=answers,
    )
