"""A diagnosis as tables for the terminal and as one HTML page with plots."""

from __future__ import annotations

import json
import math
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from ..bench.table import percent
from ..pages.html_page import NARROW, finite, inline_svg, page, shortened, table
from ..run.metrics import histogram
from .consistency import Consistency
from .measure import CURVES, Diagnosis
from .play import CrossPlay

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from rich.console import RenderableType


MEANINGS = """Shares in per cent. Readable: the answer can be computed. Label accuracy: share of right labels among
readable questions, and among those kept for training. Reward accuracy: share of the challenger's pay earned with
rightly labelled questions. Clusters, and those that hold no earlier round's question, by BLEU. Rigour: share of written
steps that hold; lucky: right answers with a step that does not. Methods: shapes of steps in right answers, and the
share no earlier round used."""


FROZEN = """The model the run started from answers questions of every round. Accuracy: share of right attempts at those
whose answer can be computed, the lower the harder; p̂: share behind its own vote. Per cent, 95 % intervals over
questions."""


def round_rows(diagnosis: Diagnosis) -> tuple[list[str], list[list[str]]]:
    """Header and cells, one row per round; shares in per cent."""
    header = ["round", "asked", "readable", "label acc.", "kept label acc.", "reward acc.", "solver acc."]
    header += [
        "clusters",
        "new",
        "self-BLEU",
        "topic bits",
        "rigour",
        "lucky",
        "methods",
        "new methods",
        "chars/correct",
    ]
    cells = []
    for r in diagnosis.rounds:
        d, why = r.diversity, r.reasoning
        shares = [r.readable_share, r.label_accuracy, r.kept_label_accuracy, r.reward_accuracy, r.solver_accuracy]
        cells.append(
            [
                str(r.round),
                str(r.asked),
                *map(_percent, shares),
                *(str(d.clusters), str(d.new_clusters), f"{100 * d.self_bleu:.1f}", f"{d.topic_entropy:.2f}"),
                *(_percent(why.rigour), _percent(why.lucky), str(why.methods), _percent(why.new_methods)),
                "–" if why.characters_per_correct is None else f"{why.characters_per_correct:.0f}",
            ]
        )
    return header, cells


def exam_rows(diagnosis: Diagnosis) -> tuple[list[str], list[list[str]]]:
    """Header and cells, one row per exam."""
    cells = []
    for e in diagnosis.exams:
        accuracy, greedy = e.exam.accuracy, e.exam.greedy_accuracy
        cells.append(
            [
                str(e.round),
                f"{100 * accuracy.value:.1f} [{100 * accuracy.low:.1f}, {100 * accuracy.high:.1f}]",
                "–" if greedy is None else f"{100 * greedy.value:.1f}",
                "–" if (d := e.against_base) is None else f"{d.points:+.1f} [{d.low:+.1f}, {d.high:+.1f}]",
                "–" if d is None else f"{d.p_value:.2g}",
                _percent(e.forgotten_share),
            ]
        )
    return ["round", "sampled accuracy", "greedy", "against the base", "p", "forgotten"], cells


def difficulty_rows(diagnosis: Diagnosis) -> tuple[list[str], list[list[str]]]:
    """Header and cells of the questions' difficulty for the frozen base, one row per round."""
    cells = [
        [str(d.round), str(d.questions), percent(d.accuracy), percent(d.solve_rate), str(len(d.shares_right))]
        for d in diagnosis.difficulty
    ]
    return ["round", "asked", "accuracy", "p̂", "readable"], cells


