"""What trackers are given of a run: numbers from rows of its logs, a table of completions, and the settings."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...core.protocols import Cell
from ..report.feedback import FEEDBACK
from ..settings.tree import flatten
from .redact import redacted, redacted_setting

if TYPE_CHECKING:
    from ..settings.config import RunConfig

TABLE = "completions"
COLUMNS = ("round", "index", "question", "label", "solve_rate", "kept", "attempt", "reward")
MOST_ROWS = 50
TEXT = 500
"""Characters of a text in a table."""
PLACE = ("round", "phase", "role", "step")
LONGEST_LIST = 16
"""Numbers of a list that are measures, such as a histogram; a longer one is data."""
_ODD = re.compile(r"[^\w ./:()=+-]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def numbers(row: Mapping[str, Any]) -> dict[str, float]:
    """The numeric measures of a row of `metrics.jsonl`, by name: `solver/loss` of a step of the solver,
    `feedback/labels/loss` of a part of `feedback`, else `PHASE/NAME`; nested names with a slash between. Counts per
    question, from which exams can be computed again, are data and left out."""
    place = str(row.get("role") or row.get("phase") or "run")
    if row.get("phase") == FEEDBACK and "part" in row:
        place = f"{FEEDBACK}/{row['part']}"
    rest = {name: value for name, value in row.items() if name not in PLACE}
    found = {_name(path): value for path, value in _numbers(rest, place)}
    return {"round": row["round"], **found} if found and "round" in row else found


def _numbers(value: Any, path: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, bool | int | float):
        if math.isfinite(value):
            yield path, value + 0
    elif isinstance(value, Mapping):
        for name, one in value.items():
            if name != "counts":
                yield from _numbers(one, path if name in ("summary", "value") else f"{path}/{name}")
    elif isinstance(value, list | tuple) and len(value) <= LONGEST_LIST:
        for index, one in enumerate(value):
            yield from _numbers(one, f"{path}/{index}")


def _name(path: str) -> str:
    return _ODD.sub("_", path)


def completions(
    number: int,
    labels: Sequence[Mapping[str, Any]],
    questions: Mapping[int, str],
    attempts: Mapping[int, Sequence[str]],
) -> list[list[Cell]]:
    """Rows of the table: questions of a round, evenly spread, with the first attempt at each, and whether that matches
    the label (the reward for learning it).

    Args:
        number: of the round.
        labels: rows of `labels.jsonl`.
        questions, attempts: by index.
    """
    count = min(MOST_ROWS, len(labels))
    rows: list[list[Cell]] = []
    for row in (labels[place * len(labels) // count] for place in range(count)):
        index = row["index"]
        first = next(iter(attempts.get(index, ())), None)
        reward = float(row["matches"][0]) if row["matches"] and first is not None else None
        label, texts = row["label"], (questions.get(index, ""), first)
        shown = [None if text is None else cut(text) for text in (texts[0], label, texts[1])]
        rows.append([number, index, shown[0], shown[1], row["solve_rate"], row["kept"], shown[2], reward])
    return rows


def cut(text: str) -> str:
    """A text as any tracker can hold it: short, valid Unicode, no control characters, no secrets."""
    valid = text[: 4 * TEXT].encode("utf-8", "replace").decode()
    return redacted(_CONTROL.sub("", valid))[:TEXT]


def hyperparameters(config: RunConfig) -> dict[str, str | int | float | bool]:
    """All settings by path, lists and tables as JSON."""
    found: dict[str, str | int | float | bool] = {}
    for path, value in flatten(config.as_dict()):
        shown = redacted_setting(path, value)
        found[path] = json.dumps(shown, ensure_ascii=False) if isinstance(shown, list | Mapping) else shown
    return found
