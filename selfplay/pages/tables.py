"""Header and cells as a table: as HTML, as Markdown; and numbers that fit JSON. For a terminal: `terminal_table`."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from html import escape
from typing import Any

from ...envs.views.rendering.pieces import with_code
from .wording import shown

NARROW = 120
"""Columns below which a terminal gets short tables."""
NONE = "–"
LONGEST_CELL = 300
"""Characters of a cell of a page at most."""
LONG_NAME = 24
"""Characters of a name from which on it gets several lines of a fair width."""

_INTERVAL = re.compile(r"(?<=\d )\[([-+]?\d+(?:\.\d+)?), ([-+]?\d+(?:\.\d+)?)\]$", re.ASCII)


def html_table(header: Sequence[str], cells: Sequence[Sequence[str]], names: int = 1, *, label: str = "Table") -> str:
    """A table as HTML, everything escaped; where it is wider than the page it scrolls in a box of its own.

    Args:
        names: how many of the first columns hold names, the others numbers.
        label: what it shows, for those who come to the box by keyboard.
    """
    top = "".join(
        f"<th{_left(column < names)}>{(_escaped(name) or NONE).replace('/', '/<wbr>')}</th>"
        for column, name in enumerate(header)
    )
    body = "".join(f"<tr>{_html_row(row, names)}</tr>" for row in cells)
    table = f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="wide" tabindex="0" role="group" aria-label="{_escaped(label)}">{table}</div>'


def _html_row(row: Sequence[str], names: int) -> str:
    first, *others = (with_code(_fit(cell)) or NONE for cell in row)
    rest = "".join(f"<td{_left(column < names, cell)}>{cell}</td>" for column, cell in enumerate(others, start=1))
    return f'<th scope="row"{_left(True, first)}>{first}</th>{rest}'


def _escaped(text: str) -> str:
    return escape(_fit(text))


def _fit(text: str) -> str:
    return shown(text, LONGEST_CELL).strip()


def _left(is_name: bool, text: str = "") -> str:
    return "" if not is_name else ' class="text long"' if len(text) > LONG_NAME else ' class="text"'


def markdown_table(header: Sequence[str], cells: Sequence[Sequence[str]]) -> list[str]:
    """A table as lines of Markdown."""
    rows = [header, ["---"] * len(header), *cells]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]


def provenance_line(known: Mapping[str, Any]) -> str:
    """Machine, versions, commit and command of `provenance.describe_environment` in one sentence."""
    versions = ", ".join(f"{name} {number}" for name, number in known["versions"].items())
    commit = f", commit {known['commit']}" if known.get("commit") else ""
    machine = f"{known['system']} with {known['cpus']} CPUs, Python {known['python']}"
    return f"{machine}, {versions}{commit}, command `{shlex.join(known['command'])}`"


def shortened(cells: Sequence[Sequence[Any]], names: int = 1) -> list[list[Any]]:
    """Cells with the ends of every interval rounded outwards by one digit, "50.0 [41.9, 57.3]" as "50.0 [41,58]".

    The first columns, as many as `names`, and cells that are no plain text stay as they are.

    Intervals of scores reach further to one side, so that half their width (±) would be wrong on both.
    """
    return [
        [*row[:names], *(shorter(cell) if isinstance(cell, str) else cell for cell in row[names:])] for row in cells
    ]


def shorter(cell: str) -> str:
    """One cell of `shortened`: a number with an interval; any other stays as it is."""
    return _INTERVAL.sub(_outwards, cell)


def _outwards(interval: re.Match[str]) -> str:
    digits = max(0, len(interval[1].partition(".")[2]) - 1)
    step, sign = Decimal(1).scaleb(-digits), "+" if interval[1][0] in "+-" and interval[2][0] in "+-" else ""
    low, high = (
        Decimal(end).quantize(step, rounding=way)
        for end, way in ((interval[1], ROUND_FLOOR), (interval[2], ROUND_CEILING))
    )
    return f"[{low + 0:{sign}},{high + 0:{sign}}]"  # no blank: a terminal breaks lines there


def finite(value: Any) -> Any:
    """A JSON value with `None` for every number that is not finite."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(key): finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return value
