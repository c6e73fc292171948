"""The figures with one point per round: exam, labels, solve rates, what the questions were like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..exams.result import ExamResult
from ..pages.bands import over_bins, over_tenths
from ..pages.figures import (
    BAND,
    BETWEEN,
    CHALLENGER,
    COLOURS,
    GOOD,
    MARKERS,
    MUTED,
    SOLVER,
    VOTE,
    draw_svg,
    legend,
    per_cent,
    plot_rates,
    round_ticks,
)
from ..pages.wording import name_in_figure
from ..run.metrics import HISTOGRAM_BINS
from ..stats import Estimate, wilson
from .fates import fates
from .lengths import length_figures
from .questions import RoundQuestions
from .summary_data import Row, RunSummary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HISTOGRAMS = 12
"""Solve-rate histograms shown at most; of longer runs every n-th round."""
OTHER = "other"
"""The kind of questions whose domain knows no better, and of all kinds for which there is no colour."""


def exam_figures(summary: RunSummary) -> list[str]:
    """Accuracy per round, then by kind, and by length or else by level; empty without an exam."""
    if not summary.exams:
        return []
    last = summary.exams[-1][1]
    figures = [draw_svg(lambda axes: _draw_exam(axes, summary.exams), _exam_label(summary))]
    if len(set(last.kinds)) > 1:
        figures.append(draw_svg(lambda axes: _draw_kinds(axes, summary.exams), "Sampled accuracy per round and kind."))
    if last.levels_are_lengths:
        figures += length_figures(summary.exams, summary.pass_exams)
    elif len(set(last.levels)) > 1:
        figures.append(
            draw_svg(lambda axes: _draw_levels(axes, summary.exams), "Sampled accuracy per level, per round.")
        )
    return figures


def label_figures(summary: RunSummary, questions: Sequence[RoundQuestions]) -> list[str]:
    """Label accuracy and kept share, label accuracy by solve rate, and where the written questions went."""
    rows = summary.labellings
    if not rows:
        return []
    return [
        draw_svg(lambda axes: _draw_labels(axes, rows), "Per round, how many labels are right and questions are kept."),
        draw_svg(
            lambda axes: _draw_right_by_rate(axes, questions, summary.config.questions.keep_band),
            "How many labels are right, by the solve rate of the question, over all rounds.",
        ),
        draw_svg(lambda axes: _draw_fates(axes, rows), "Per round, what became of the questions written."),
    ]


def histogram_figures(summary: RunSummary) -> list[str]:
    """One small histogram of the solve rate per round, the band shaded."""
    rows = summary.labellings
    every = max(1, -(-len(rows) // HISTOGRAMS))
    rows = [pair for i, pair in enumerate(rows) if (len(rows) - 1 - i) % every == 0]  # the last one is always there
    return [
        draw_svg(
            lambda axes, number=number, row=row: _draw_histogram(axes, number, row, summary.config.questions.keep_band),  # type: ignore[misc]
            f"Round {number}: questions per tenth of the solve rate: {row['histogram']}.",
            (2.15, 1.75),
        )
        for number, row in rows
    ]


def question_figures(questions: Sequence[RoundQuestions]) -> list[str]:
    """How long and of which kind the questions were, and the level a curriculum asked for."""
    if not questions:
        return []
    figures = []
    if any(q.operations is not None for q in questions):
        figures.append(draw_svg(lambda axes: _draw_operations(axes, questions), "Mean operations of the questions."))
    if any(q.kinds for q in questions):
        figures.append(draw_svg(lambda axes: _draw_question_kinds(axes, questions), "Kinds of the questions asked."))
    if any(q.level is not None for q in questions):
        figures.append(draw_svg(lambda axes: _draw_level(axes, questions), "Mean level the curriculum asked for."))
    return figures


def _exam_label(summary: RunSummary) -> str:
    scores = ", ".join(f"round {number} {100 * exam.accuracy.value:.1f} %" for number, exam in summary.exams)
    return f"Sampled accuracy in the held-out exam: {scores}."


def _draw_exam(axes: Axes, exams: Sequence[tuple[int, ExamResult]]) -> None:
    numbers = [number for number, _ in exams]
    samples = exams[0][1].samples
    plot_rates(axes, numbers, [exam.accuracy for _, exam in exams], "sampled", SOLVER)
    greedy = [(n, rate) for n, exam in exams if (rate := exam.greedy_accuracy) is not None]
    if greedy:
        plot_rates(axes, *_shifted(greedy, 0.06), "greedy", CHALLENGER, "s", linestyle="--")
    votes = [(n, exam.majority_at(samples)) for n, exam in exams if samples in exam.votes]
    if votes:
        plot_rates(axes, *_shifted(votes, -0.06), f"majority@{samples}", VOTE, "D", linestyle=":")
    axes.set_title("Exam accuracy")
    _from_zero(axes)
    round_ticks(axes, numbers)
    legend(axes, 3)


def _draw_kinds(axes: Axes, exams: Sequence[tuple[int, ExamResult]]) -> None:
    kinds = sorted(set(exams[-1][1].kinds))
    tables = [(number, exam.breakdown("kind")) for number, exam in exams]
    for i, (kind, colour, marker) in enumerate(zip(kinds, COLOURS, MARKERS, strict=False)):
        shift = 0.05 * (i - (min(len(kinds), len(COLOURS)) - 1) / 2)
        points = [(number, table[kind]) for number, table in tables]
        plot_rates(axes, *_shifted(points, shift), kind, colour, marker)
    axes.set_title("Exam accuracy by kind (sampled)")
    _from_zero(axes)
    round_ticks(axes, [number for number, _ in exams])
    legend(axes, 3)


def _draw_levels(axes: Axes, exams: Sequence[tuple[int, ExamResult]]) -> None:
    for _, exam in exams[1:-1]:
        table = _by_level(exam)
        label = None if axes.get_lines() else "rounds between"
        axes.plot(list(table), [100 * rate.value for rate in table.values()], color=BETWEEN, linewidth=1.2, label=label)
    ends = [exams[0]] if len(exams) == 1 else [exams[0], exams[-1]]
    for (number, exam), colour, marker in zip(ends, (MUTED, SOLVER), "so", strict=False):
        table = _by_level(exam)
        name = "base" if number == 0 else f"round {number}"
        plot_rates(axes, list(table), list(table.values()), name, colour, marker)
    axes.set_title("Exam accuracy by level (sampled)")
    axes.set_xlabel("level of the question")
    _from_zero(axes)
    legend(axes, 3)


def _draw_labels(axes: Axes, rows: Sequence[tuple[int, Row]]) -> None:
    for name, label, colour, marker in (
        ("label_accuracy", "asked labels right", VOTE, "o"),
        ("kept_label_accuracy", "kept labels right", GOOD, "D"),
        ("kept_share", "kept", CHALLENGER, "s"),
    ):
        points = [(number, 100 * row[name]) for number, row in rows if row[name] is not None]
        style = "--" if name == "kept_share" else "-"
        axes.plot([n for n, _ in points], [v for _, v in points], style, label=label, color=colour, marker=marker)
    axes.set_title("Labels and the filter")
    per_cent(axes, "labels or questions")
    round_ticks(axes, [number for number, _ in rows])
    legend(axes, 3)


def _draw_right_by_rate(axes: Axes, questions: Sequence[RoundQuestions], band: tuple[float, float]) -> None:
    tenths: dict[int, list[int]] = {}
    for round_questions in questions:
        for rate, (right, known) in round_questions.right_by_rate.items():
            counts = tenths.setdefault(round(10 * rate), [0, 0])
            counts[0] += right
            counts[1] += known
    axes.axvspan(*over_tenths(band), color=BAND, zorder=0, linewidth=0, label="the band")
    filled = sorted(tenths)
    plot_rates(
        axes, [tenth / 10 for tenth in filled], [wilson(*tenths[tenth]) for tenth in filled], "asked labels right", VOTE
    )
    axes.set_title("Asked labels right by solve rate")
    axes.set_xlabel("solve rate p̂, rounded to tenths")
    axes.set_xlim(-0.03, 1.03)
    per_cent(axes, "asked labels right")
    legend(axes, 2)


def _draw_fates(axes: Axes, rows: Sequence[tuple[int, Row]]) -> None:
    numbers = [number for number, _ in rows]
    bottom = np.zeros(len(rows))
    for label, colour, counts in fates([row for _, row in rows]):
        if any(counts):
            axes.bar(numbers, counts, bottom=bottom, label=label, color=colour, width=0.7)
            bottom += counts
    axes.set_title("What became of the questions")
    axes.set_ylim(0, 1.06 * max(1.0, bottom.max()))
    axes.set_ylabel("questions")
    round_ticks(axes, numbers)
    legend(axes, 3)


def _draw_histogram(axes: Axes, number: int, row: Row, band: tuple[float, float]) -> None:
    centres = (np.arange(HISTOGRAM_BINS) + 0.5) / HISTOGRAM_BINS
    total = max(1, sum(row["histogram"]))
    axes.axvspan(*over_bins(band, HISTOGRAM_BINS), color=BAND, zorder=0, linewidth=0)
    axes.bar(centres, [100 * count / total for count in row["histogram"]], width=0.085, color=SOLVER)
    axes.set_title(f"Round {number}")
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1], ["0", "½", "1"])
    axes.set_xlabel("p̂", fontsize=8)
    axes.set_ylabel("% of questions", fontsize=8)
    axes.yaxis.get_major_locator().set_params(nbins=4, integer=True)  # type: ignore[call-arg]


def _draw_operations(axes: Axes, questions: Sequence[RoundQuestions]) -> None:
    for name, label, colour, marker in (
        ("operations", "asked", CHALLENGER, "s"),
        ("kept_operations", "kept", GOOD, "D"),
    ):
        points = [(q.number, value) for q in questions if (value := getattr(q, name)) is not None]
        axes.plot([n for n, _ in points], [v for _, v in points], label=label, color=colour, marker=marker)
    axes.set_title("Length of the questions")
    axes.set_ylabel("mean operations")
    axes.set_ylim(0, 1.1 * max([1.0, *axes.dataLim.intervaly]))
    round_ticks(axes, [q.number for q in questions])
    legend(axes, 2)


def _draw_question_kinds(axes: Axes, questions: Sequence[RoundQuestions]) -> None:
    numbers = [q.number for q in questions]
    counts = Counter[str]()
    for q in questions:
        counts.update(q.kinds)
    named = [kind for kind, _ in counts.most_common() if kind != OTHER][: len(COLOURS) - 1]
    bottom = np.zeros(len(questions))
    for kind, colour in zip([*sorted(named), *([OTHER] if set(counts) - set(named) else [])], COLOURS, strict=False):
        shares = [100 * _count(q.kinds, kind, named) / max(1, sum(q.kinds.values())) for q in questions]
        axes.bar(
            numbers,
            shares,
            bottom=bottom,
            label=name_in_figure(kind),
            color=MUTED if kind == OTHER else colour,
            width=0.7,
        )
        bottom += shares
    axes.set_title("Kinds of the questions")
    per_cent(axes, "questions")
    round_ticks(axes, numbers)
    legend(axes, 3)


def _count(kinds: Mapping[str, int], kind: str, named: Sequence[str]) -> int:
    """Questions of a kind; of `OTHER`, all that are of none of the named ones."""
    return kinds.get(kind, 0) if kind != OTHER else sum(n for name, n in kinds.items() if name not in named)


def _draw_level(axes: Axes, questions: Sequence[RoundQuestions]) -> None:
    points = [(q.number, q.level) for q in questions if q.level is not None]
    axes.plot([n for n, _ in points], [v for _, v in points], color=CHALLENGER, marker="s")
    axes.set_title("Level of the curriculum")
    axes.set_ylabel("mean level")
    axes.set_ylim(0, 1.02)
    round_ticks(axes, [q.number for q in questions])


def _shifted(points: Sequence[tuple[int, Estimate]], shift: float) -> tuple[list[float], list[Estimate]]:
    """Moved a little sideways, so that intervals do not hide each other."""
    return [number + shift for number, _ in points], [rate for _, rate in points]


def _by_level(exam: ExamResult) -> dict[float, Estimate]:
    return {float(name): rate for name, rate in exam.breakdown("level").items() if name != "?"}


def _from_zero(axes: Axes) -> None:
    top = min(102.0, max(10.0, axes.get_ylim()[1]))
    axes.set_ylim(0, top)
    axes.yaxis.set_major_formatter("{x:.0f} %")
    axes.set_ylabel("answers right")
