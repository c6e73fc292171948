"""`evaluations.html`: how a run went over its games, one point for each full evaluation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..evaluation import compare
from ..exams.result import ExamResult
from ..pages.figures import MANY, MARKERS, colour, draw_svg, legend, per_cent, plot_rates
from ..pages.headline import Headline, difference, tone_of
from ..pages.html_page import Section, figures, page, paragraph
from ..pages.tables import html_table
from ..pages.wording import counted, in_per_cent, percent, short_name
from ..stats import Paired, holm
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


def write_page(run: Path, every: int = 0, games: int = 0) -> Path:
    """Write the page and return its path; see `to_html`."""
    path = run / PAGE
    write_text(path, to_html(run.resolve().name, read_evaluations(run), every, games))
    return path


def to_html(name: str, held: Sequence[dict[str, Any]], every: int = 0, games: int = 0) -> str:
    """The whole page as text.

    Args:
        every: games from one evaluation to the next; 0 where that is not known.
        games: played so far.
    """
    title = f"{name} · full evaluations"
    if not held:
        return page(title, Headline("open", "No full evaluation has been held yet."), [])
    shown = [html_table(*suite_rows(held), label="Accuracy of every suite"), paragraph(SUITES)]
    count = len(held[-1]["suites"])
    of = "every suite" if count <= MANY else f"the first {MANY} of {count} suites"
    drawn = [
        draw_svg(lambda axes: _draw(axes, held, greedy=False), f"Sampled accuracy of {of} over games."),
        draw_svg(lambda axes: _draw(axes, held, greedy=True), f"Greedy accuracy of {of} over games."),
    ]
    sections = [Section("Suites", [figures(drawn), *shown])]
    if any(row["cross_play"] for row in held):
        table = html_table(*pair_rows(held), names=3, label="Cross-play")
        sections.append(Section("Cross-play", [paragraph(CROSS_PLAY), table]))
    if any(row["labels"] for row in held):
        sections.append(Section("Labels", [html_table(*label_rows(held), label="Labels before each evaluation")]))
    return page(title, headline(held), sections, facts=_facts(held), notes=_notes(every, games))


def _facts(held: Sequence[dict[str, Any]]) -> str:
    suites = held[-1]["suites"]
    one = next(iter(suites.values()), None)
    size = "" if one is None else f", each of {counted(len(one.keys), 'question')} × {counted(one.samples, 'sample')}"
    first, last = held[0]["games"], held[-1]["games"]
    games = f"after {first:,} games" if first == last else f"after {first:,} to {last:,} games"
    return f"{counted(len(held), 'full evaluation')}, {games} · {counted(len(suites), 'suite')}{size}"


def _notes(every: int, games: int) -> list[str]:
    """What a reader of a page of one point must not miss."""
    if games >= every:
        return []
    return [f"evaluation.every_games = {every:,} was not reached: the run has played {games:,} games so far."]


def headline(held: Sequence[dict[str, Any]]) -> Headline:
    """How the suites moved from the first evaluation to the last one."""
    changes = _changes(held)
    games = f"{held[-1]['games']:,} games"
    if not changes:
        known = ", ".join(f"{percent(one.accuracy, False)} % of {suite}" for suite, one in _shown(held[-1]["suites"]))
        scores = f": {known}" if known else ""
        return Headline("open", f"After {games} there is nothing earlier to compare with{scores}.")
    adjusted = holm([change.p_value for change in changes.values()])
    tones = dict(zip(changes, map(tone_of, changes.values(), adjusted), strict=True))
    most = max(changes, key=lambda suite: (tones[suite] != "open", abs(changes[suite].points)))
    before, after = (percent(row["suites"][most].accuracy, False) for row in (held[0], held[-1]))
    moved = {"better": f", up from {before} %", "worse": f", down from {before} %"}
    text = f"After {games} the solver answers {after} % of {short_name(most)}"
    text += moved.get(tones[most], f"; before, it was {before} %")
    better, worse, open_ = (list(tones.values()).count(tone) for tone in ("better", "worse", "open"))
    counts = f"; of {counted(len(changes), 'suite')}, {better} rose and {worse} fell, and {open_} may be chance"
    chance = ". The difference may be chance" if len(changes) == 1 and open_ else ""
    tone = "open" if better and worse else tones[most]
    detail = f"{short_name(most)}, last − first, paired by question: {difference(changes[most])}."
    return Headline(tone, f"{text}{counts if len(changes) > 1 else chance}.", detail)


def _shown(suites: dict[str, ExamResult]) -> list[tuple[str, ExamResult]]:
    return [(short_name(name), one) for name, one in list(suites.items())[:3]]


def _changes(held: Sequence[dict[str, Any]]) -> dict[str, Paired]:
    """The last evaluation against the first one, suite by suite, where both asked the same."""
    first, last = held[0]["suites"], held[-1]["suites"]
    same = [
        name
        for name in last
        if len(held) > 1
        and name in first
        and (first[name].keys, first[name].samples) == (last[name].keys, last[name].samples)
    ]
    return {name: compare(first[name], last[name]) for name in same}


SUITES = """Share of sampled answers that are right, in per cent, with 95 % intervals over questions. A game is a
proposal of the challenger in training, or a question that the solver answers in a round or in its training, with all
attempts at it."""
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
    header = ["games", "challenger", "solver", "solver right", "asked labels right", "uncertainty", "clusters"]
    cells = [
        [f"{row['games']:,}", pair["challenger"], pair["solver"], *_pair_cells(pair)]
        for row in held
        for pair in row["cross_play"] or ()
    ]
    return header, cells


def label_rows(held: Sequence[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """What was measured of the last labelling before each evaluation; none before the first."""
    header = ["games", "of round", "asked", "kept", "asked labels right", "kept labels right", "clusters"]
    cells = []
    for row in held:
        if labels := row["labels"]:
            shares = [in_per_cent(labels.get(name)) for name in ("label_accuracy", "kept_label_accuracy")]
            counts = [str(labels[name]) for name in ("round", "asked", "kept")]
            cells.append([f"{row['games']:,}", *counts, *shares, str(labels["clusters"])])
    return header, cells


def _pair_cells(pair: dict[str, Any]) -> list[str]:
    shares = [in_per_cent(_value(pair.get(name))) for name in ("solver_accuracy", "label_accuracy")]
    uncertain, clusters = _value(pair.get("uncertainty")), pair.get("clusters")
    return [*shares, "–" if uncertain is None else f"{uncertain:.2f}", "–" if clusters is None else str(clusters)]


def _value(found: Any) -> float | None:
    """A number, also of an estimate, which has it as `value`."""
    return found.get("value") if isinstance(found, dict) else found


def _accuracy(result: ExamResult | None) -> str:
    return percent(None if result is None else result.accuracy)


def _draw(axes: Axes, held: Sequence[dict[str, Any]], *, greedy: bool) -> None:
    for i, name in enumerate([*held[-1]["suites"]][:MANY]):
        found = [(row["games"], row["suites"][name]) for row in held if name in row["suites"]]
        rates = [(games, result.greedy_accuracy if greedy else result.accuracy) for games, result in found]
        known = [(games, rate) for games, rate in rates if rate is not None]
        if known:
            plot_rates(axes, [games for games, _ in known], [rate for _, rate in known], name, colour(i), MARKERS[i])
    axes.set_title("Greedy answers" if greedy else "Sampled answers")
    axes.set_xlabel("games")
    games = sorted({row["games"] for row in held})
    if len(games) == 1:
        axes.set_xticks(games, [f"{games[0]:,}"])
        axes.set_xlim(games[0] - 1, games[0] + 1)
    per_cent(axes, "right")
    legend(axes, 2)
