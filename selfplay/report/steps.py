"""The figures with one point per training step, the rounds marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..pages.figures import BETWEEN, draw_svg, legend, per_cent
from ..pages.wording import counted
from .curves import (
    OF_THE_UPDATE,
    REST,
    REWARD,
    SUPERVISED_CURVES,
    TERM,
    Curves,
    curves_of,
    reward_parts,
    reward_rest,
)
from .summary_data import Row, RunSummary

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def step_figures(summary: RunSummary, role: str) -> list[str]:
    """The figures of a role's training; empty if it did not train."""
    steps = [_measured(role, step) for step in summary.steps(role)]
    parts = list(dict.fromkeys(name.removeprefix(TERM) for step in steps for name in step if name.startswith(TERM)))
    rest = [REST] if any(step.get(REST) for step in steps) else []
    reward = summary.config.roles[role].reward if role in summary.config.roles else None
    supervised = any("distinct_questions" in step for step in steps)
    known = {name for step in steps for name in step}
    shown = [
        one
        for one in (*curves_of(role, reward, [*parts, *rest]), *SUPERVISED_CURVES * supervised)
        if any(line[0] in known for line in one.lines)
    ]
    return [_figure(steps, one, role) for one in shown]


def _measured(role: str, step: Row) -> Row:
    """A step with the parts of its reward, and what these leave, as measures of their own."""
    parts = reward_parts(role, step.get("reward_terms", {}))
    if not parts or REWARD not in step:
        return step
    return {**step, **{TERM + name: value for name, value in parts.items()}, REST: reward_rest(step[REWARD], parts)}


def _figure(steps: Sequence[Row], curves: Curves, role: str) -> str:
    ends = "; ".join(
        f"{label} from {having[0][name]:.3g} to {having[-1][name]:.3g}"
        for name, label, _, _ in curves.lines
        if (having := [step for step in steps if name in step])
    )
    return draw_svg(
        lambda axes: _draw(axes, steps, curves),
        f"{role.capitalize()}, {curves.title.lower()} per training step: {ends}.",
    )


def _draw(axes: Axes, steps: Sequence[Row], curves: Curves) -> None:
    from matplotlib.ticker import MaxNLocator

    scale = 100 if curves.unit == "%" else 1
    marker = "." if len(steps) <= 60 else ""
    for name, label, colour, style in curves.lines:
        shown = [(i, step) for i, step in enumerate(steps, start=1) if name in step and _means(step, name)]
        points = [(i, scale * step[name]) for i, step in shown]
        axes.plot([i for i, _ in points], [v for _, v in points], style, color=colour, label=label, marker=marker)
    axes.set_title(curves.title)
    if curves.unit == "%":
        per_cent(axes, curves.of)
    else:
        axes.set_ylabel(curves.unit)
        values = [value for line in axes.get_lines() for value in np.asarray(line.get_ydata(), dtype=float)]
        low, high = min([0.0, *values]), max([0.0, *values])
        axes.set_ylim(1.05 * low, 1.08 * high if high > low else 1.0)
        axes.yaxis.set_major_locator(MaxNLocator(5))
    _mark_rounds(axes, steps)
    if len(curves.lines) > 1:
        legend(axes, 3 if len(curves.lines) > 2 else 2)


def _means(step: Row, name: str) -> bool:
    return name not in OF_THE_UPDATE or step["rows_trained"] > 0


def _mark_rounds(axes: Axes, steps: Sequence[Row]) -> None:
    """A line where each round begins; the ticks name the rounds."""
    starts = [i for i, step in enumerate(steps, start=1) if i == 1 or step["round"] != steps[i - 2]["round"]]
    for start in starts[1:]:
        axes.axvline(start - 0.5, color=BETWEEN, linewidth=0.8, zorder=0)
    every = max(1, -(-len(starts) // 8))
    shown = starts[::every]
    axes.set_xticks(shown, [str(steps[start - 1]["round"]) for start in shown], ha="left")
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(0.4, len(steps) + 0.6)
    axes.set_xlabel(f"round ({counted(len(steps), 'training step')})")
