"""Charts as SVG without a style of their own: classes name the series, and `dashboard.css` gives them their colours.

Every mark lies inside the frame, numbers that are not finite are left out, and a curve has at most two points a pixel.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

from ...pages.wording import shown

WIDTH, HEIGHT = 400.0, 220.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 8.0, 8.0, 36.0
LARGEST = 1e15
SHARES = ("%", "share")
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """One curve.

    Attributes:
        label: what it is, for the legend.
        points: in order of x.
        series: which colour: "1" … "8", or "bad".
        style: "-", "--", ":" or "" for no line at all.
        bounds: for each point the ends of its interval; empty where there are none.
    """

    label: str
    points: Sequence[Point]
    series: str
    style: str = "-"
    bounds: Sequence[Point] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """One figure.

    Attributes:
        title: above it.
        unit: of y; "%" draws shares from 0 to 100 %, "share" draws them as far as they go.
        lines: the curves; those without points are left out.
        ticks: places on x, with their names.
        along: what x is.
        stripes: a stretch of x that is shaded.
        columns: draw stacked bars of this width in x instead of curves.
    """

    title: str
    unit: str
    lines: Sequence[Line]
    ticks: Sequence[tuple[float, str]] = ()
    along: str = ""
    stripes: Point | None = None
    columns: float | None = None

    @property
    def shown(self) -> list[Line]:
        """The lines that have points."""
        return [line for line in self.lines if any(_finite(point) for point in line.points)]

    @property
    def described(self) -> str:
        """The figure in a sentence, for those who do not see it."""
        ends = "; ".join(f"{shown(line.label, 60)} {_ends(line.points, self.unit)}" for line in self.shown)
        title = shown(self.title, 120)
        return f"{title}: {ends}." if ends else f"{title}: nothing yet."

    @property
    def svg(self) -> Markup:
        """The figure as an element."""
        return Markup(_Drawing(self).drawn())


class _Drawing:
    """A chart on its frame."""

    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self.lines = [(line, [point for point in line.points if _finite(point)]) for line in chart.shown]
        self.ticks = [(x, name) for x, name in chart.ticks if _finite((x, 0.0))]
        xs = [x for _, points in self.lines for x, _ in points] + [x for x, _ in self.ticks]
        half = chart.columns / 2 if chart.columns else 0.0
        self.left, self.right = (min(xs) - half, max(xs) + half) if xs else (0.0, 1.0)
        if self.right - self.left <= 1e-9 * abs(self.right):
            self.left, self.right = self.left - 0.5, self.right + 0.5
        self.low, self.high, self.steps = self._heights()
        self.names = self.ticks or self._numbers()

    def drawn(self) -> str:
        marks = self._grid() + self._stripes() + self._ticks()
        marks += self._columns() if self.chart.columns else "".join(self._line(*one) for one in self.lines)
        named = escape(self.chart.described)
        box = f"0 0 {WIDTH:g} {HEIGHT:g}"
        return f'<svg class="chart" viewBox="{box}" role="img" aria-label="{named}">{marks}</svg>'

    def _heights(self) -> tuple[float, float, list[float]]:
        if self.chart.unit == "%":
            return 0.0, 1.0, [0.0, 0.25, 0.5, 0.75, 1.0]
        if self.chart.columns:
            sums: dict[float, float] = {}
            for _, points in self.lines:
                for x, y in points:
                    sums[x] = sums.get(x, 0.0) + y
            values = list(sums.values())
        else:
            values = [y for line, points in self.lines for y in [*(y for _, y in points), *_flat(line.bounds)]]
        low, high = min([0.0, *values]), max([0.0, *values])
        if low == high:
            high = low + 1.0
        step = _round_step((high - low) / 4)
        low = 0.0 if low > -0.02 * step else low  # a divergence that is rounded below zero
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        return first * step, last * step, [number * step for number in range(first, last + 1)]

    def _numbers(self) -> list[tuple[float, str]]:
        """Round numbers along x, where nothing there has a name."""
        step = _round_step((self.right - self.left) / 5)
        first, last = math.ceil(self.left / step - 1e-9), math.floor(self.right / step + 1e-9)
        return [(number * step, _short(number * step)) for number in range(first, last + 1)]

    def _x(self, x: float) -> float:
        return LEFT + (x - self.left) / (self.right - self.left) * (WIDTH - LEFT - RIGHT)

    def _y(self, y: float) -> float:
        share = (min(max(y, self.low), self.high) - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def _grid(self) -> str:
        marks = []
        for value in self.steps:
            y = self._y(value)
            name = f"{100 * value:.3g} %" if self.chart.unit in SHARES else _short(value)
            marks.append(f'<path class="grid" d="M{LEFT:g} {y:.1f}H{WIDTH - RIGHT:g}"/>')
            marks.append(f'<text class="tick" x="{LEFT - 5:g}" y="{y + 3.5:.1f}" text-anchor="end">{name}</text>')
        return "".join(marks)

    def _stripes(self) -> str:
        if self.chart.stripes is None:
            return ""
        left, right = (self._x(min(max(x, self.left), self.right)) for x in self.chart.stripes)
        size = f'width="{right - left:.1f}" height="{HEIGHT - TOP - BOTTOM:g}"'
        return f'<rect class="stripe" x="{left:.1f}" y="{TOP:g}" {size}/>'

    def _ticks(self) -> str:
        every = max(1, -(-len(self.names) // 9))
        marks = [self._tick(self._x(x), name) for x, name in self.names[::every]]
        at = f'x="{(LEFT + WIDTH - RIGHT) / 2:g}" y="{HEIGHT - 5:g}"'
        along = f'<text class="tick" {at} text-anchor="middle">{escape(shown(self.chart.along, 60))}</text>'
        return "".join([*marks, along])

    def _tick(self, x: float, name: str) -> str:
        """A name under the axis, which does not leave the frame."""
        half = 3.2 * len(name)
        anchor = "end" if x + half > WIDTH else "start" if x - half < 0 else "middle"
        x = WIDTH - 1 if anchor == "end" and x > WIDTH - RIGHT - 1 else x
        at = f'x="{x:.1f}" y="{HEIGHT - BOTTOM + 14:g}"'
        return f'<text class="tick" {at} text-anchor="{anchor}">{escape(shown(name, 60))}</text>'

    def _line(self, line: Line, points: Sequence[Point]) -> str:
        few = len(points) <= 60
        path = "L".join(f"{self._x(x):.1f} {self._y(y):.1f}" for x, y in _thinned(points, self._x))
        style = {"--": " dashed", ":": " dotted"}.get(line.style, "")
        marks = [f'<path class="line s{line.series}{style}" d="M{path}"/>'] if line.style and len(points) > 1 else []
        if line.bounds:
            marks += [self._bar(line, point[0], bounds) for point, bounds in zip(points, line.bounds, strict=False)]
        if few:
            marks += [
                f'<circle class="dot s{line.series}" cx="{self._x(x):.1f}" cy="{self._y(y):.1f}" r="2.6"/>'
                for x, y in points
            ]
        return "".join(marks)

    def _bar(self, line: Line, x: float, bounds: Point) -> str:
        low, high = (self._y(y) for y in bounds)
        at, end = self._x(x), self._x(x) - 2.5
        path = f"M{at:.1f} {low:.1f}V{high:.1f}M{end:.1f} {low:.1f}h5M{end:.1f} {high:.1f}h5"
        return f'<path class="line s{line.series}" d="{path}"/>'

    def _columns(self) -> str:
        marks, below = [], dict[float, float]()
        width = 0.82 * (self.chart.columns or 0.0)
        for line, points in self.lines:
            for x, y in points:
                base = below.get(x, 0.0)
                below[x] = base + y
                left, right, top, bottom = (
                    self._x(x - width / 2),
                    self._x(x + width / 2),
                    self._y(base + y),
                    self._y(base),
                )
                marks.append(
                    f'<rect class="column s{line.series}" x="{left:.1f}" y="{top:.1f}" '
                    f'width="{right - left:.1f}" height="{bottom - top:.1f}"/>'
                )
        return "".join(marks)


def _thinned(points: Sequence[Point], x_of: Callable[[float], float]) -> Sequence[Point]:
    """At most the first, least, greatest and last point of every pixel column."""
    if len(points) <= 2 * WIDTH:
        return points
    found: list[Point] = []
    column: list[Point] = []
    at = None
    for point in points:
        pixel = int(x_of(point[0]))
        if pixel != at and column:
            found += sorted({min(column, key=lambda p: p[1]), max(column, key=lambda p: p[1])})
            column = []
        at = pixel
        column.append(point)
    return [*found, *sorted({min(column, key=lambda p: p[1]), max(column, key=lambda p: p[1]), column[-1]})]


def _finite(point: Point) -> bool:
    return all(abs(value) < LARGEST for value in point)  # false of what is no number


def _flat(bounds: Sequence[Point]) -> list[float]:
    return [value for pair in bounds for value in pair if math.isfinite(value)]


def _round_step(step: float) -> float:
    """The next of 1, 2, 2.5, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= step * (1 - 1e-9))


def _short(value: float) -> str:
    """A tick of an axis in few characters."""
    size = abs(value)
    for unit, name in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if size >= unit and size >= 1e4:
            return f"{value / unit:.4g}{name}"
    return f"{value:.4g}" if size >= 1e-4 or not value else f"{value:.2g}"


def _ends(points: Sequence[Point], unit: str) -> str:
    finite = [y for _, y in points if math.isfinite(y)]
    first, last = (f"{100 * y:.1f} %" if unit in SHARES else f"{y:.3g}" for y in (finite[0], finite[-1]))
    return first if len(finite) == 1 else f"from {first} to {last}"
