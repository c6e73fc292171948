"""*Resources*: processor, memory, graphics processor, speed and disk; and what each stage has cost."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import datetime

from ...pages.tables import html_table
from ...report.cost import StageCost, cost_table
from ..reading.run_reader import RunReader
from ..reading.series import Series
from ..reading.tallies import add_cost
from .parts import Part, part
from .svg import Chart, Line

MB = 2**20
MEASURES = (
    ("cpu_percent", "Processor", "% of one core", "1"),
    ("memory_mb", "Memory", "MB", "2"),
    ("tokens_per_s", "Speed", "tokens sampled per second", "3"),
    ("threads", "Threads", "of the run's process", "8"),
    ("disk_free_mb", "Free on the disk", "MB", "6"),
    ("run_mb", "The run folder", "MB", "4"),
)


def resources(run: RunReader) -> list[Part]:
    """The parts of the page."""
    from markupsafe import Markup

    costs = costs_of(run)
    return [
        part("machine", charts=[*_machine(run), *_gpus(run)], last=run.live.last, free_mb=_free_mb(run), stages=_stages(run)),
        part("costs", table=Markup(html_table(*cost_table(costs))) if costs else None),  # html_table escapes
    ]


def costs_of(run: RunReader) -> list[StageCost]:
    """What each stage has cost so far: time from one log, tokens from the other."""
    costs: dict[str, StageCost] = {}
    for one in (*run.timings.costs.values(), *run.metrics.costs.values()):
        add_cost(costs, one)
    return list(costs.values())


def _machine(run: RunReader) -> list[Chart]:
    return [
        Chart(title, unit, [Line(title.lower(), _since(series, run), number)], _clock_ticks(series), "time of day")
        for name, title, unit, number in MEASURES
        if (series := run.live.machine[name])
    ]


def _gpus(run: RunReader) -> list[Chart]:
    charts = []
    for title, unit, which in (("Graphics processor", "% busy", 1), ("Memory of the graphics processor", "MB", 2)):
        lines, ticks = [], list[tuple[float, str]]()
        for number, gpu in run.live.gpus.items():
            series = gpu[which]
            assert isinstance(series, Series)
            if series:
                lines.append(Line(f"{number}: {gpu[0]}", _since(series, run), str(number % 8 + 1)))
                ticks = _clock_ticks(series)
        if lines:
            charts.append(Chart(title, unit, lines, ticks, "time of day"))
    return charts


def _stages(run: RunReader) -> list[Chart]:
    """Where there is no live feed: the processor by stage."""
    busy = run.timings.busy
    return [Chart("Processor, by stage", "% of one core", [Line("processor", busy.points(), "1")], (), "stage")] if busy else []


def _since(series: Series, run: RunReader) -> Sequence[tuple[float, float]]:
    return series.points()


def _clock_ticks(series: Series) -> list[tuple[float, str]]:
    """A few times of day, in the zone of this machine."""
    points = series.points()
    first, last = points[0][0], points[-1][0]
    places = [first] if last - first < 1 else [first + i * (last - first) / 4 for i in range(5)]
    form = "%H:%M:%S" if last - first < 600 else "%H:%M" if last - first < 86_400 else "%d.%m. %H:%M"
    return [(at, _clock(at, form)) for at in places]


def _clock(at: float, form: str) -> str:
    try:
        return datetime.fromtimestamp(at).strftime(form)
    except (ValueError, OverflowError, OSError):
        return "?"


def _free_mb(run: RunReader) -> float | None:
    """Free on the disk of the run folder."""
    try:
        return shutil.disk_usage(run.path).free / MB
    except OSError:
        return None