def consistency_rows(consistency: Consistency) -> tuple[list[str], list[list[str]]]:
    """Header and cells of what a second head makes of the labels, one row per round and one for all."""
    rounds = consistency.as_dict()["rounds"].items()
    cells = [[name, str(part["labels"]), _share(part["auc"]), _share(part["solve_rate_auc"])] for name, part in rounds]
    return ["round", "labels", "AUC of consistency", "AUC of p̂"], cells


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def to_terminal(diagnosis: Diagnosis, play: CrossPlay | None = None, width: int = 200) -> RenderableType:
    """Tables and notes for `rich`; rounds stand side by side, for a terminal is narrower than their measures."""
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    named = [("Rounds; shares in per cent", _turned(*round_rows(diagnosis))), ("Exam", exam_rows(diagnosis))]
    if diagnosis.difficulty:
        named.append(("Each round's questions for the frozen base, per cent", difficulty_rows(diagnosis)))
    if diagnosis.consistency is not None:
        named.append(("Are right labels scored above wrong ones?", consistency_rows(diagnosis.consistency)))
    if play is not None:
        named.append(("Cross-play: solver accuracy at the challenger's questions, per cent", play_rows(play)))
    parts: list[RenderableType] = []
    for title, (header, cells) in named:
        shown = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
        for place, name in enumerate(header):
            shown.add_column(name, justify="right" if place else "left", overflow="fold")
        for row in shortened(cells) if width < NARROW else cells:
            shown.add_row(*map(Text, row))
        parts.append(shown)
    parts += [Text(f"! {note}", style="yellow") for note in diagnosis.notes]
    return Group(*parts)


def _turned(header: list[str], cells: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """Rows as columns; the first column becomes the header."""
    first, *columns = zip(header, *cells, strict=True)
    return list(first), [list(column) for column in columns]


def play_rows(play: CrossPlay) -> tuple[list[str], list[list[str]]]:
    """The cross-play matrix as cells."""
    cells = [
        [name, *(_percent(play.cell(name, other).solver_accuracy.value) for other in play.solvers)]
        for name in play.challengers
    ]
    return ["challenger \\ solver", *play.solvers], cells


def to_json(diagnosis: Diagnosis, play: CrossPlay | None = None) -> str:
    """Everything as JSON."""
    return json.dumps(finite({**diagnosis.as_dict(), "cross_play": play.as_dict() if play else None}), indent=1) + "\n"


def to_html(diagnosis: Diagnosis, play: CrossPlay | None = None) -> str:
    """The whole page as text."""
    title = f"Diagnosis of {diagnosis.run}"
    parts = [f'<p class="note">{escape(note)}</p>' for note in diagnosis.notes]
    if diagnosis.rounds:
        parts += ["<h2>Rounds</h2>", table(*_turned(*round_rows(diagnosis))), f"<p>{escape(MEANINGS)}</p>"]
        parts.append(f"<figure>{_round_plots(diagnosis)}</figure>")
    parts += ["<h2>Exam</h2>", table(*exam_rows(diagnosis))]
    if diagnosis.contamination is not None:
        parts.append(f"<p>Contamination: {escape(str(diagnosis.contamination))}.</p>")
    if diagnosis.curves:
        parts += ["<h2>Training</h2>", f"<figure>{_curve_plots(diagnosis)}</figure>"]
    if diagnosis.difficulty:
        parts += ["<h2>Difficulty for the frozen base</h2>", table(*difficulty_rows(diagnosis))]
        parts += [f"<p>{escape(FROZEN)}</p>", f"<figure>{_difficulty_plots(diagnosis)}</figure>"]
    if diagnosis.consistency is not None:
        parts += ["<h2>Logic consistency of the labels</h2>", table(*consistency_rows(diagnosis.consistency))]
        doubted = [[str(d.round), d.text, d.label, f"{d.consistency:.2f}"] for d in diagnosis.consistency.doubted()]
        parts += ["<p>Least believed:</p>", table(["round", "question", "label", "consistency"], doubted)]
    if play is not None:
        parts += ["<h2>Cross-play</h2>", table(*play_rows(play)), f"<figure>{_play_plots(play)}</figure>"]
    return page(title, parts)


def _round_plots(diagnosis: Diagnosis) -> str:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 3.4), layout="constrained")
    accuracy, histograms, variety = figure.subplots(1, 3)
    rounds = [r.round for r in diagnosis.rounds]
    for name in ("label_accuracy", "kept_label_accuracy", "reward_accuracy", "solver_accuracy"):
        values = [math.nan if (v := getattr(r, name)) is None else v for r in diagnosis.rounds]
        accuracy.plot(rounds, values, "o-", label=name.replace("_", " "))
    accuracy.set(ylim=(0, 1.02), title="are the labels right?", xlabel="round")
    accuracy.legend(frameon=False, fontsize=8)
    for r in diagnosis.rounds:
        total = max(1, sum(r.histogram))
        histograms.plot((np.arange(10) + 0.5) / 10, np.array(r.histogram) / total, "o-", label=f"round {r.round}")
    histograms.set(title="p̂ of the questions", xlabel="p̂", ylabel="share")
    histograms.legend(frameon=False, fontsize=8)
    variety.plot(rounds, [r.diversity.clusters for r in diagnosis.rounds], "o-", label="clusters")
    variety.plot(rounds, [r.diversity.new_clusters for r in diagnosis.rounds], "o-", label="new clusters")
    variety.set(title="diversity", xlabel="round", ylim=(0, None))
    variety.legend(frameon=False, fontsize=8)
    for axes in (accuracy, variety):
        axes.xaxis.get_major_locator().set_params(integer=True)
    return inline_svg(figure)


