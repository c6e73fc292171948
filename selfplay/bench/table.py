"""A benchmark as one table: for the terminal, Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..pages import finite
from ..stats import Estimate
from .run import BenchEntry, BenchReport

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDE, NARROW = 150, 120
SCORES = "Scores in per cent, 95 % intervals over questions"
SECONDARY = ("items", "pass@4", "pass@16", "strict", "lenient", "p̂ error", "cut off", "s/correct", "peak MB")

_INTERVAL = re.compile(r"\[(\S+), (\S+)\](?=$)")

Column = tuple[str, Callable[[BenchEntry], str]]


def percent(estimate: Estimate | None, interval: bool = True) -> str:
    """ "61.3 [58.0, 64.5]", in per cent; a dash where there is no such score."""
    if estimate is None or math.isnan(estimate.value):
        return "–"
    value = f"{100 * estimate.value:.1f}"
    return f"{value} [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]" if interval else value


def columns(report: BenchReport) -> list[Column]:
    """Title and cell of every column, in order. Shares and scores are in per cent."""
    samples = report.settings.samples
    powers = [k for k in (1, 2, 4, 8, 16, 32, 64) if 1 < k <= samples]
    shown = sorted({k for k in (4, 16, 64, max(powers, default=1)) if k in powers})

    def pass_at(k: int) -> Column:
        return f"pass@{k}", lambda e: percent(e.exam.pass_at(k) if e.exam.samples_vary else None, interval=False)

    return [
        ("suite", lambda e: e.suite),
        ("agent", lambda e: e.agent),
        ("items", lambda e: str(len(e.exam.keys))),
        (f"avg@{samples}", lambda e: percent(e.exam.accuracy)),
        ("greedy", lambda e: percent(e.exam.greedy_accuracy)),
        *(pass_at(k) for k in shown),
        (f"maj@{samples}", lambda e: percent(e.exam.majority_at(samples)) if samples in e.exam.votes else "–"),
        ("strict", lambda e: percent(e.exam.strict_accuracy, interval=False)),
        ("lenient", lambda e: percent(e.exam.lenient_accuracy, interval=False)),
        ("p̂ error", lambda e: "–" if (vote := e.exam.vote_reliability) is None else f"{100 * vote.error:.1f}"),
        ("invalid", lambda e: f"{100 * sum(e.exam.invalid) / max(1, len(e.exam.keys) * samples):.1f}"),
        ("cut off", lambda e: "–" if e.truncated_share is None else f"{100 * e.truncated_share:.1f}"),
        ("tokens/correct", lambda e: "–" if (t := e.tokens_per_correct) is None else f"{t.value:.0f}"),
        ("s/correct", lambda e: "–" if e.seconds_per_correct is None else f"{e.seconds_per_correct:.2g}"),
        ("peak MB", lambda e: f"{e.usage.peak_mb:.0f}"),
    ]


def rows(report: BenchReport) -> tuple[list[str], list[list[str]]]:
    """Header and cells."""
    shown = columns(report)
    return [title for title, _ in shown], [[cell(entry) for _, cell in shown] for entry in report.entries]


def comparison_rows(report: BenchReport) -> tuple[list[str], list[list[str]]]:
    """Header and cells of the paired comparisons."""
    header = ["suite", "comparison", "on", "points", "95 % interval", "p", "p (Holm)", "better/worse items"]
    cells = [
        [
            c.suite,
            f"{c.agent} − {c.baseline}",
            c.on,
            f"{c.result.points:+.1f}",
            f"[{c.result.low:+.1f}, {c.result.high:+.1f}]",
            f"{c.result.p_value:.2g}",
            f"{c.adjusted:.2g}",
            f"{c.result.better}/{c.result.worse}",
        ]
        for c in report.comparisons
    ]
    return header, cells


def to_terminal(report: BenchReport, width: int = 200) -> RenderableType:
    """Tables and warnings for `rich`.

    Below 150 columns only the most important scores are shown, below 120 each with half the width of its interval.
    """
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    parts: list[RenderableType] = []
    for title, (header, cells) in _tables(report):
        if width < WIDE and title == SCORES:
            kept = [place for place, name in enumerate(header) if name not in SECONDARY]
            header, cells = [header[place] for place in kept], [[row[place] for place in kept] for row in cells]
        if width < NARROW:
            cells = [[_INTERVAL.sub(_half, cell) for cell in row] for row in cells]
        table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
        for place, name in enumerate(header):
            table.add_column(name.replace("/", "/\n"), justify="left" if place < 2 else "right", overflow="fold")
        for row in cells:
            table.add_row(*map(Text, row))
        parts.append(table)
    parts += [Text(f"! {note}", style="yellow") for note in report.warnings()]
    return Group(*parts)


def to_markdown(report: BenchReport) -> str:
    """Tables, warnings and provenance as Markdown."""
    lines: list[str] = []
    for title, (header, cells) in _tables(report):
        lines += [f"**{title}**", "", _markdown_row(header), _markdown_row(["---"] * len(header))]
        lines += [*map(_markdown_row, cells), ""]
    lines += [f"- Note: {note}" for note in report.warnings()]
    lines += [f"- Seed {report.settings.seed}, {provenance_line(report)}"]
    return "\n".join(lines) + "\n"


def to_csv(report: BenchReport) -> str:
    """One line per agent and suite, scores as plain numbers in [0, 1] with their interval ends."""
    flat = [_flat(entry) for entry in report.entries]
    names = list(dict.fromkeys(name for row in flat for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return out.getvalue()


def to_json(report: BenchReport) -> str:
    """Everything, per question counts included; `nan` becomes null."""
    return json.dumps(finite(report.as_dict()), ensure_ascii=False, indent=1) + "\n"


def provenance_line(report: BenchReport) -> str:
    """Date, machine, versions, commit and command in one sentence."""
    known = report.provenance
    versions = ", ".join(f"{name} {number}" for name, number in known["versions"].items())
    commit = f", commit {known['commit']}" if known.get("commit") else ""
    machine = f"{known['system']} with {known['cpus']} CPUs, Python {known['python']}"
    return f"{known['date']}, {machine}, {versions}{commit}, command `{' '.join(known['command'])}`"


def _half(interval: re.Match[str]) -> str:
    low, high = float(interval[1]), float(interval[2])
    return f"±{(high - low) / 2:.1f}"


def _tables(report: BenchReport) -> list[tuple[str, tuple[list[str], list[list[str]]]]]:
    tables = [(SCORES, rows(report))]
    if report.comparisons:
        tables.append(("Paired comparisons, exact p-values", comparison_rows(report)))
    return tables


def _flat(entry: BenchEntry) -> dict[str, Any]:
    flat: dict[str, Any] = {"suite": entry.suite, "agent": entry.agent, "samples": entry.exam.samples}
    summary = finite(entry.exam.summary())
    for name in ("questions", "accuracy", "greedy", "strict", "lenient"):
        flat |= _spread(name, summary[name])
    for family in ("pass", "majority"):
        for k, estimate in summary[family].items():
            flat |= _spread(f"{family}@{k}", estimate)
    for name in ("vote_error", "invalid_share", "undecided_share", "mean_characters", "distinct_share", "seconds"):
        flat[name] = summary[name]
    tokens = entry.tokens_per_correct
    flat |= _spread("tokens_per_correct", None if tokens is None else tokens.as_dict())
    return flat | {
        "truncated_share": entry.truncated_share,
        "seconds_per_correct": entry.seconds_per_correct,
        "peak_mb": entry.usage.peak_mb,
    }


def _spread(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {name: value}
    return {name: value["value"], f"{name}_low": value["low"], f"{name}_high": value["high"]}


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
