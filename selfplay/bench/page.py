"""A benchmark as one HTML page that needs nothing else: the tables, and the figures of every suite."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exams.result import By
from ..pages.figures import GRID, colour, draw_svg, legend
from ..pages.html_page import figures, page, warnings
from ..pages.tables import html_table
from .run import BenchReport
from .table import breakdown_tables, comparison_rows, origin, rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MEANINGS = """Per cent, with 95 % intervals over questions. Strict: right and boxed exactly once; lenient: right, or the
reference mentioned anywhere. p̂ error: calibration error of the vote's share. Invalid: samples without an answer; cut
off: samples at the token limit. Tokens, seconds: per right sample. Peak: resident memory while answering."""
COMPARED = """Points on the same questions, against the first agent; exact sign-flip test (McNemar's for greedy
answers). Better/worse: on how many questions."""

Draw = Callable[["Axes", BenchReport, str], None]


def to_html(report: BenchReport, title: str = "Benchmark") -> str:
    """The whole page as text."""
    body = warnings(report.warnings())
    body += ["<h2>Scores</h2>", html_table(*rows(report), names=2), f"<p>{escape(MEANINGS)}</p>"]
    if report.comparisons:
        body += ["<h2>Paired comparisons</h2>", html_table(*comparison_rows(report), names=2)]
        body.append(f"<p>{escape(COMPARED)}</p>")
    body += [f"<p>Contamination: {escape(line)}.</p>" for line in report.contamination_lines()]
    for suite in report.suites:
        body += [f"<h2>{escape(suite.name)}</h2>", f"<p>{escape(suite.source)}, content {suite.digest}</p>"]
        body.append(figures(suite_figures(report, suite.name)))
    for name, table in breakdown_tables(report):
        body += [f"<h2>{name}</h2>", html_table(*table, names=2)]
    return page(title, [*body, f"<footer>{escape(origin(report))}</footer>"])


def suite_figures(report: BenchReport, suite: str) -> list[str]:
    """Accuracy per agent, pass@k, reliability of p̂ and accuracy per level of one suite, as inline SVG."""
    drawn: dict[str, Draw] = {
        "accuracy per agent, sampled and greedy": _draw_accuracy,
        "pass@k per agent": _draw_pass,
        "reliability of the vote's share per agent": _draw_reliability,
        "accuracy per level and agent": _draw_levels,
    }
    return [
        draw_svg(lambda axes, draw=draw: draw(axes, report, suite), f"Suite {suite}: {what}.")  # type: ignore[misc]
        for what, draw in drawn.items()
    ]


def _entries(report: BenchReport, suite: str) -> list[Any]:
    return [entry for entry in report.entries if entry.suite == suite]


def _draw_accuracy(axes: Axes, report: BenchReport, suite: str) -> None:
    for row, entry in enumerate(_entries(report, suite)):
        scores = [entry.exam.accuracy, entry.exam.greedy_accuracy]
        for shift, marker, score in zip((-0.1, 0.1), ("o", "D"), scores, strict=True):
            if score is not None:
                errors = [[score.value - score.low], [score.high - score.value]]
                axes.errorbar(row + shift, score.value, errors, fmt=marker, color=colour(row), capsize=3)
    names = [entry.agent for entry in _entries(report, suite)]
    axes.set_xticks(range(len(names)), names, rotation=20 if len("".join(names)) > 40 else 0)
    axes.set(xlim=(-0.5, len(names) - 0.5), ylim=(0, 1.02), title="sampled (●) and greedy (◆)", ylabel="accuracy")


def _draw_pass(axes: Axes, report: BenchReport, suite: str) -> None:
    for row, entry in enumerate(_entries(report, suite)):
        curve = entry.exam.pass_at_powers()
        ks, values = list(curve), [curve[k] for k in curve]
        axes.plot(ks, [v.value for v in values], "o-", color=colour(row), label=entry.agent)
        axes.fill_between(ks, [v.low for v in values], [v.high for v in values], color=colour(row), alpha=0.15)
    axes.set_xscale("log", base=2)
    axes.set_xticks(powers := sorted({k for e in _entries(report, suite) for k in e.exam.pass_at_powers()}), powers)
    axes.minorticks_off()
    axes.set(ylim=(0, 1.02), title="pass@k", xlabel="k")
    legend(axes, 3)


def _draw_reliability(axes: Axes, report: BenchReport, suite: str) -> None:
    axes.plot([0, 1], [0, 1], color=GRID)
    for row, entry in enumerate(_entries(report, suite)):
        vote = entry.exam.vote_reliability
        if vote is not None and vote.rows:
            shares, right, counts = zip(*vote.rows, strict=True)
            area = 200 * np.array(counts) / sum(counts) + 6
            axes.scatter(shares, right, s=area, color=colour(row))
            axes.plot(shares, right, color=colour(row), alpha=0.5)
    axes.set(
        xlim=(0, 1.02), ylim=(0, 1.02), title="reliability of p̂", xlabel="share of the vote", ylabel="majority right"
    )


def _draw_levels(axes: Axes, report: BenchReport, suite: str) -> None:
    entries = _entries(report, suite)
    by: By = "length" if all(entry.exam.levels_are_lengths for entry in entries) else "level"
    for row, entry in enumerate(entries):
        found = {float(name): score for name, score in entry.exam.breakdown(by).items() if name != "?"}
        scores = list(found.values())
        axes.plot(list(found), [score.value for score in scores], "o-", color=colour(row))
        axes.fill_between(list(found), [s.low for s in scores], [s.high for s in scores], color=colour(row), alpha=0.15)
    axes.set(ylim=(0, 1.02), title=f"per {by}", xlabel="level" if by == "level" else "operations")
    if by == "level":
        axes.set_xlim(-0.02, 1.02)
