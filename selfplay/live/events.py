"""The lines of `live.jsonl` but for time and place: what happened as plain JSON, with texts cut and numbers finite."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from ...core.records import Judgement, Question

TEXT = 2000
"""Characters of a text at most."""
ATTEMPTS = 8
"""Attempts at a question that are shown."""
TOGETHER = 64
"""Questions in a line at most."""
ANSWER = 200
"""Characters of an answer at most: programs are answers, too."""
DIFFERENT = 32
"""Different answers that are counted: the most frequent ones."""


def shown(value: Any) -> Any:
    """A value as a line can hold it: texts cut, numbers that are none `None`, anything strange as text."""
    if isinstance(value, str):
        return value[:TEXT]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, Mapping):
        return {str(name)[:TEXT]: shown(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [shown(one) for one in value]
    return str(value)[:TEXT]


def written(source: str, found: Sequence[Question | str]) -> Iterator[dict[str, Any]]:
    """Questions that somebody is writing: without an index yet, or a decision whether they are asked."""
    rows = []
    for one in found:
        text, level = (one, None) if isinstance(one, str) else (one.text, one.level)
        dropped = "malformed" if isinstance(one, str) else None
        rows.append({"index": None, "text": text, "source": source, "level": level, "dropped": dropped})
    return together(rows)


def decided(rows: Sequence[Mapping[str, Any]], only: str | None) -> Iterator[dict[str, Any]]:
    """Rows of the log `questions`.

    Args:
        only: the source of all of them, where they do not say it.
    """
    names = ("index", "text", "source", "level", "dropped")
    return together([{name: row.get(name, only if name == "source" else None) for name in names} for row in rows])


def together(rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Several lines where there are many questions."""
    for start in range(0, len(rows), TOGETHER):
        yield {"questions": shown(rows[start : start + TOGETHER])}


def attempted(index: int | None, question: str, attempts: Sequence[str]) -> dict[str, Any]:
    """Attempts at a question that nobody has judged."""
    unknown = {"answers": [], "votes": {}, "solve_rate": None, "label": None}
    return {"index": index, "question": question[:TEXT], "attempts": shown(attempts[:ATTEMPTS]), **unknown}


def judged(
    begun: Mapping[str, Any], answers: Sequence[str | None], solve_rate: float | None, label: str | None
) -> dict[str, Any]:
    """The same once they are judged.

    Args:
        begun: as `attempted` gave it.
        answers: one per attempt, `None` where none could be read.
    """
    votes = Counter(answer[:ANSWER] for answer in answers if answer is not None)
    each = [None if answer is None else answer[:ANSWER] for answer in islice(answers, ATTEMPTS)]
    counted = dict(votes.most_common(DIFFERENT))
    return {**begun, "answers": each, "votes": counted, "solve_rate": solve_rate, "label": shown(label)}


def played(question: Question, attempts: Sequence[str], index: int | None, judgement: Judgement | None) -> Any:
    """One of the two, as the hooks are told."""
    begun = attempted(index, question.text, attempts)
    if judgement is None:
        return begun
    answers = [verdict.answer for verdict in judgement.verdicts]
    return judged(begun, answers, judgement.solve_rate, judgement.label)
