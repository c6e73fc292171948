"""Tables of a run: flat rows with the same columns throughout, for pandas, polars and datasets in one line.

    pandas.DataFrame(tables(folder)["steps_solver"])         polars.DataFrame(…)         Dataset.from_list(…)

Objects become columns with dots: `exam.accuracy.value`, `reward_terms.uncertainty`. A column holds one type: a
count beside fractions becomes a fraction, and what has no one type is written as JSON. `None` stands where a row says
nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..storage.files import as_lines, write_text
from ..storage.run_folder import RunFolder
from .kinds import guard_kind_of, kind_of

Flat = dict[str, Any]
FOLDER = "tables"
"""Where `write_tables` puts them."""
COUNTS = "counts"
"""What an exam counted question by question: long lists, which stay in the log."""
SUMMARY = "summary"
"""The scores of an exam, which need no name of their own: `exam.accuracy.value`."""


def tables(folder: RunFolder) -> dict[str, list[Flat]]:
    """Every table of a run that has rows, by name; see `kinds.KINDS`."""
    found: dict[str, list[Flat]] = {}
    for row in folder.rows("metrics"):
        found.setdefault(kind_of(row), []).append(flat(row))
    for row in folder.rows("guard"):
        found.setdefault(guard_kind_of(row), []).append(flat(row))
    rows = [flat(row) for row in folder.rows("timings")]
    return {name: same_columns(rows) for name, rows in [*found.items(), ("timings", rows)] if rows}


def write_tables(folder: RunFolder) -> Path:
    """Write every table as `tables/NAME.jsonl` into the run folder; returns that folder."""
    path = folder.path / FOLDER
    path.mkdir(exist_ok=True)
    for name, rows in tables(folder).items():
        write_text(path / f"{name.replace('/', '-')}.jsonl", as_lines(rows).decode())
    return path


def flat(row: Mapping[str, Any], before: str = "") -> Flat:
    """A row whose objects have become columns."""
    found: Flat = {}
    for name, value in row.items():
        if isinstance(value, Mapping) and name == COUNTS:
            continue
        if isinstance(value, Mapping):
            found |= flat(value, before if name == SUMMARY else f"{before}{name}.")
        else:
            found[before + name] = value
    return found


def same_columns(rows: Iterable[Flat]) -> list[Flat]:
    """The rows with all columns of all of them, in the order of their first appearance, each of one type."""
    rows = list(rows)
    columns = {name: [row.get(name) for row in rows] for row in rows for name in row}
    typed = {name: _of_one_type(column) for name, column in columns.items()}
    return [dict(zip(typed, values, strict=True)) for values in zip(*typed.values(), strict=True)] or rows


def _of_one_type(column: list[Any]) -> list[Any]:
    """A column whose values have one type: as they are, as fractions, or as JSON."""
    values = [value for value in column if value is not None]
    kinds = {type(value) for value in values}
    if kinds == {list} and _have_one_type(one for value in values for one in value):
        return column
    if len(kinds) == 1 and kinds != {list}:
        return column
    if kinds == {int, float}:
        return [None if value is None else float(value) for value in column]
    return [None if value is None else json.dumps(value, ensure_ascii=False) for value in column]


def _have_one_type(values: Iterable[Any]) -> bool:
    """Whether values are nothing but numbers, texts, or truth values."""
    kinds = {type(value) for value in values if value is not None}
    return kinds <= {int, float} or kinds <= {str} or kinds <= {bool}
