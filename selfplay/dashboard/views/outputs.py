"""*Outputs*: how questions and answers are distributed, and how that changes from round to round."""

from __future__ import annotations

from typing import Any

import msgspec

from ...pages.bands import over_bins
from ...pages.tables import html_table
from ...pages.wording import shown
from ...report.sources import source_table
from ..reading import rows
from ..reading.run_reader import RunReader
from ..reading.series import ByNumber, Lengths
from ..reading.tallies import MOST_NAMES
from .curves import round_ticks
from .parts import Part, part
from .svg import Chart, Line

HISTOGRAMS = 12
"""Rounds whose solve rates are shown; of longer runs every n-th one, and always the last."""
NAME = 60
"""Characters of a name at most."""
TOP = 12
"""Answers that are shown."""


def outputs(run: RunReader) -> list[Part]:
    """The parts of the page."""
    from markupsafe import Markup

    labellings = run.metrics.labellings.items()
    sources = source_table([(number, _sources(row)) for number, row in labellings])
    return [
        part("rates", histograms=_histograms(run), band=_band(run)),
        part(
            "answers",
            charts=[*_different(run), *_kinds(run)],
            top=run.labels.answers.top(TOP),
            labels=run.labels.answers.count,
            given=run.labels.given,
            unanswered=run.labels.unanswered,
        ),
        part("lengths", charts=_lengths(run)),
        part(
            "sources",
            table=Markup(html_table(*sources, label="Questions by source")) if sources else None,
            counts=_shares(run.questions.sources),
            dropped=_shares(run.questions.dropped, run.questions.count),
            count=run.questions.count,
        ),
        part("probes", charts=_probes(run)),
    ]


def _sources(row: rows.Metrics) -> dict[str, Any]:
    """The labelling by source as the report reads it, with names as they can be shown."""
    found = {}
    for name, one in list(row.by_source.items())[:MOST_NAMES]:
        labels = {shown(source, NAME): count for source, count in list(one.label_sources.items())[:MOST_NAMES]}
        found[shown(name, NAME)] = {**msgspec.structs.asdict(one), "label_sources": labels}
    return {"by_source": found} if found else {}


def _band(run: RunReader) -> tuple[float, float] | None:
    band = run.settings.questions.get("keep_band")
    if isinstance(band, list) and len(band) == 2 and all(isinstance(end, int | float) for end in band):
        return float(band[0]), float(band[1])
    return None


def _histograms(run: RunReader) -> list[Chart]:
    """Solve rates of the questions of a round, in ten bins."""
    found = [(number, row) for number, row in run.metrics.labellings.items() if row.histogram]
    every = max(1, -(-len(found) // HISTOGRAMS))
    found = [pair for i, pair in enumerate(found) if (len(found) - 1 - i) % every == 0]
    ticks = [(0.0, "0"), (0.5, "½"), (1.0, "1")]
    band, charts = _band(run), []
    for number, row in found:
        whole, bins = max(1, sum(row.histogram)), len(row.histogram)
        points = [((i + 0.5) / bins, count / whole) for i, count in enumerate(row.histogram)]
        kept = band and over_bins(band, bins)
        charts.append(
            Chart(f"Round {number}", "share", [Line("questions", points, "1")], ticks, "p̂, in tenths", kept, 1 / bins)
        )
    return charts


def _different(run: RunReader) -> list[Chart]:
    counts = run.labels.different
    if not counts:
        return []
    whole = sum(counts.values())
    points = [(float(number), count / whole) for number, count in sorted(counts.items())]
    ticks = [(x, f"{x:.0f}{'+' if x == 20 else ''}") for x, _ in points]
    return [
        Chart("Different answers to a question", "share", [Line("questions", points, "1")], ticks, "answers", None, 1.0)
    ]


def _kinds(run: RunReader) -> list[Chart]:
    """Kinds of the questions, as shares of those asked, by round."""
    found = [(number, row) for number, row in run.metrics.labellings.items() if row.by_kind and row.asked]
    if not found:
        return []
    kinds = sorted({kind for _, row in found for kind in row.by_kind}, key=lambda kind: (kind == "other", kind))[:8]
    lines = [
        Line(
            kind,
            [(float(n), row.by_kind[kind].asked / row.asked) for n, row in found if kind in row.by_kind],
            str(i + 1),
        )
        for i, kind in enumerate(kinds)
    ]
    return [Chart("Kinds of the questions", "%", lines, round_ticks([n for n, _ in found]), "round", None, 1.0)]


def _lengths(run: RunReader) -> list[Chart]:
    """Median, and the tenth and ninetieth percentile, of the characters by round."""
    charts = []
    for title, lengths in (
        ("Length of the questions", run.questions.lengths),
        ("Length of the attempts", run.attempts.lengths),
    ):
        if len(lengths):
            lines = [
                Line("median", _quantiles(lengths, 0.5), "1"),
                Line("9 of 10 are shorter", _quantiles(lengths, 0.9), "2", "--"),
                Line("1 of 10 is shorter", _quantiles(lengths, 0.1), "3", ":"),
            ]
            charts.append(Chart(title, "characters", lines, round_ticks(list(lengths)), "round"))
    return charts


def _quantiles(lengths: ByNumber[Lengths], share: float) -> list[tuple[float, float]]:
    found = [(float(number), one.quantile(share)) for number, one in lengths.items()]
    return [(number, value) for number, value in found if value is not None]


def _probes(run: RunReader) -> list[Chart]:
    """What the guard measures on the same questions at every evaluation, for both roles."""
    guard = run.guard
    ticks = [(float(at), str(number)) for at, number in guard.starts.items()]
    charts = []
    for title, unit, names in (
        ("Do both roles answer alike?", "bits", (("consistency", "divergence of their answers", "4"),)),
        (
            "Drift of the weights from the start",
            "share of their norm",
            (("challenger_drift", "challenger", "2"), ("solver_drift", "solver", "1")),
        ),
        ("Validation loss", "%", (("validation_loss", "loss", "1"), ("best_validation_loss", "least so far", "3"))),
        ("Validation samples without an answer", "%", (("unanswered_share", "unanswered", "bad"),)),
    ):
        lines = [
            Line(label, guard.curves[name].points(), series) for name, label, series in names if guard.curves[name]
        ]
        if lines:
            charts.append(Chart(title, unit, lines, ticks, "after round"))
    return charts


def _shares(counts: dict[str, int], whole: int | None = None) -> list[tuple[str, int, float]]:
    total = max(1, sum(counts.values()) if whole is None else whole)
    return [(name, count, count / total) for name, count in sorted(counts.items(), key=lambda item: -item[1])]
