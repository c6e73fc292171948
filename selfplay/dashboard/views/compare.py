"""*Compare*: several runs in the same figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...pages.wording import percent
from ...stats import Estimate
from ..reading.run_reader import RunReader
from ..reading.run_state import STATUS
from ..reading.series import Series
from .curves import round_ticks
from .parts import Part, part
from .standing import standing_of
from .svg import Chart, Line, Point

MOST = 8
"""Runs that are compared at most: there are eight colours."""


def compare(runs: Sequence[tuple[str, RunReader]]) -> list[Part]:
    """The parts of the page.

    Args:
        runs: their names, as they are shown, and their readers.
    """
    rows = [_row(name, run) for name, run in runs]
    return [part("compare-table", rows=rows), part("compare-charts", charts=_charts(runs))]


def _row(name: str, run: RunReader) -> dict[str, Any]:
    standing, exams, labellings = standing_of(run), run.metrics.exams.items(), run.metrics.labellings.items()
    ends = [Estimate(one.accuracy.value, one.accuracy.low, one.accuracy.high) for _, one in (exams[:1] + exams[-1:])]
    last = labellings[-1][1] if labellings else None
    return {
        "name": name,
        "status": f"{STATUS[standing.status]}, {standing.text}",
        "base": percent(ends[0] if ends else None),
        "last": percent(ends[-1] if len(exams) > 1 else None),
        "labels": None if last is None else last.kept_label_accuracy,
        "kept": None if last is None else last.kept_share,
        "tokens": run.metrics.tokens,
        "seconds": run.timings.seconds,
    }


def _charts(runs: Sequence[tuple[str, RunReader]]) -> list[Chart]:
    by_round: list[tuple[str, str, Callable[[RunReader], list[Point]]]] = [
        ("Exam accuracy", "%", lambda run: [(float(n), exam.accuracy.value) for n, exam in run.metrics.exams.items()]),
        ("Kept labels right", "%", lambda run: _labelled(run, "kept_label_accuracy")),
        ("Asked labels right", "%", lambda run: _labelled(run, "label_accuracy")),
        ("Questions kept", "%", lambda run: _labelled(run, "kept_share")),
        ("Solve rate of the asked", "%", lambda run: _labelled(run, "solve_rate")),
    ]
    charts = []
    for title, unit, points_of in by_round:
        lines = [Line(name, points_of(run), str(i % MOST + 1)) for i, (name, run) in enumerate(runs)]
        rounds = sorted({int(x) for line in lines for x, _ in line.points})
        if rounds:
            charts.append(Chart(title, unit, lines, round_ticks(rounds), "round"))
    for role in sorted({role for _, run in runs for role in run.metrics.roles}):
        for name, title, unit in (
            ("mean_reward", "reward", "mean"),
            ("kl", "KL to the reference", "nats per token"),
            ("entropy", "entropy", "nats per token"),
        ):
            lines = [Line(shown, _steps(run, role, name), str(i % MOST + 1)) for i, (shown, run) in enumerate(runs)]
            if any(line.points for line in lines):
                charts.append(Chart(f"{role.capitalize()}: {title}", unit, lines, (), "training step"))
    return charts


def _labelled(run: RunReader, name: str) -> list[Point]:
    return [(float(n), value) for n, row in run.metrics.labellings.items() if (value := getattr(row, name)) is not None]


def _steps(run: RunReader, role: str, name: str) -> list[Point]:
    steps = run.metrics.roles.get(role)
    return (steps.curves.get(name) or Series()).points() if steps is not None else []
