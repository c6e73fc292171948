"""Header and cells as a table: for a terminal, as HTML, as Markdown; and numbers that fit JSON."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

NARROW = 120
"""Columns below which a terminal gets short tables."""

_INTERVAL = re.compile(r"\[([-+.\d]+), ([-+.\d]+)\]$")


def terminal_table(
    title: str, header: Sequence[str], cells: Sequence[Sequence[str]], *, width: int = NARROW, names: int = 1
) -> Table:
    """A table for `rich`.

    Args:
        width: columns of the terminal; below `NARROW` an interval is shown as half its width.
        names: how many of the first columns hold names, which stand at the left; numbers stand at the right.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for column, name in enumerate(header):
        table.add_column(Text(name), justify="left" if column < names else "right", overflow="fold")
    for row in shortened(cells) if width < NARROW else cells:
        table.add_row(*map(Text, row))
    return table


def html_table(header: Sequence[str], cells: Sequence[Sequence[str]], names: int = 1) -> str:
    """A table as HTML, everything escaped; the first `names` columns hold names, the others numbers."""
    top = "".join(
        f"<th{_left(column < names)}>{escape(name).replace('/', '/<wbr>')}</th>" for column, name in enumerate(header)
    )
    body = "".join(f"<tr>{_html_row(row, names)}</tr>" for row in cells)
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _html_row(row: Sequence[str], names: int) -> str:
    first, *others = (escape(cell) for cell in row)
    rest = "".join(f"<td{_left(column < names)}>{cell}</td>" for column, cell in enumerate(others, start=1))
    return f'<th scope="row">{first}</th>{rest}'


def _left(is_name: bool) -> str:
    return ' class="text"' if is_name else ""


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


def shortened(cells: Sequence[Sequence[str]]) -> list[list[str]]:
    """Cells with every interval at an end, "[41.9, 57.3]", as half its width, "±7.7"."""
    return [[_INTERVAL.sub(_half, cell) for cell in row] for row in cells]


def _half(interval: re.Match[str]) -> str:
    digits = len(interval[1].partition(".")[2])
    return f"±{(float(interval[2]) - float(interval[1])) / 2:.{digits}f}"


def finite(value: Any) -> Any:
    """A JSON value with `None` for every number that is not finite."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(key): finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return value
