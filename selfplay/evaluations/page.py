"""`evaluations.html`: how a run went over its games, one point for each full evaluation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..exams.result import ExamResult
from ..pages.figures import COLOURS, MARKERS, draw_svg, legend, plot_rates
from ..pages.html_page import figures, page
from ..pages.tables import html_table
from ..pages.wording import counted, percent
from ..storage.files import read_bytes, write_text
from .hold import FOLDER

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAGE = "evaluations.html"


def read_evaluations(run: Path) -> list[dict[str, Any]]:
    """All evaluations of a run, in the order of their games; their suites as `ExamResult`."""
    rows = [json.loads(read_bytes(path)) for path in sorted((run / FOLDER).glob("*.json"))]
    return [
        {**row, "suites": {name: ExamResult.from_dict(result) for name, result in row["suites"].items()}}
        for row in rows
    ]


def write_page(run: Path) -> Path:
    """Write the page and return its path."""
    path = run / PAGE
    write_text(path, to_html(run.resolve().name, read_evaluations(run)))
    return path


def to_html(name: str, held: Sequence[dict[str, Any]]) -> str:
    """The whole page as text."""
    first, last = held[0], held[-1]
    size = next(iter(last["suites"].values()), None)
    exam = (
        "" if size is None else f", each of {counted(len(size.keys), 'question')} × {counted(size.samples, 'sample')}"
    )
    parts = [
        f"<p>{counted(len(held), 'full evaluation')}, after {first['games']:,} to {last['games']:,} games: "
        f"{counted(len(last['suites']), 'suite')}{exam}. Bars are 95 % intervals over questions.</p>",
        "<h2>Suites</h2>",
        figures(
            [
                draw_svg(lambda axes: _draw(axes, held, greedy=False), "Sampled accuracy of every suite over games."),
                draw_svg(lambda axes: _draw(axes, held, greedy=True), "Greedy accuracy of every suite over games."),
            ]
        ),
        html_table(*suite_rows(held)),
    ]
    if any(row["cross_play"] for row in held):
        parts += ["<h2>Cross-play</h2>", f"<p>{escape(CROSS_PLAY)}</p>", html_table(*pair_rows(held), names=3)]
    if any(row["labels"] for row in held):
        parts += ["<h2>Labels</h2>", html_table(*label_rows(held))]
    return page(f"{name} · full evaluations", parts)


CROSS_PLAY = """Challengers and solvers, each as the run began (base) and as it is then (now). Solver right: share of
right attempts at questions whose answer can be computed. Uncertainty: 1 − 2|p̂ − ½| by the solver's own vote."""


def suite_rows(held: Sequence[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Sampled accuracy in per cent: a row per evaluation, a column per suite."""
    names = list(held[-1]["suites"])
    cells = [
        [f"{row['games']:,}", str(row["round"]), *(_accuracy(row["suites"].get(name)) for name in names)]
        for row in held
    ]
    return ["games", "round", *names], cells


def pair_rows(held: Sequence[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """A row per evaluation and pair."""
    header = ["games", "challenger", "solver", "solver right", "labels right", "uncertainty", "clusters"]
    cells = [
        [f"{row['games']:,}", pair["challenger"], pair["solver"], *_pair_cells(pair)]
        for row in held
        for pair in row["cross_play"] or ()
    ]
    return header, cells


def label_rows(held: Sequence[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """What was measured of the last labelling before each evaluation; none before the first."""
    header = ["games", "of round", "asked", "kept", "labels right", "right among kept", "clusters"]
    cells = []
    for row in held:
        if labels := row["labels"]:
            shares = [_percent(labels.get(name)) for name in ("label_accuracy", "kept_label_accuracy")]
            counts = [str(labels[name]) for name in ("round", "asked", "kept")]
            cells.append([f"{row['games']:,}", *counts, *shares, str(labels["clusters"])])
    return header, cells


def _pair_cells(pair: dict[str, Any]) -> list[str]:
    shares = [_percent(_value(pair.get(name))) for name in ("solver_accuracy", "label_accuracy")]
    uncertain, clusters = _value(pair.get("uncertainty")), pair.get("clusters")
    return [*shares, "–" if uncertain is None else f"{uncertain:.2f}", "–" if clusters is None else str(clusters)]


def _value(found: Any) -> float | None:
    """A number, also of an estimate, which has it as `value`."""
    return found.get("value") if isinstance(found, dict) else found


def _accuracy(result: ExamResult | None) -> str:
    return percent(None if result is None else result.accuracy)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"


def _draw(axes: Axes, held: Sequence[dict[str, Any]], *, greedy: bool) -> None:
    for i, name in enumerate(held[-1]["suites"]):
        found = [(row["games"], row["suites"][name]) for row in held if name in row["suites"]]
        rates = [(games, result.greedy_accuracy if greedy else result.accuracy) for games, result in found]
        known = [(games, rate) for games, rate in rates if rate is not None]
        if known:
            style = {"linestyle": "-" if i < len(COLOURS) else "--"}
            marker, colour = MARKERS[i % len(MARKERS)], COLOURS[i % len(COLOURS)]
            plot_rates(axes, [games for games, _ in known], [rate for _, rate in known], name, colour, marker, **style)
    axes.set_title("Greedy answers" if greedy else "Sampled answers")
    axes.set_xlabel("games")
    axes.set_ylim(0, 100)
    legend(axes, 2)
