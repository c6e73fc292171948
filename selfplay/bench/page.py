"""A benchmark as one HTML page that needs nothing else: the outcome, the tables, and the figures of every suite."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..exams.result import By
from ..pages.figures import (
    BETWEEN,
    CHALLENGER,
    MANY,
    SOLVER,
    colour,
    draw_svg,
    legend,
    plot_row,
    rows_by_name,
    rows_size,
)
from ..pages.headline import Headline, difference, tone_of
from ..pages.html_page import Section, figures, page, paragraph
from ..pages.tables import html_table
from ..pages.wording import counted, name_in_figure, percent, short_name
from ..stats import Estimate
from .run import BenchEntry, BenchReport, Comparison
from .table import breakdown_tables, comparison_rows, origin, rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MEANINGS = """Per cent, with 95 % intervals over questions. Strict: right and boxed exactly once; lenient: right, or the
reference mentioned anywhere. p̂ error: calibration error of the vote's share. Invalid: samples without an answer; cut
off: samples at the token limit. Tokens, seconds: per right sample. Peak: resident memory while answering."""
COMPARED = """Points on the same questions, against the first agent; exact sign-flip test (McNemar's for greedy
answers), adjusted for all comparisons by Holm's method. Better/worse: on how many questions."""

Draw = Callable[["Axes", Sequence[BenchEntry]], None]
Curve = Sequence[tuple[float, Estimate]]


def to_html(report: BenchReport, title: str = "Benchmark") -> str:
    """The whole page as text."""
    scores = [html_table(*rows(report), names=2, label="Scores"), paragraph(MEANINGS)]
    scores += [paragraph(f"Contamination: {line}.") for line in report.contamination_lines()]
    sections = [Section("Scores", scores)]
    if report.comparisons:
        compared = html_table(*comparison_rows(report), names=3, label="Paired comparisons")
        sections.append(Section("Paired comparisons", [compared, paragraph(COMPARED)]))
    for suite in report.suites:
        about = paragraph(f"{suite.source}, content {suite.digest}", "muted")
        sections.append(Section(suite.name, [about, figures(suite_figures(report, suite.name))]))
    sections += [Section(name, [html_table(*table, names=2, label=name)]) for name, table in breakdown_tables(report)]
    agents = list(dict.fromkeys(entry.agent for entry in report.entries))
    facts = f"{counted(len(agents), 'agent')} on {counted(len(report.suites), 'suite')}"
    facts += f" · {counted(report.settings.samples, 'sample')} for each question · seed {report.settings.seed}"
    return page(title, headline(report), sections, facts=facts, notes=report.warnings(), origin=origin(report))


def headline(report: BenchReport) -> Headline:
    """How the first agent does, or which agent differs most from it."""
    if not report.entries:
        return Headline("open", "Nothing has been measured.")
    first = report.entries[0]
    compared = [one for one in report.comparisons if one.on == "sampled"]
    if not compared:
        text = _answers(first, interval=True)
        others = [entry.exam.accuracy.value for entry in report.entries[1:]]
        if others:
            text += f"; on {counted(len(others), 'other suite')} {100 * min(others):.1f} to {100 * max(others):.1f} %"
        return Headline("open", f"{text}.")
    tones = [tone_of(one.result, one.adjusted) for one in compared]
    clear = [one for one, tone in zip(compared, tones, strict=True) if tone != "open"]
    most = max(clear or compared, key=lambda one: abs(one.result.points))
    tone = tone_of(most.result, most.adjusted)
    detail = f"Paired by question: {difference(most.result)}."
    if len(compared) > 1:
        better, worse, open_ = (tones.count(name) for name in ("better", "worse", "open"))
        detail += f" Of {len(compared)} comparisons with {short_name(most.baseline)} in sampled answers, {better} are "
        detail += f"better, {worse} worse, and {open_} may be chance (p-values after Holm)."
        tone = tone if not (better and worse) else "open"
    return Headline(tone, _sentence(report, most, tone_of(most.result, most.adjusted)), detail)


def _sentence(report: BenchReport, one: Comparison, tone: str) -> str:
    before = f"{percent(report.entry(one.baseline, one.suite).exam.accuracy, interval=False)} %"
    after, baseline = _answers(report.entry(one.agent, one.suite)), short_name(one.baseline)
    if tone == "open":
        return f"{after}, {baseline} {before}. The difference may be chance."
    return f"{after}, {'more' if tone == 'better' else 'less'} than {baseline} with {before}."


def _answers(entry: BenchEntry, interval: bool = False) -> str:
    asked, score = counted(len(entry.exam.keys), "question"), percent(entry.exam.accuracy, interval)
    return f"{short_name(entry.agent)} answers {score} % of {asked} of {short_name(entry.suite)}"


