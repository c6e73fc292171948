"""*Labels*: how many are right, where that is known; how many were checked; and both by the solve rate."""

from __future__ import annotations

from statistics import NormalDist

import msgspec

from ...pages.bands import over_tenths
from ...report.fates import fates
from ...stats import wilson
from ..reading.run_reader import RunReader
from .curves import round_ticks
from .outputs import _band
from .parts import SERIES, Part, part
from .svg import Chart, Line

QUANTILE = NormalDist().inv_cdf(0.975)
ROUNDED = "solve rate p̂, rounded to tenths"
TENTHS = [(0.0, "0"), (0.5, "½"), (1.0, "1")]


def labels(run: RunReader) -> list[Part]:
    """The parts of the page."""
    tally = run.labels
    rows = run.metrics.labellings.items()
    kinds = rows[-1][1].by_kind if rows else {}
    return [
        part("label-counts", tally=tally, rounds=len(rows)),
        part("label-rounds", charts=[*_rounds(run), *_by_rate(run)]),
        part("label-kinds", kinds=sorted(kinds.items())[:40], number=rows[-1][0] if rows else 0),
    ]


def _rounds(run: RunReader) -> list[Chart]:
    rows = run.metrics.labellings.items()
    if not rows:
        return []
    ticks = round_ticks([number for number, _ in rows])
    shares = (
        ("label_accuracy", "asked labels right", "4", "-"),
        ("kept_label_accuracy", "kept labels right", "3", "-"),
        ("kept_share", "kept", "2", "--"),
    )
    lines = [
        Line(label, [(float(n), value) for n, row in rows if (value := getattr(row, name)) is not None], series, style)
        for name, label, series, style in shares
    ]
    checked = [
        Line("checked", [(float(n), row.checked / row.asked) for n, row in rows if row.asked], "1"),
        Line(
            "not confirmed, of the checked",
            [(float(n), row.disagreement) for n, row in rows if row.disagreement is not None],
            "bad",
            "--",
        ),
    ]
    charts = [Chart("Labels and the filter", "%", lines, ticks, "round")]
    if any(row.checked for _, row in rows):
        charts.append(Chart("Labels that were checked", "%", checked, ticks, "round"))
    members = _members(run)
    if members:
        charts.append(Chart("Reliability of the members", "%", members, ticks, "round"))
    stacked = fates([msgspec.structs.asdict(row) for _, row in rows])
    columns = [
        Line(
            name,
            [(float(n), float(count)) for (n, _), count in zip(rows, counts, strict=True)],
            SERIES[colour],
        )
        for name, colour, counts in stacked
        if any(counts)
    ]
    charts.append(Chart("What became of the questions", "questions", columns, ticks, "round", None, 1.0))
    return charts


def _members(run: RunReader) -> list[Line]:
    """How reliable each member of a coalition was measured to be; no more members than there are colours."""
    found = [(n, row.coalition.members) for n, row in run.metrics.labellings.items() if row.coalition is not None]
    names = dict.fromkeys(name for _, members in found for name in members)
    return [
        Line(
            name,
            [(float(n), value) for n, own in found if name in own and (value := own[name].reliability) is not None],
            str(number),
        )
        for number, name in enumerate([*names][:8], start=1)
    ]


def _by_rate(run: RunReader) -> list[Chart]:
    """Shares of labels by the solve rate, rounded to tenths, with Wilson's intervals."""
    kept, charts = _band(run), []
    band = kept and over_tenths(kept)
    for title, label, whole, part_of, series in (
        ("Asked labels right by solve rate", "asked labels right", 1, 2, "4"),
        ("Labels confirmed by solve rate", "confirmed, of the checked", 3, 4, "1"),
    ):
        found = [(tenth / 10, counts) for tenth, counts in run.labels.rates.items() if counts[whole]]
        if found:
            rates = [wilson(counts[part_of], counts[whole], quantile=QUANTILE) for _, counts in found]
            points = [(x, rate.value) for (x, _), rate in zip(found, rates, strict=True)]
            bounds = [(rate.low, rate.high) for rate in rates]
            charts.append(Chart(title, "%", [Line(label, points, series, "-", bounds)], TENTHS, ROUNDED, band))
    if run.labels.count:
        points = [(tenth / 10, counts[0] / run.labels.count) for tenth, counts in run.labels.rates.items()]
        charts.append(
            Chart(
                "Questions by solve rate",
                "share",
                [Line("questions", points, "1")],
                TENTHS,
                ROUNDED,
                band,
                0.1,
            )
        )
    return charts
