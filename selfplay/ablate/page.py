"""An ablation as a table, Markdown, JSON, a plot and an HTML page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..pages.figures import BETWEEN, CHALLENGER, MUTED, SOLVER, draw_svg, plot_row, rows_by_name, rows_size
from ..pages.headline import Headline, tone_of
from ..pages.html_page import Section, figures, page, paragraph
from ..pages.tables import html_table, markdown_table
from ..pages.wording import counted, points, short_name, with_per_cent
from ..stats import Estimate
from .by_length import ability_rows, rows_by_length
from .results import Ablation, VariantResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MEANINGS = """Held-out accuracy of sampled answers in per cent; gains in points over the base, and against the baseline,
paired by question, with 95 % intervals over questions. Per seed: how far training scatters. p (Holm): exact, adjusted
for all variants. Tokens: counted, per run."""
ABILITY = """Points of greedy answers and of pass@k at lengths the base can hardly do, and greedy ones at the shortest
lengths: what is new, and what was forgotten. All seeds together, 95 % intervals over questions."""


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
    header = [
        "variant",
        "asked labels right, last round",
        "kept in first, middle, last round (mean of seeds)",
        "kept labels right, least",
    ]
    cells = [
        [
            r.name,
            with_per_cent(r.last_label_accuracy, 0),
            " ".join(f"{kept:.0f}" for kept in _spread(r.kept_per_round)) or "–",
            with_per_cent(r.least_kept_right, 0),
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
    by_length = ["\n".join(markdown_table(*found)) for found in rows_by_length(ablation)]
    return "\n\n".join([scores, notes, labels, *ability, *by_length]) + "\n"


def to_html(ablation: Ablation, origin: str = "") -> str:
    """The whole page as text.

    Args:
        origin: where the numbers come from, in a sentence.
    """
    scores = [html_table(*rows(ablation), label="Scores of all variants"), paragraph(MEANINGS)]
    drawn = [figures([plot(ablation)])] if ablation.results else []
    exam, *warned = (f"{note[:1].upper()}{note[1:]}." for note in ablation.notes or ["no variant was run"])
    sections = [
        Section("Gain over the base", [paragraph(exam), *drawn, *scores]),
        Section("Labels", [html_table(*label_rows(ablation), label="Labels of all variants")]),
    ]
    header, cells = ability_rows(ablation)
    if cells:
        ability = html_table(header, cells, label="What is new, and what was forgotten")
        sections.append(Section("What is new, and what was forgotten", [ability, paragraph(ABILITY)]))
    by_length = [
        html_table(*found, label=f"By number of operations: {found[0][0]}") for found in rows_by_length(ablation)
    ]
    if by_length:
        sections.append(Section("By number of operations", by_length))
    facts = f"Preset {ablation.preset} · {counted(len(ablation.results), 'variant')} · baseline {ablation.baseline}"
    title = f"Ablation of preset {ablation.preset}"
    return page(title, headline(ablation), sections, facts=facts, notes=warned, origin=origin)


def headline(ablation: Ablation) -> Headline:
    """What the baseline gains, and which variants differ from it by more than chance."""
    if not any(result.runs for result in ablation.results):
        return Headline("open", "No variant has been run yet.")
    best = max(ablation.results, key=lambda result: result.gain.points)
    own = next((result for result in ablation.results if result.name == ablation.baseline), None)
    if own is None:
        text = f"{short_name(best.name)} gains most over the base: {points(best.gain)} points of held-out accuracy."
        return Headline(tone_of(best.gain), f"{text} The baseline {short_name(ablation.baseline)} was not run.")
    text = f"{short_name(own.name)} gains {points(own.gain)} points of held-out accuracy over the base"
    tones = [tone_of(one.against, one.adjusted) for one in ablation.results if one.against is not None]
    if not tones:
        return Headline(tone_of(own.gain), f"{text}.")
    better, worse, open_ = (tones.count(tone) for tone in ("better", "worse", "open"))
    details = ["95 % intervals are over questions."]
    if [f"{result.gain.points:+.1f}" for result in ablation.results].count(f"{best.gain.points:+.1f}") == 1:
        details.insert(0, _largest(best))
    counts = (
        f"of {counted(len(tones), 'other variant')}, {better} better and {worse} worse than it, {open_} may be chance"
    )
    return Headline(tone_of(own.gain), f"{text}; {counts}.", " ".join(details))


def _largest(best: VariantResult) -> str:
    said = f"Largest gain: {short_name(best.name)}, {points(best.gain)}"
    if best.against is not None and best.adjusted is not None:
        said += f"; against the baseline {points(best.against)}, p = {best.adjusted:.2g} after Holm"
    return f"{said}."


def to_json(ablation: Ablation) -> str:
    """Everything but the single questions."""
    return json.dumps(ablation.as_dict(), indent=1) + "\n"


def plot(ablation: Ablation) -> str:
    """Gain over the base with interval and the single seeds, largest first, as inline SVG."""
    ranked = sorted(ablation.results, key=lambda result: -result.gain.points)
    gains = ", ".join(f"{short_name(result.name)} {result.gain.points:+.1f}" for result in ranked)
    label = f"Points of held-out accuracy over the base, preset {ablation.preset}: {gains}."
    return draw_svg(lambda axes: _draw_gains(axes, ranked, ablation), label, rows_size(len(ranked)))


def _draw_gains(axes: Axes, ranked: Sequence[VariantResult], ablation: Ablation) -> None:
    axes.axvline(0, color=BETWEEN, linewidth=1)
    for row, result in enumerate(ranked):
        gain = result.gain
        in_points = Estimate(gain.points, gain.low, gain.high)
        plot_row(axes, row, in_points, CHALLENGER if result.name == ablation.baseline else SOLVER)
        axes.scatter(result.gains, [row] * len(result.gains), marker="|", color=MUTED)
    rows_by_name(axes, [result.name for result in ranked], "variants")
    axes.set(xlabel="points over the base (short lines: single seeds)", title="Gain in held-out accuracy")


def _spread(kept: Sequence[float]) -> list[float]:
    """The first, the middle and the last round."""
    return [kept[place] for place in sorted({0, len(kept) // 2, len(kept) - 1})] if kept else []
