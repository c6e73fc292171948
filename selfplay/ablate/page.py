"""An ablation as a table, Markdown, JSON and a plot."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..pages.figures import CHALLENGER, GRID, MUTED, SOLVER, draw_svg
from ..pages.tables import markdown_table
from ..pages.wording import points
from .by_length import ability_rows, tables_by_length
from .results import Ablation, VariantResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def rows(ablation: Ablation) -> tuple[list[str], list[list[str]]]:
    """Header and cells, largest gain first; scores in per cent, gains in points of sampled held-out accuracy, counted
    tokens per run in millions."""
    header = [
        "variant",
        "accuracy, %",
        "gain over base",
        "per seed",
        "greedy gain",
        "against baseline",
        "greedy against",
        "p (Holm)",
        "tokens, M",
    ]
    cells = []
    for r in sorted(ablation.results, key=lambda result: -result.gain.points):
        accuracy, versus = r.accuracy, r.against
        cells.append(
            [
                r.name,
                f"{100 * accuracy.value:.1f} [{100 * accuracy.low:.1f}, {100 * accuracy.high:.1f}]",
                points(r.gain),
                " ".join(f"{gain:+.1f}" for gain in r.gains),
                points(r.greedy_gain),
                points(versus),
                points(r.greedy_against),
                "–" if r.adjusted is None else f"{r.adjusted:.2g}",
                "–" if r.counted is None else f"{r.counted / 1e6:.2f}",
            ]
        )
    return header, cells


def label_rows(ablation: Ablation) -> tuple[list[str], list[list[str]]]:
    """Header and cells of the labels, in the order asked for: how many of all are right in the last round, the mean
    number kept in the first, the middle and the last round, and the worst round of all seeds."""
    header = ["variant", "labels right, last round", "kept a round", "least kept right"]
    cells = [
        [
            r.name,
            _per_cent(r.last_label_accuracy),
            " ".join(f"{kept:.0f}" for kept in _spread(r.kept_per_round)) or "–",
            _per_cent(r.least_kept_right),
        ]
        for r in ablation.results
    ]
    return header, cells


def to_markdown(ablation: Ablation) -> str:
    """Scores, notes, and labels; then what is new and scores by length, where the exam has lengths."""
    scores, labels = ("\n".join(markdown_table(*found)) for found in (rows(ablation), label_rows(ablation)))
    notes = "\n".join(f"- Note: {note}." for note in ablation.notes)
    header, cells = ability_rows(ablation)
    ability = ["\n".join(markdown_table(header, cells))] if cells else []
    return "\n\n".join([scores, notes, labels, *ability, *tables_by_length(ablation)]) + "\n"


def to_json(ablation: Ablation) -> str:
    """Everything but the single questions."""
    return json.dumps(ablation.as_dict(), indent=1) + "\n"


def plot(ablation: Ablation) -> str:
    """Gain over the base with interval and the single seeds, as inline SVG."""
    ranked = sorted(ablation.results, key=lambda result: result.gain.points)
    gains = ", ".join(f"{result.name} {result.gain.points:+.1f}" for result in reversed(ranked))
    label = f"Points of held-out accuracy over the base, preset {ablation.preset}: {gains}."
    return draw_svg(lambda axes: _draw_gains(axes, ranked, ablation), label, (9, 0.42 * len(ranked) + 1.2))


def _draw_gains(axes: Axes, ranked: Sequence[VariantResult], ablation: Ablation) -> None:
    for row, result in enumerate(ranked):
        gain = result.gain
        errors = [[gain.points - gain.low], [gain.high - gain.points]]
        shown = CHALLENGER if result.name == ablation.baseline else SOLVER
        axes.errorbar(gain.points, row, xerr=errors, fmt="o", color=shown, capsize=3)
        axes.scatter(result.gains, [row] * len(result.gains), marker="|", color=MUTED)
    axes.axvline(0, color=GRID)
    axes.set_yticks(range(len(ranked)), [result.name for result in ranked])
    axes.set(xlabel="points of held-out accuracy over the base (bars: single seeds)", title=ablation.preset)


def _per_cent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


def _spread(kept: Sequence[float]) -> list[float]:
    """The first, the middle and the last round."""
    return [kept[place] for place in sorted({0, len(kept) // 2, len(kept) - 1})] if kept else []
