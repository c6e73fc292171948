"""The figures of a diagnosis: rounds, training curves, difficulty for the frozen base, cross-play."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..pages.figures import MANY, colour, draw_svg, legend, per_cent, plot_rates
from ..pages.wording import name_in_figure
from ..run.metrics import HISTOGRAM_BINS, histogram
from .measure import CURVES, Diagnosis, RoundDiagnosis
from .play import CrossPlay

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .frozen import Difficulty

ACCURACIES = {
    "label_accuracy": "asked labels right",
    "kept_label_accuracy": "kept labels right",
    "reward_accuracy": "reward accuracy",
    "solver_accuracy": "solver accuracy",
}
"""What is drawn of a round, and how it is called."""
UNITS = {
    "mean_reward": "mean over the batch",
    "entropy": "nats per token",
    "mean_length": "tokens",
    "truncated_share": "share of completions",
    "zero_variance_share": "share of groups",
    "kl": "nats per token",
    "clip_share": "share of tokens",
}
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
            lambda axes: _draw_histograms(axes, shares, "Votes of the solver"), "Per round, shares of questions by p̂."
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
            lambda axes: _draw_histograms(axes, shares, "Votes of the frozen base"),
            "Per round, shares of questions by p̂ of the frozen base.",
        ),
    ]


def play_figures(play: CrossPlay) -> list[str]:
    """Every challenger against every solver, and p̂ of the base solver at their questions."""
    cells = [[play.cell(a, b) for b in play.solvers] for a in play.challengers]
    accuracy = np.array([[cell.solver_accuracy.value for cell in row] for row in cells])
    reward = np.array([[cell.uncertainty for cell in row] for row in cells])
    return [
        draw_svg(
            lambda axes: _draw_matrix(axes, play, accuracy, "Solver accuracy, %"), "Solver accuracy of every pair."
        ),
        draw_svg(
            lambda axes: _draw_matrix(axes, play, reward, "Challenger's reward, %"),
            "Challenger's reward of every pair.",
        ),
        draw_svg(
            lambda axes: _draw_histograms(axes, play.histograms(), "Votes of the base solver"),
            "Per challenger, shares of its questions by p̂ of the base.",
        ),
    ]


def _draw_accuracies(axes: Axes, rounds: Sequence[RoundDiagnosis]) -> None:
    numbers = [r.round for r in rounds]
    for index, (name, label) in enumerate(ACCURACIES.items()):
        values = [math.nan if (v := getattr(r, name)) is None else 100 * v for r in rounds]
        axes.plot(numbers, values, "o-", color=colour(index), label=label)
    axes.set(title="Are the labels right?", xlabel="round")
    per_cent(axes, "right")
    _whole_rounds(axes)
    legend(axes, 2)


def _draw_diversity(axes: Axes, rounds: Sequence[RoundDiagnosis]) -> None:
    numbers = [r.round for r in rounds]
    axes.plot(numbers, [r.diversity.clusters for r in rounds], "o-", color=colour(0), label="clusters")
    axes.plot(numbers, [r.diversity.new_clusters for r in rounds], "s--", color=colour(1), label="new clusters")
    axes.set(title="Diversity of the questions", xlabel="round", ylabel="clusters", ylim=(0, None))
    _whole_rounds(axes)
    legend(axes, 2)


def _draw_histograms(axes: Axes, counts: Mapping[str, Sequence[int]], title: str) -> None:
    """Shares of the questions over p̂, one line per name."""
    for index, (name, row) in enumerate(_ends(list(counts.items()))):
        axes.plot(CENTRES, 100 * np.array(row) / max(1, sum(row)), "o-", color=colour(index), label=name)
    axes.set(title=title, xlabel="share of the vote p̂", ylabel="questions, %", ylim=(0, None))
    legend(axes, 3)


def _draw_curve(axes: Axes, diagnosis: Diagnosis, name: str) -> None:
    for index, (role, curves) in enumerate(diagnosis.curves.items()):
        axes.plot(curves.get(name, []), color=colour(index), label=role)
    axes.set(title=name.replace("_", " ").capitalize(), xlabel="training step", ylabel=UNITS[name])
    if name.endswith("_share"):
        axes.set_ylim(0, max(0.05, axes.get_ylim()[1]))
    legend(axes, 2)


def _draw_difficulty(axes: Axes, difficulty: Sequence[Difficulty]) -> None:
    plot_rates(axes, [d.round for d in difficulty], [d.accuracy for d in difficulty], "frozen base", colour(0))
    axes.set(title="Accuracy of the frozen base", xlabel="round")
    per_cent(axes, "attempts right")
    _whole_rounds(axes)


def _draw_matrix(axes: Axes, play: CrossPlay, values: np.ndarray[Any, Any], title: str) -> None:
    axes.grid(visible=False)
    axes.pcolormesh(values, vmin=0, vmax=1, cmap="viridis")
    axes.set_xticks(np.arange(len(play.solvers)) + 0.5, map(_in_matrix, play.solvers), rotation=30)
    axes.set_yticks(np.arange(len(play.challengers)) + 0.5, map(_in_matrix, play.challengers))
    axes.invert_yaxis()
    axes.set(title=title, xlabel="solver", ylabel="challenger")
    for (row, column), value in np.ndenumerate(values):
        dark = math.isnan(value) or value < 0.6
        text = "–" if math.isnan(value) else f"{100 * value:.0f}"
        shown = "white" if dark else "black"
        axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", color=shown, fontsize=8)


def _in_matrix(name: str) -> str:
    """A round in few characters."""
    return name_in_figure(name.removeprefix("round "), 6)


def _ends(several: Sequence[tuple[str, Sequence[int]]]) -> Sequence[tuple[str, Sequence[int]]]:
    """As many as there are colours, evenly over all of them, the first and the last one among them."""
    if len(several) <= MANY:
        return several
    return [several[round(i * (len(several) - 1) / (MANY - 1))] for i in range(MANY)]


def _whole_rounds(axes: Axes) -> None:
    axes.xaxis.get_major_locator().set_params(integer=True)  # type: ignore[call-arg]