def suite_figures(report: BenchReport, suite: str) -> list[str]:
    """Accuracy per agent, pass@k, reliability of p̂ and accuracy per level of one suite, those that there are."""
    entries = [entry for entry in report.entries if entry.suite == suite]
    if not entries:
        return []
    few, which = _few(entries)
    drawn: list[tuple[str, Draw]] = []
    if any(len(entry.exam.pass_at_powers()) > 1 for entry in few):
        drawn.append(("pass@k", _draw_pass))
    if any(entry.exam.vote_reliability is not None for entry in few):
        drawn.append(("reliability of the vote's share", _draw_reliability))
    if any(_levels(entry, _by(few)) for entry in few):
        drawn.append((f"accuracy per {_by(few)}", _draw_levels))
    scores = ", ".join(f"{short_name(e.agent, 26)} {100 * e.exam.accuracy.value:.1f} %" for e in entries)
    first = draw_svg(
        lambda axes: _draw_accuracy(axes, entries), f"Suite {suite}: accuracy, {scores}.", rows_size(len(entries))
    )
    return [first] + [
        draw_svg(lambda axes, draw=draw: draw(axes, few), f"Suite {suite}: {what} of {which}.")  # type: ignore[misc]
        for what, draw in drawn
    ]


def _few(entries: Sequence[BenchEntry]) -> tuple[list[BenchEntry], str]:
    """As many agents as there are colours, the first one and the best ones, and which these are."""
    if len(entries) <= MANY:
        return list(entries), counted(len(entries), "agent")
    best = sorted(entries[1:], key=lambda entry: -entry.exam.accuracy.value)[: MANY - 1]
    return [entries[0], *best], f"the first and the {MANY - 1} best of {len(entries)} agents"


def _draw_accuracy(axes: Axes, entries: Sequence[BenchEntry]) -> None:
    for row, entry in enumerate(entries):
        for shift, marker, shown, score in (
            (0.0, "o", SOLVER, entry.exam.accuracy),
            (0.2, "D", CHALLENGER, entry.exam.greedy_accuracy),
        ):
            if score is not None:
                plot_row(axes, row + shift, _in_per_cent(score), shown, marker)
    rows_by_name(axes, [entry.agent for entry in entries], "agents")
    axes.set(xlim=(-2, 102), title="Accuracy", xlabel="right, % (● sampled, ◆ greedy; 95 % intervals)")


def _draw_pass(axes: Axes, entries: Sequence[BenchEntry]) -> None:
    curves = [list(entry.exam.pass_at_powers().items()) for entry in entries]
    axes.set_xscale("log", base=2)
    _draw_curves(axes, entries, curves)
    powers = sorted({k for curve in curves for k, _ in curve})
    axes.set_xticks(powers, map(str, powers))
    axes.minorticks_off()
    axes.set(ylim=(-2, 102), title="pass@k", xlabel="k, samples", ylabel="questions solved, %")


def _draw_reliability(axes: Axes, entries: Sequence[BenchEntry]) -> None:
    axes.plot([0, 100], [0, 100], color=BETWEEN, linewidth=1, linestyle="--")
    for row, entry in enumerate(entries):
        vote = entry.exam.vote_reliability
        if vote is not None and vote.rows:
            shares, right, counts = (np.array(column) for column in zip(*vote.rows, strict=True))
            axes.scatter(100 * shares, 100 * right, s=200 * counts / counts.sum() + 6, color=colour(row))
            axes.plot(100 * shares, 100 * right, color=colour(row), alpha=0.6, label=name_in_figure(entry.agent))
    axes.set(xlim=(-2, 102), ylim=(-2, 102), title="Reliability of p̂")
    axes.set(xlabel="share of the vote p̂, %", ylabel="majority right, %")
    legend(axes, 3)


def _draw_levels(axes: Axes, entries: Sequence[BenchEntry]) -> None:
    by = _by(entries)
    _draw_curves(axes, entries, [_levels(entry, by) for entry in entries])
    axes.set(ylim=(-2, 102), title=f"Accuracy per {by}", ylabel="sampled answers right, %")
    axes.set_xlabel("level of the question" if by == "level" else "operations in the question")
    if by == "level":
        axes.set_xlim(-0.02, 1.02)


def _draw_curves(axes: Axes, entries: Sequence[BenchEntry], curves: Sequence[Curve]) -> None:
    """A line with its band for each agent, in per cent."""
    for row, (entry, curve) in enumerate(zip(entries, curves, strict=True)):
        x, scores = [at for at, _ in curve], [_in_per_cent(score) for _, score in curve]
        axes.plot(x, [s.value for s in scores], "o-", color=colour(row), label=name_in_figure(entry.agent))
        axes.fill_between(x, [s.low for s in scores], [s.high for s in scores], color=colour(row), alpha=0.15)
    legend(axes, 3)


def _by(entries: Sequence[BenchEntry]) -> By:
    return "length" if all(entry.exam.levels_are_lengths for entry in entries) else "level"


def _levels(entry: BenchEntry, by: By) -> Curve:
    return [(float(name), score) for name, score in entry.exam.breakdown(by).items() if name != "?"]


def _in_per_cent(share: Estimate) -> Estimate:
    return Estimate(100 * share.value, 100 * share.low, 100 * share.high)
