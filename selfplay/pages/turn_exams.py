"""The exam of a turn game in words: how far the play could be exploited, and what it got from each opponent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .wording import in_per_cent

SHARES = "won/drawn/lost, %"
"""What a column of shares is called."""


def exam_cells(exam: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Names and values of what an exam measured, as `metrics.jsonl` has it."""
    for name, found in exam.items():
        if name == "exploitability":
            yield "exploitability", f"{found['exact']:.3f}"
            yield "of the mean of rounds", f"{found['mean_of_rounds']:.3f}"
            yield "of sampled moves", f"{found['sampled']:.3f}"
            yield "illegal moves, %", in_per_cent(found["illegal_share"], 0)
            continue
        for way, one in found.items():
            of = f"{name}, {way}" if len(found) > 1 else name
            yield f"{of}: reward", _with_interval(**one["reward"])
            shares = (in_per_cent(one[what]["value"], 0) for what in ("won", "drawn", "lost"))
            yield f"{of}: {SHARES}", "/".join(shares)


def exam_table(exams: Sequence[Mapping[str, Any]], unknown: str = "–") -> tuple[list[str], list[list[str]]]:
    """Names of all columns of several exams, and the values of each."""
    rows = [dict(exam_cells(exam)) for exam in exams]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return columns, [[row.get(name, unknown) for name in columns] for row in rows]


def _with_interval(value: float, low: float | None, high: float | None) -> str:
    """A mean reward; after one game there is no interval."""
    return f"{value:+.2f}" if low is None or high is None else f"{value:+.2f} [{low:+.2f}, {high:+.2f}]"
