"""What result pages have in common: the style, tables and plots as HTML that needs nothing else, and clean JSON."""

from __future__ import annotations

import io
import math
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; color: #1c2430; }
.wide { overflow-x: auto; } table { border-collapse: collapse; margin: .5rem 0 1.5rem; font-size: 13px; }
th, td { padding: .3rem .45rem; border-bottom: 1px solid #d8dee6; text-align: right; white-space: nowrap; }
th:first-child, td:first-child, .named th:nth-child(2), .named td:nth-child(2) { text-align: left; }
.note { background: #fff5dc; border-left: 4px solid #e0a100; padding: .4rem .8rem; margin: .4rem 0; }
figure { margin: 1rem 0; } svg { max-width: 100%; height: auto; } footer { color: #657080; font-size: 13px; }
"""


def table(header: list[str], cells: list[list[str]], names: int = 1) -> str:
    """Header and cells as an HTML table, everything escaped; the first one or two columns are `names`."""
    top = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in cells)
    kind = ' class="named"' if names == 2 else ""
    return f'<div class="wide"><table{kind}><tr>{top}</tr>{body}</table></div>'


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