def _curve_plots(diagnosis: Diagnosis) -> str:
    from matplotlib.figure import Figure

    names = [name for name in CURVES if any(name in curves for curves in diagnosis.curves.values())]
    figure = Figure(figsize=(14, 3 * math.ceil(len(names) / 4)), layout="constrained")
    panels: list[Axes] = list(figure.subplots(math.ceil(len(names) / 4), 4, squeeze=False).flat)
    for axes, name in zip(panels, names, strict=False):
        for role, curves in diagnosis.curves.items():
            axes.plot(curves.get(name, []), label=role)
        axes.set(title=name.replace("_", " "), xlabel="training step")
        if name.endswith("_share"):
            axes.set_ylim(0, max(0.05, axes.get_ylim()[1]))
        axes.legend(frameon=False, fontsize=8)
    for axes in panels[len(names) :]:
        axes.set_visible(False)
    return inline_svg(figure)


def _difficulty_plots(diagnosis: Diagnosis) -> str:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 3.4), layout="constrained")
    accuracy, histograms = figure.subplots(1, 2)
    rounds, scores = [d.round for d in diagnosis.difficulty], [d.accuracy for d in diagnosis.difficulty]
    errors = [[s.value - s.low for s in scores], [s.high - s.value for s in scores]]
    accuracy.errorbar(rounds, [s.value for s in scores], errors, fmt="o-", capsize=4)
    accuracy.set(ylim=(0, 1.02), title="accuracy of the frozen base", xlabel="round")
    accuracy.xaxis.get_major_locator().set_params(integer=True)
    for d in diagnosis.difficulty:
        shares = np.array(histogram(d.solve_rates)) / max(1, d.questions)
        histograms.plot((np.arange(10) + 0.5) / 10, shares, "o-", label=f"round {d.round}")
    histograms.set(title="p̂ of the frozen base", xlabel="p̂", ylabel="share")
    histograms.legend(frameon=False, fontsize=8)
    return inline_svg(figure)


def _play_plots(play: CrossPlay) -> str:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 3.8), layout="constrained")
    panels = figure.subplots(1, 3)
    cells = [[play.cell(a, b) for b in play.solvers] for a in play.challengers]
    accuracy = np.array([[cell.solver_accuracy.value for cell in row] for row in cells])
    pay = np.array([[cell.uncertainty for cell in row] for row in cells])
    for axes, title, values in ((panels[0], "solver accuracy", accuracy), (panels[1], "challenger's pay", pay)):
        axes.imshow(values, vmin=0, vmax=1, cmap="viridis")
        axes.set_xticks(range(len(play.solvers)), play.solvers, rotation=30)
        axes.set_yticks(range(len(play.challengers)), play.challengers)
        axes.set(title=title, xlabel="solver", ylabel="challenger")
        for (row, column), value in np.ndenumerate(values):
            dark = math.isnan(value) or value < 0.6
            axes.text(column, row, _percent(value), ha="center", va="center", color="white" if dark else "black")
    for name, counts in play.histograms().items():
        panels[2].plot((np.arange(10) + 0.5) / 10, np.array(counts) / max(1, sum(counts)), "o-", label=name)
    panels[2].set(title="p̂ of the base solver at their questions", xlabel="p̂", ylabel="share")
    panels[2].legend(frameon=False, fontsize=8)
    return inline_svg(figure)


def _percent(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else f"{100 * value:.1f}"
