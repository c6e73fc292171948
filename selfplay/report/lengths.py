"""The exam by length, where questions differ in nothing else: what the base could answer, and what came to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..exams.result import ExamResult, Score
from ..pages.figures import BETWEEN, MUTED, SOLVER, draw_svg, legend, plot_rates
from ..stats import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Exams = Sequence[tuple[int, ExamResult]]
ByLength = Sequence[tuple[int, Mapping[int, Estimate]]]


def length_figures(exams: Exams, pass_exams: Exams) -> list[str]:
    """Accuracy over the length, per round: greedy, sampled, by majority, and pass@k.

    Args:
        exams: the exams held, with their rounds.
        pass_exams: those with many samples, for pass@k; where there is none, the others have to do.
    """
    samples = exams[0][1].samples
    many = pass_exams or exams
    figures: list[tuple[Score, str, Exams]] = [
        ("greedy", "greedy", exams),
        ("sampled", "sampled", exams),
        ("majority", f"majority@{samples}", exams),
        ("pass", f"pass@{many[0][1].samples}", many),
    ]
    return [_figure(title, found) for score, title, of in figures if (found := _by_length(of, score))]


def _by_length(exams: Exams, score: Score) -> ByLength:
    tables = ((number, exam.breakdown("length", score)) for number, exam in exams)
    return [(number, {int(length): rate for length, rate in table.items()}) for number, table in tables if table]


def _figure(title: str, found: ByLength) -> str:
    ends = [found[0]] if len(found) == 1 else [found[0], found[-1]]
    said = "; ".join(
        f"{_name(number)} {', '.join(f'{length}: {100 * rate.value:.0f}' for length, rate in table.items())}"
        for number, table in ends
    )
    return draw_svg(
        lambda axes: _draw(axes, title, found), f"Exam accuracy by number of operations, {title}, per cent: {said}."
    )


def _draw(axes: Axes, title: str, found: ByLength) -> None:
    for _, table in found[1:-1]:
        label = None if axes.get_lines() else "between"
        axes.plot(list(table), [100 * rate.value for rate in table.values()], color=BETWEEN, linewidth=1.2, label=label)
    number, table = found[0]
    plot_rates(axes, list(table), list(table.values()), _name(number), MUTED, "s", linestyle="--")
    if len(found) > 1:
        number, table = found[-1]
        plot_rates(axes, list(table), list(table.values()), _name(number), SOLVER)
    axes.set_title(f"Exam accuracy by length ({title})")
    axes.set_xlabel("operations in the question")
    axes.set_ylim(0, 102)
    axes.yaxis.set_major_formatter("{x:.0f} %")
    axes.set_ylabel("answers right")
    legend(axes, 3)


def _name(number: int) -> str:
    return "base" if number == 0 else f"round {number}"
