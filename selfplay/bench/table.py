"""A benchmark as one table: for the terminal, Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..exams.result import Score
from ..pages.tables import NARROW, finite, markdown_table, provenance_line
from ..pages.terminal_table import TerminalTable
from ..pages.wording import percent, points
from ..stats import Estimate
from .run import BenchEntry, BenchReport

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDE = 150
SCORES = "Scores in per cent, 95 % intervals over questions"
SECONDARY = ("items", "pass@4", "pass@16", "strict", "lenient", "p̂ error", "cut off", "s/correct", "peak MB")

Column = tuple[str, Callable[[BenchEntry], str]]
Rows = tuple[list[str], list[list[str]]]


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
        (
            "s/correct",
            lambda e: "–" if (s := e.seconds_per_correct) is None else f"{s:.2g}" if s >= 0.001 else "<0.001",
        ),
        ("peak MB", lambda e: f"{e.usage.peak_mb:.0f}"),
    ]


def rows(report: BenchReport) -> Rows:
    """Header and cells."""
    shown = columns(report)
    return [title for title, _ in shown], [[cell(entry) for _, cell in shown] for entry in report.entries]


def comparison_rows(report: BenchReport) -> Rows:
    """Header and cells of the paired comparisons."""
    header = ["suite", "comparison", "on", "points", "p", "p (Holm)", "better/worse"]
    cells = [
        [
            c.suite,
            f"{c.agent} − {c.baseline}",
            c.on,
            points(c.result),
            f"{c.result.p_value:.2g}",
            f"{c.adjusted:.2g}",
            f"{c.result.better}/{c.result.worse}",
        ]
        for c in report.comparisons
    ]
    return header, cells


def level_rows(report: BenchReport) -> Rows:
    """Header and cells of avg@k per level, for the entries whose questions have levels that are not just lengths; no
    cells if none has."""
    found = [(e, e.exam.breakdown("level")) for e in report.entries if not e.exam.levels_are_lengths]
    return _rows_by(found, sorted({level for _, scores in found for level in scores} - {"?"}))


def length_rows(report: BenchReport, score: Score) -> Rows:
    """Header and cells of a score per length, for the entries whose levels are lengths; no cells if none has it."""
    found = [(e, e.exam.breakdown("length", score)) for e in report.entries if e.exam.levels_are_lengths]
    return _rows_by(found, sorted({length for _, scores in found for length in scores}, key=int))


def breakdown_tables(report: BenchReport) -> Iterator[tuple[str, Rows]]:
    """Title, header and cells of the tables per level and per length that there are."""
    samples = report.settings.samples
    titles: dict[Score, str] = {
        "greedy": "greedy",
        "sampled": f"avg@{samples}",
        "majority": f"majority@{samples}",
        "pass": f"pass@{samples}",
    }
    found = [(f"{titles['sampled']} per level", level_rows(report))]
    found += [(f"{title} per length", length_rows(report, score)) for score, title in titles.items()]
    yield from ((f"{title}, per cent", table) for title, table in found if len(table[0]) > 3)


def _rows_by(found: Sequence[tuple[BenchEntry, Mapping[str, Estimate]]], names: Sequence[str]) -> Rows:
    cells = [
        [entry.suite, entry.agent, *(percent(scores.get(name), interval=False) for name in names)]
        for entry, scores in found
        if set(scores) - {"?"}
    ]
    return ["suite", "agent", *names], cells


def to_terminal(report: BenchReport, width: int = 200) -> RenderableType:
    """Tables and warnings for `rich`.

    Below 150 columns only the most important scores are shown, below 120 each with half the width of its interval, and
    no levels and lengths.
    """
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = []
    for title, (header, cells) in _tables(report):
        if width < NARROW and title.endswith("per cent"):
            continue
        if width < WIDE and title == SCORES:
            kept = [column for column, name in enumerate(header) if name not in SECONDARY]
            header, cells = [header[i] for i in kept], [[row[i] for i in kept] for row in cells]
        broken = [name.replace("/", "/\n") for name in header]
        parts.append(TerminalTable(title, broken, cells, width=width, names=2))
    parts += [Text(f"! {note}", style="yellow") for note in report.warnings()]
    parts += [Text(f"Contamination: {line}.", style="dim") for line in report.contamination_lines()]
    return Group(*parts)


def to_markdown(report: BenchReport) -> str:
    """Tables, warnings and provenance as Markdown."""
    lines: list[str] = []
    for title, (header, cells) in _tables(report):
        lines += [f"**{title}**", "", *markdown_table(header, cells), ""]
    lines += [f"- Note: {note}" for note in report.warnings()]
    lines += [f"- Contamination: {line}" for line in report.contamination_lines()]
    lines += [f"- {origin(report)}"]
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


def origin(report: BenchReport) -> str:
    """Seed, date, machine, versions, commit and command in one sentence."""
    return f"Seed {report.settings.seed}, {report.provenance['date']}, {provenance_line(report.provenance)}"


def _tables(report: BenchReport) -> list[tuple[str, Rows]]:
    tables = [(SCORES, rows(report))]
    if report.comparisons:
        tables.append(("Paired comparisons in points, exact p-values", comparison_rows(report)))
    return [*tables, *breakdown_tables(report)]


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
