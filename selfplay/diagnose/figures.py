"""The figures of a diagnosis: rounds, training curves, difficulty for the frozen base, cross-play."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..pages.figures import colour, draw_svg, legend
from ..run.metrics import HISTOGRAM_BINS, histogram
from .measure import CURVES, Diagnosis, RoundDiagnosis
from .play import CrossPlay

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .frozen import Difficulty

ACCURACIES = ("label_accuracy", "kept_label_accuracy", "reward_accuracy", "solver_accuracy")
CENTRES = (np.arange(HISTOGRAM_BINS) + 0.5) / HISTOGRAM_BINS


def round_figures(diagnosis: Diagnosis) -> list[str]:
    """Are the labels right, how hard and how varied are the questions: one point per round."""
    rounds = diagnosis.rounds
    shares = {f"round {r.round}": r.histogram for r in rounds}
    return [
        draw_svg(
            lambda axes: _draw_accuracies(axes, rounds), "Per round, how many labels, rewards and answers are right."
        ),
        draw_svg(
            lambda axes: _draw_histograms(axes, shares, "p̂ of the questions"), "Per round, shares of questions by p̂."
        ),
        draw_svg(
            lambda axes: _draw_diversity(axes, rounds), "Per round, distinct clusters of questions, and new ones."
        ),
    ]


def curve_figures(diagnosis: Diagnosis) -> list[str]:
    """The measures of training, one point per step, for every role."""
    names = [name for name in CURVES if any(name in curves for curves in diagnosis.curves.values())]
    return [
        draw_svg(
            lambda axes, name=name: _draw_curve(axes, diagnosis, name),  # type: ignore[misc]
            f"{name.replace('_', ' ').capitalize()} per training step and role.",
        )
        for name in names
    ]


def difficulty_figures(diagnosis: Diagnosis) -> list[str]:
    """How hard each round's questions are for the frozen base."""
    shares = {f"round {d.round}": histogram(d.solve_rates) for d in diagnosis.difficulty}
    return [
        draw_svg(lambda axes: _draw_difficulty(axes, diagnosis.difficulty), "Accuracy of the frozen base per round."),
        draw_svg(
            lambda axes: _draw_histograms(axes, shares, "p̂ of the frozen base"),
            "Per round, shares of questions by p̂ of the frozen base.",
        ),
    ]


def play_figures(play: CrossPlay) -> list[str]:
    """Every challenger against every solver, and p̂ of the base solver at their questions."""
    cells = [[play.cell(a, b) for b in play.solvers] for a in play.challengers]
    accuracy = np.array([[cell.solver_accuracy.value for cell in row] for row in cells])
    reward = np.array([[cell.uncertainty for cell in row] for row in cells])
    title = "p̂ of the base solver at their questions"
    return [
        draw_svg(lambda axes: _draw_matrix(axes, play, accuracy, "solver accuracy"), "Solver accuracy of every pair."),
        draw_svg(
            lambda axes: _draw_matrix(axes, play, reward, "challenger's reward"), "Challenger's reward of every pair."
        ),
        draw_svg(lambda axes: _draw_histograms(axes, play.histograms(), title), f"Per challenger, {title}."),
    ]


def _draw_accuracies(axes: Axes, rounds: Sequence[RoundDiagnosis]) -> None:
    numbers = [r.round for r in rounds]
    for index, name in enumerate(ACCURACIES):
        values = [math.nan if (v := getattr(r, name)) is None else v for r in rounds]
        axes.plot(numbers, values, "o-", color=colour(index), label=name.replace("_", " "))
    axes.set(ylim=(0, 1.02), title="are the labels right?", xlabel="round")
    _whole_rounds(axes)
    legend(axes, 2)


def _draw_diversity(axes: Axes, rounds: Sequence[RoundDiagnosis]) -> None:
    numbers = [r.round for r in rounds]
    axes.plot(numbers, [r.diversity.clusters for r in rounds], "o-", color=colour(0), label="clusters")
    axes.plot(numbers, [r.diversity.new_clusters for r in rounds], "s--", color=colour(1), label="new clusters")
    axes.set(title="diversity", xlabel="round", ylim=(0, None))
    _whole_rounds(axes)
    legend(axes, 2)


def _draw_histograms(axes: Axes, counts: Mapping[str, Sequence[int]], title: str) -> None:
    """Shares of the questions over p̂, one line per name."""
    for index, (name, row) in enumerate(counts.items()):
        axes.plot(CENTRES, np.array(row) / max(1, sum(row)), "o-", color=colour(index), label=name)
    axes.set(title=title, xlabel="p̂", ylabel="share")
    legend(axes, 3)


def _draw_curve(axes: Axes, diagnosis: Diagnosis, name: str) -> None:
    for index, (role, curves) in enumerate(diagnosis.curves.items()):
        axes.plot(curves.get(name, []), color=colour(index), label=role)
    axes.set(title=name.replace("_", " "), xlabel="training step")
    if name.endswith("_share"):
        axes.set_ylim(0, max(0.05, axes.get_ylim()[1]))
    legend(axes, 2)


def _draw_difficulty(axes: Axes, difficulty: Sequence[Difficulty]) -> None:
    rounds, scores = [d.round for d in difficulty], [d.accuracy for d in difficulty]
    errors = [[s.value - s.low for s in scores], [s.high - s.value for s in scores]]
    axes.errorbar(rounds, [s.value for s in scores], errors, fmt="o-", color=colour(0), capsize=4)
    axes.set(ylim=(0, 1.02), title="accuracy of the frozen base", xlabel="round")
    _whole_rounds(axes)


def _draw_matrix(axes: Axes, play: CrossPlay, values: np.ndarray[Any, Any], title: str) -> None:
    axes.grid(visible=False)
    axes.imshow(values, vmin=0, vmax=1, cmap="viridis")
    axes.set_xticks(range(len(play.solvers)), play.solvers, rotation=30)
    axes.set_yticks(range(len(play.challengers)), play.challengers)
    axes.set(title=title, xlabel="solver", ylabel="challenger")
    for (row, column), value in np.ndenumerate(values):
        dark = math.isnan(value) or value < 0.6
        text = "–" if math.isnan(value) else f"{100 * value:.1f}"
        axes.text(column, row, text, ha="center", va="center", color="white" if dark else "black")


def _whole_rounds(axes: Axes) -> None:
    axes.xaxis.get_major_locator().set_params(integer=True)  # type: ignore[call-arg]
