"""Small figures for a page: drawn by matplotlib, returned as SVG text that stands inline and needs no file or font.

Text stays text (readable aloud, found by search, in the reader's own font); equal data give equal bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..stats import Estimate

INK, MUTED, GRID = "#1c2430", "#5b6675", "#e4e8ee"
SOLVER, CHALLENGER, VOTE = "#1f5fa8", "#c4560c", "#7a4ea3"
GOOD, BAD, BAND = "#2a7d4f", "#b3261e", "#fdf0c8"
BETWEEN = "#bcc6d2"
COLOURS = (SOLVER, CHALLENGER, GOOD, VOTE, "#8a6d00", "#0e7c86", "#a8326b", MUTED)
MARKERS = "osD^vPX*"
"""For things of which there are several: agents, kinds of questions, rounds."""

SIZE = (4.4, 2.9)
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": GRID,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "text.color": INK,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
    "legend.frameon": False,
    "legend.fontsize": 9,
}


def draw_svg(draw: Callable[[Axes], None], label: str, size: tuple[float, float] = SIZE) -> str:
    """One figure as an `<svg>` element.

    Args:
        draw: draws on the axes.
        label: what the figure shows, in a sentence, for those who do not see it; no two on a page are alike.
        size: inches; at 96 pixels each this is its natural size, and it shrinks with the page.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    out = io.StringIO()
    with mpl.rc_context({**_STYLE, "svg.hashsalt": label}):  # ids differ between figures, and between runs they do not
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.subplots())
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Format": None})
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r'(<g) id="[^"]*"', r"\1", svg)  # the same ids in every figure; nothing refers to them
    svg = re.sub(r"font: ([^;\"]*?px)[^;\"]*", r"font: \1 system-ui, sans-serif", svg)
    svg = re.sub(r'<svg ([^>]*?)height="[^"]*"', r"<svg \1", svg)
    svg = re.sub(r'<svg ([^>]*?)width="[^"]*"', r"<svg \1", svg, count=1)
    named = label.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return svg.replace("<svg ", f'<svg role="img" aria-label="{named}" ', 1)


def plot_rates(
    axes: Axes, x: Sequence[float], rates: Sequence[Estimate], label: str, colour: str, marker: str = "o", **style: Any
) -> None:
    """Estimates in per cent with their intervals as bars."""
    values = [100 * rate.value for rate in rates]
    below = [100 * (rate.value - rate.low) for rate in rates]
    above = [100 * (rate.high - rate.value) for rate in rates]
    axes.errorbar(x, values, yerr=[below, above], label=label, color=colour, marker=marker, capsize=2.5, **style)


def colour(index: int) -> str:
    """The colour of the i-th of several things; they repeat after eight."""
    return COLOURS[index % len(COLOURS)]


def per_cent(axes: Axes) -> None:
    """An axis of shares: from 0 to 100 %."""
    axes.set_ylim(0, 102)
    axes.set_yticks(range(0, 101, 25), [f"{value} %" for value in range(0, 101, 25)])


def round_ticks(axes: Axes, rounds: Sequence[int]) -> None:
    """Whole rounds on the x axis, not more than fit; round 0 is called by its name."""
    every = max(1, -(-len(rounds) // 9))
    shown = [number for i, number in enumerate(rounds) if i % every == 0]
    axes.set_xticks(shown, ["base" if number == 0 else str(number) for number in shown])
    axes.set_xlabel("round")
    if len(rounds) == 1:
        axes.set_xlim(rounds[0] - 1, rounds[0] + 1)


def legend(axes: Axes, columns: int = 1) -> None:
    """A legend below the axes, where it covers no data; nothing where nothing has a name."""
    if not axes.get_legend_handles_labels()[0]:
        return
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=columns, columnspacing=1.2, handlelength=1.6)
