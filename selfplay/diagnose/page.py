"""A diagnosis as tables for the terminal and as one HTML page with figures."""

from __future__ import annotations

import json
import math
from html import escape
from typing import TYPE_CHECKING

from ..exams.robustness import robustness_rows
from ..pages.html_page import figures, page, warnings
from ..pages.tables import finite, html_table, terminal_table
from ..pages.wording import percent, points
from .consistency import Consistency
from .expert import expert_rows
from .figures import curve_figures, difficulty_figures, play_figures, round_figures
from .measure import Diagnosis
from .play import CrossPlay

if TYPE_CHECKING:
    from rich.console import RenderableType


MEANINGS = """Shares in per cent. Readable: the answer can be computed. Label accuracy: share of right labels among
readable questions, and among those kept for training. Reward accuracy: share of the challenger's reward earned with
rightly labelled questions. Clusters, and those that hold no earlier round's question, by BLEU. Rigour: share of written
steps that hold; lucky: right answers with a step that does not. Methods: shapes of steps in right answers, and the
share no earlier round used."""


FROZEN = """The model the run started from answers questions of every round. Accuracy: share of right attempts at those
whose answer can be computed, the lower the harder; p̂: share behind its own vote. Per cent, 95 % intervals over
questions."""


PERTURBED = """Exam questions asked as they are and perturbed, so that the right answer is known. Accuracies in per cent
with 95 % intervals over questions; points lost, paired by question."""


EXPERT = """What people scored of worked attempts, completeness and soundness of the steps from 0 to 4, and the
automatic rigour of the same attempts where steps could be checked; means with 95 % intervals over attempts. Spearman's
ρ of soundness and rigour where at least eight attempts have both."""


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
                points(d := e.against_base),
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
    from rich.console import Group
    from rich.text import Text

    named = [("Rounds; shares in per cent", _turned(*round_rows(diagnosis))), ("Exam", exam_rows(diagnosis))]
    if diagnosis.robustness:
        named.append(("Robustness: exam questions perturbed, per cent", robustness_rows(diagnosis.robustness)))
    if diagnosis.expert:
        named.append(("Attempts scored by people, 0 to 4", _turned(*expert_rows(diagnosis.expert))))
    if diagnosis.difficulty:
        named.append(("Each round's questions for the frozen base, per cent", difficulty_rows(diagnosis)))
    if diagnosis.consistency is not None:
        named.append(("Are right labels scored above wrong ones?", consistency_rows(diagnosis.consistency)))
    if play is not None:
        named.append(("Cross-play: solver accuracy at the challenger's questions, per cent", play_rows(play)))
    parts: list[RenderableType] = [terminal_table(title, *shown, width=width) for title, shown in named]
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
    parts = warnings(diagnosis.notes)
    if diagnosis.rounds:
        parts += ["<h2>Rounds</h2>", html_table(*_turned(*round_rows(diagnosis))), f"<p>{escape(MEANINGS)}</p>"]
        parts.append(figures(round_figures(diagnosis)))
    parts += ["<h2>Exam</h2>", html_table(*exam_rows(diagnosis))]
    if diagnosis.contamination is not None:
        parts.append(f"<p>Contamination: {escape(str(diagnosis.contamination))}.</p>")
    if diagnosis.robustness:
        parts += ["<h2>Robustness</h2>", html_table(*robustness_rows(diagnosis.robustness), names=3)]
        parts.append(f"<p>{escape(PERTURBED)}</p>")
    if diagnosis.expert:
        parts += ["<h2>Scored by people</h2>", html_table(*expert_rows(diagnosis.expert))]
        parts.append(f"<p>{escape(EXPERT)}</p>")
    if diagnosis.curves:
        parts += ["<h2>Training</h2>", figures(curve_figures(diagnosis))]
    if diagnosis.difficulty:
        parts += ["<h2>Difficulty for the frozen base</h2>", html_table(*difficulty_rows(diagnosis))]
        parts += [f"<p>{escape(FROZEN)}</p>", figures(difficulty_figures(diagnosis))]
    if diagnosis.consistency is not None:
        parts += ["<h2>Logic consistency of the labels</h2>", html_table(*consistency_rows(diagnosis.consistency))]
        doubted = [[str(d.round), d.text, d.label, f"{d.consistency:.2f}"] for d in diagnosis.consistency.doubted()]
        parts += ["<p>Least believed:</p>", html_table(["round", "question", "label", "consistency"], doubted)]
    if play is not None:
        parts += ["<h2>Cross-play</h2>", html_table(*play_rows(play)), figures(play_figures(play))]
    return page(title, parts)


def _percent(value: float | None) -> str:
    """A share in per cent; a dash where there is none."""
    return "–" if value is None or math.isnan(value) else f"{100 * value:.1f}"
