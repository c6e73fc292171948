"""The figures of a league: ratings with intervals, cross-play as a heat map, the trend of the worst score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ..pages.figures import (
    MANY,
    MARKERS,
    MUTED,
    SIZE,
    colour,
    draw_svg,
    legend,
    per_cent,
    plot_rates,
    plot_row,
    rows_by_name,
    rows_size,
)
from ..pages.wording import name_in_figure
from ..stats import Estimate
from .progress import Records, learners, snapshots, worst_by_round
from .ratings.bradley_terry import Record, scores_of
from .standings import Standings, Worst

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_CELLS = 20
"""Rows, and columns, of a heat map that can be read."""
MOST_ROWS = 40


def league_figures(found: Standings) -> list[str]:
    """Ratings, and the trend where there is one, as SVG."""
    drawn = []
    if found.table:
        shown = found.table[:MOST_ROWS]
        names = [one.player.key for one in shown]
        draw = partial(_draw_ratings, names=names, ratings=[one.rating for one in shown])
        drawn.append(draw_svg(draw, "Ratings of all players with 95 % intervals.", rows_size(len(names))))
    if found.trend:
        drawn.append(trend_figure(found.trend))
    return drawn


def cross_play_of(found: Standings) -> str:
    """Every player of one pool against every player of the other, the best ones first, as SVG."""
    rows, columns = ([one.player.key for one in found.of_pool(pool)] for pool in found.sides)
    return cross_play_figure(rows, columns, found.scores, found.sides)


def run_figures(records: Records) -> list[str]:
    """What a run's games with its league say, as SVG; nothing without any."""
    drawn, scores = [], scores_of(records)
    for role, keys in learners(records).items():
        columns = snapshots(records, role)
        if columns:
            other = columns[0].partition("/")[0]
            drawn.append(cross_play_figure(keys[-MOST_CELLS:], columns, scores, (role, f"snapshots of the {other}")))
    trend = worst_by_round(records)
    return [*drawn, trend_figure(trend)] if trend else drawn


def cross_play_figure(
    rows: Sequence[str],
    columns: Sequence[str],
    scores: Mapping[str, Mapping[str, Record]],
    sides: tuple[str, str],
) -> str:
    """Share of the points of every row against every column, as SVG.

    Args:
        rows, columns: keys of players.
        scores: player → opponent → games.
        sides: what the axes are called.
    """
    rows, columns = rows[:MOST_CELLS], columns[:MOST_CELLS]
    cells = [[scores.get(row, {}).get(column, Record()).score for column in columns] for row in rows]
    values = np.array([[np.nan if score is None else score for score in row] for row in cells]).reshape(len(rows), -1)
    size = max(SIZE[0], 1.6 + 0.42 * len(columns)), max(SIZE[1], 1.5 + 0.34 * len(rows))
    draw = partial(_draw_cells, names=(rows, columns), values=values, sides=sides)
    return draw_svg(draw, f"Score of every {sides[0]} against every {sides[1]}, in per cent.", size)


def trend_figure(trend: Sequence[Worst]) -> str:
    """The worst score of every snapshot over the rounds of its run, as SVG."""
    return draw_svg(partial(_draw_trend, trend=trend), "Worst score of every snapshot over the rounds of its run.")


def _draw_ratings(axes: Axes, names: Sequence[str], ratings: Sequence[Estimate]) -> None:
    for row, (name, rating) in enumerate(zip(names, ratings, strict=True)):
        pools = sorted({one.partition("/")[0] for one in names})
        place = pools.index(name.partition("/")[0])
        plot_row(axes, row, rating, colour(place), MARKERS[place % len(MARKERS)])
    rows_by_name(axes, names, "player")
    axes.set(title="Ratings", xlabel="points, mean of all players 0")


def _draw_cells(
    axes: Axes, names: tuple[Sequence[str], Sequence[str]], values: np.ndarray, sides: tuple[str, str]
) -> None:
    rows, columns = ([name_in_figure(key.partition("/")[2], 9) for key in side] for side in names)
    axes.grid(visible=False)
    axes.pcolormesh(values, vmin=0, vmax=1, cmap="viridis")
    axes.set_xticks(np.arange(len(columns)) + 0.5, columns, rotation=40, ha="right")
    axes.set_yticks(np.arange(len(rows)) + 0.5, rows)
    axes.invert_yaxis()
    axes.set(title=f"Score of the {sides[0]}, %", xlabel=sides[1], ylabel=sides[0])
    for (row, column), value in np.ndenumerate(values):
        text = "–" if np.isnan(value) else f"{100 * value:.0f}"
        shown = MUTED if np.isnan(value) else "white" if value < 0.6 else "black"
        axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", color=shown, fontsize=8)


def _draw_trend(axes: Axes, trend: Sequence[Worst]) -> None:
    lines = list(dict.fromkeys(one.line for one in trend))[:MANY]
    for place, line in enumerate(lines):
        own = [one for one in trend if one.line == line]
        rounds, scores = [one.round for one in own], [one.score for one in own]
        plot_rates(axes, rounds, scores, line, colour(place), MARKERS[place % len(MARKERS)], name_width=24)
    rounds = sorted({one.round for one in trend})
    axes.set_xticks(rounds[:: max(1, -(-len(rounds) // 9))])
    axes.set(title="Worst score of every snapshot", xlabel="round of the run")
    per_cent(axes, "of the points")
    legend(axes)
