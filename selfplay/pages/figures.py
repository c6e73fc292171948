"""Small figures for a page: drawn by matplotlib, returned as SVG text that stands inline and needs no file or font.

Text stays text (readable aloud, found by search, in the reader's own font); equal data give equal bytes. Colours are
the custom properties of `static/page.css`, so that a figure is dark on a dark page, and there is no `style` in it,
which a strict content security policy would refuse.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from .palette import palette
from .wording import name_in_figure, shown, width_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..stats import Estimate

INK, MUTED, GRID = (palette()[name].light for name in ("ink", "muted", "line"))
COLOURS = tuple(palette()[f"series-{number}"].light for number in range(1, 9))
SOLVER, CHALLENGER, GOOD, VOTE, OCHRE, *_ = COLOURS
BAD, BAND, BETWEEN = (palette()[name].light for name in ("bad", "band", "between"))
MARKERS = "osD^vPX*"
"""For things of which there are several: agents, kinds of questions, rounds."""
MANY = len(COLOURS)
"""Lines in one figure at most: as many as there are colours."""

SIZE = (4.4, 2.9)
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # a name with two dollars is a name
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
_FONT = re.compile(r"(?P<weight>bold |\d+ )?(?P<size>[\d.]+px)")
_PROPERTIES = {
    colours.light: f"var(--{name}, {colours.light})"
    for name, colours in reversed(palette().items())  # of equal ones the first
    if name not in ("ground", "surface")  # white is also the colour of text on a dark cell
}


def draw_svg(draw: Callable[[Axes], None], label: str, size: tuple[float, float] = SIZE) -> str:
    """One figure as an `<svg>` element.

    Args:
        draw: draws on the axes, and names figure and axes.
        label: what the figure shows, in a sentence, for those who do not see it; no two on a page are alike.
        size: inches; at 96 pixels each this is its natural size, and it shrinks with the page.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    out = io.StringIO()
    salted = {**_STYLE, "svg.hashsalt": label}  # ids differ between figures, and between runs they do not
    with mpl.rc_context(salted), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # the reader's own font is used
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots()
        draw(axes)
        check_named(axes)
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Format": None})
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.S)  # a style is one of the whole page
    svg = re.sub(r'(<g) id="[^"]*"', r"\1", svg)  # the same ids in every figure; nothing refers to them
    svg = re.sub(r'style="([^"]*)"', _attributes, svg)
    svg = re.sub(r'<svg ([^>]*?)height="[^"]*"', r"<svg \1", svg)
    svg = re.sub(r'<svg ([^>]*?)width="[^"]*"', r"<svg \1", svg, count=1)
    named = escape(shown(label))
    lines = 'stroke-linejoin="round" stroke-linecap="butt"'
    return svg.replace("<svg ", f'<svg role="img" aria-label="{named}" {lines} ', 1)


def check_named(axes: Axes) -> None:
    """A figure has a title and both axes have a name with their unit.

    Raises:
        ValueError: they have not.
    """
    found = {"title": axes.get_title("left"), "x axis": axes.get_xlabel(), "y axis": axes.get_ylabel()}
    if missing := [part for part, text in found.items() if not text]:
        raise ValueError(f"a figure needs a name of its {' and '.join(missing)}")


def svg_file(svg: str) -> str:
    """A figure of `draw_svg` as a file of its own: plain colours, and dark ones where the reader prefers these."""
    coloured = re.sub(r"var\(--[\w-]+, (#\w+)\)", r"\1", svg)
    dark = "".join(
        f'[{part}="{colours.light}"]{{{part}:{colours.dark}}}'
        for colours in palette().values()
        for part in ("fill", "stroke")
        if f'{part}="{colours.light}"' in coloured
    )
    style = f"<style>@media (prefers-color-scheme: dark) {{ {dark} }}</style>"
    return coloured.replace(">", f">{style}", 1) + "\n"


def _attributes(style: re.Match[str]) -> str:
    """A `style` as attributes, colours as custom properties of the page."""
    found: dict[str, str] = {}
    for declaration in filter(None, style[1].split(";")):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font":
            font = _FONT.match(value)
            found |= {"font-size": font["size"] if font else "10px", "font-family": "system-ui, sans-serif"}
            if font and font["weight"]:
                found["font-weight"] = font["weight"].strip()
        else:
            found[name] = _PROPERTIES.get(value, value)
    return " ".join(f'{name}="{value}"' for name, value in found.items())


def plot_rates(
    axes: Axes,
    x: Sequence[float],
    rates: Sequence[Estimate],
    label: str,
    colour: str,
    marker: str = "o",
    *,
    name_width: float = 13.0,
    **style: Any,
) -> None:
    """Estimates in per cent with their intervals as bars; the label is no wider than so many times its height."""
    values = [100 * rate.value for rate in rates]
    below = [100 * (rate.value - rate.low) for rate in rates]
    above = [100 * (rate.high - rate.value) for rate in rates]
    name = name_in_figure(label, name_width)
    axes.errorbar(x, values, yerr=[below, above], label=name, color=colour, marker=marker, capsize=2.5, **style)


def plot_row(axes: Axes, row: float, estimate: Estimate, colour: str, marker: str = "o", **style: Any) -> None:
    """An estimate with its interval as a bar that lies; in the unit of the estimate."""
    errors = [[estimate.value - estimate.low], [estimate.high - estimate.value]]
    axes.errorbar(estimate.value, row, xerr=errors, fmt=marker, color=colour, capsize=3, **style)


def rows_by_name(axes: Axes, names: Sequence[str], what: str) -> None:
    """A row for each name, the first one at the top, which stands above what is drawn at its height 0, 1, 2, …"""
    for row, name in enumerate(names):
        shown = name_in_figure(name, 30)
        axes.text(0, row - 0.34, shown, transform=axes.get_yaxis_transform(), fontsize=9, va="center", in_layout=False)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_ylim(len(names) - 0.5, -0.75)
    axes.set_ylabel(what)
    axes.grid(axis="x")


def rows_size(count: int) -> tuple[float, float]:
    """Inches of a figure with so many rows."""
    return SIZE[0], 0.42 * max(count, 2) + 1.2


def colour(index: int) -> str:
    """The colour of the i-th of several things; they repeat after eight."""
    return COLOURS[index % len(COLOURS)]


def per_cent(axes: Axes, what: str) -> None:
    """An axis of shares of something: from 0 to 100 %."""
    axes.set_ylim(0, 102)
    axes.set_yticks(range(0, 101, 25), [f"{value} %" for value in range(0, 101, 25)])
    axes.set_ylabel(what)


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
    handles, names = axes.get_legend_handles_labels()
    if not names:
        return
    width = max(map(width_of, names)) + 4  # with its line and the space between columns
    columns = max(1, min(columns, len(names), int(SIZE[0] * 72 / 9 / width)))
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.legend(handles, names, loc="outside lower center", ncols=columns, columnspacing=1.2, handlelength=1.6)
    lines = -(-len(names) // columns)
    figure.set_figheight(figure.get_figheight() + 0.18 * max(0, lines - 2))
