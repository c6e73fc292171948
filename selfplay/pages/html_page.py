"""What result pages have in common: frame, tables and plots as HTML that needs nothing else; Markdown; clean JSON."""

from __future__ import annotations

import io
import math
import re
import shlex
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NARROW = 120
"""Columns below which a terminal gets short tables."""

_INTERVAL = re.compile(r"\[([-+.\d]+), ([-+.\d]+)\]$")

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 82rem; padding: 0 1rem; color: #1c2430; }
.wide { overflow-x: auto; } table { border-collapse: collapse; margin: .5rem 0 1.5rem; font-size: 13px; }
th, td { padding: .3rem .45rem; border-bottom: 1px solid #d8dee6; text-align: right; white-space: nowrap; }
th { vertical-align: bottom; white-space: normal; }
th:first-child, td:first-child, .named th:nth-child(2), .named td:nth-child(2) { text-align: left; }
.note { background: #fff5dc; border-left: 4px solid #e0a100; padding: .4rem .8rem; margin: .4rem 0; }
figure { margin: 1rem 0; } svg { max-width: 100%; height: auto; } footer { color: #657080; font-size: 13px; }
"""


def page(title: str, body: Sequence[str]) -> str:
    """A whole HTML page from its parts, which are HTML already; the title stands above them."""
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    shown = f"<h1>{escape(title)}</h1>{''.join(body)}"
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{shown}</body></html>\n'


def table(header: list[str], cells: list[list[str]], names: int = 1) -> str:
    """Header and cells as an HTML table, everything escaped; the first one or two columns are `names`."""
    top = "".join(f"<th>{escape(name).replace('/', '/<wbr>')}</th>" for name in header)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in cells)
    kind = ' class="named"' if names == 2 else ""
    return f'<div class="wide"><table{kind}><tr>{top}</tr>{body}</table></div>'


def markdown_table(header: Sequence[str], cells: Sequence[Sequence[str]]) -> list[str]:
    """Header and cells as the lines of a Markdown table."""
    rows = [header, ["---"] * len(header), *cells]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]


def provenance_line(known: Mapping[str, Any]) -> str:
    """Machine, versions, commit and command of `environment.describe_environment` in one sentence."""
    versions = ", ".join(f"{name} {number}" for name, number in known["versions"].items())
    commit = f", commit {known['commit']}" if known.get("commit") else ""
    machine = f"{known['system']} with {known['cpus']} CPUs, Python {known['python']}"
    return f"{machine}, {versions}{commit}, command `{shlex.join(known['command'])}`"


def shortened(cells: Sequence[Sequence[str]]) -> list[list[str]]:
    """Cells with every interval at an end, "[41.9, 57.3]", as half its width, "±7.7": for terminals below `NARROW`."""
    return [[_INTERVAL.sub(_half, cell) for cell in row] for row in cells]


def _half(interval: re.Match[str]) -> str:
    places = len(interval[1].partition(".")[2])
    return f"±{(float(interval[2]) - float(interval[1])) / 2:.{places}f}"


def inline_svg(figure: Figure) -> str:
    """A figure as an SVG element; the same figure gives the same text."""
    import matplotlib as mpl

    out = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "selfplay-gym"}):
        figure.savefig(out, format="svg", metadata={"Date": None})
    return "<svg" + out.getvalue().partition("<svg")[2]


def finite(value: Any) -> Any:
    """A JSON value with `None` for every number that is not finite."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(key): finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return value
