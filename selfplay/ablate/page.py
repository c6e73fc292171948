"""An ablation as a table, Markdown, JSON and a plot."""

from __future__ import annotations

import json

from ..stats import Paired
from .variants import FULL, Ablation


def rows(ablation: Ablation) -> tuple[list[str], list[list[str]]]:
    """Header and cells, largest gain first; scores in per cent, gains in points of sampled held-out accuracy."""
    header = [
        "variant",
        "accuracy, %",
        "gain over base",
        "per seed",
        "greedy gain",
        "against full",
        "p (Holm)",
        "label acc., last round",
    ]
    cells = []
    for r in sorted(ablation.results, key=lambda result: -result.gain.points):
        accuracy, versus = r.accuracy, r.against_full
        cells.append(
            [
                r.name,
                f"{100 * accuracy.value:.1f} [{100 * accuracy.low:.1f}, {100 * accuracy.high:.1f}]",
                _points(r.gain),
                " ".join(f"{gain:+.1f}" for gain in r.gains),
                _points(r.greedy_gain),
                _points(versus),
                "–" if r.adjusted is None else f"{r.adjusted:.2g}",
                "–" if r.last_label_accuracy is None else f"{100 * r.last_label_accuracy:.0f} %",
            ]
        )
    return header, cells


def to_markdown(ablation: Ablation) -> str:
    """The table and its notes."""
    header, cells = rows(ablation)
    lines = ["| " + " | ".join(line) + " |" for line in [header, ["---"] * len(header), *cells]]
    return "\n".join([*lines, "", *(f"- Note: {note}." for note in ablation.notes)]) + "\n"


def to_json(ablation: Ablation) -> str:
    """Everything but the single questions."""
    return json.dumps(ablation.as_dict(), indent=1) + "\n"


def plot(ablation: Ablation) -> str:
    """Gain over the base with interval and the single seeds, as inline SVG."""
    from matplotlib.figure import Figure

    from ..pages.html_page import inline_svg

    ranked = sorted(ablation.results, key=lambda result: result.gain.points)
    figure = Figure(figsize=(9, 0.42 * len(ranked) + 1.2), layout="constrained")
    axes = figure.subplots()
    for place, r in enumerate(ranked):
        colour = "C1" if r.name == FULL else "C0"
        errors = [[r.gain.points - r.gain.low], [r.gain.high - r.gain.points]]
        axes.errorbar(r.gain.points, place, xerr=errors, fmt="o", color=colour, capsize=3)
        axes.scatter(r.gains, [place] * len(r.gains), marker="|", color="0.3")
    axes.axvline(0, color="0.8")
    axes.set_yticks(range(len(ranked)), [r.name for r in ranked])
    axes.set(xlabel="points of held-out accuracy over the base (bars: single seeds)", title=ablation.preset)
    axes.spines[["top", "right"]].set_visible(False)
    return inline_svg(figure)


def _points(difference: Paired | None) -> str:
    return "–" if difference is None else f"{difference.points:+.1f} [{difference.low:+.1f}, {difference.high:+.1f}]"
