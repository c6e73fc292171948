"""The run as one page: `report.html` in the run folder, readable anywhere, without a network.

Works for runs that are not finished: what is not there yet is left out. Everything a model wrote is escaped.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...core.options import write_named
from ..evaluations.page import PAGE as EVALUATIONS
from ..exams.adaptation import adaptation_rows
from ..exams.robustness import robustness_rows
from ..league.figures import run_figures
from ..league.opponents import records_of
from ..pages.html_page import render
from ..pages.tables import html_table
from ..pages.wording import short_name, with_per_cent
from ..roles.answer_rewards import write_reward
from ..settings.tree import flatten
from ..storage.files import write_text
from ..storage.run_folder import RunFolder
from .cost import cost_table, read_costs
from .feedback import agreement_table, feedback_table
from .guard import KINDS, guard_figures, read_guard
from .questions import read_questions
from .rounds import exam_figures, histogram_figures, label_figures, question_figures
from .sources import coalition_table, source_table
from .steps import step_figures
from .summary_data import RunSummary, headline, read_run_summary
from .turns.page import render_turn_report
from .turns.rounds import plays_turns

Rows = tuple[list[str], list[list[str]]]

PAGE = "report.html"
PAGES = {EVALUATIONS: "Full evaluations"}
"""Pages that may stand beside it, with what they show."""
UNKNOWN: dict[str, Any] = {
    "command": [],
    "commit": None,
    "versions": {},
    "python": "unknown",
    "system": "unknown",
    "cpus": "unknown",
}
"""What is shown of a run that does not say where it was made."""


def write_report(folder: RunFolder) -> Path:
    """Write the page and return its path.

    Raises:
        RunError: the folder is incomplete or damaged.
    """
    path = folder.path / PAGE
    rendered = render_turn_report(folder) if plays_turns(folder) else render_report(folder)
    write_text(path, rendered.encode("utf-8", "replace").decode("utf-8"))
    return path


def render_report(folder: RunFolder) -> str:
    """The page as text; equal run folders give equal pages."""
    from markupsafe import Markup

    summary = read_run_summary(folder)
    name = folder.path.resolve().name
    reward_of = {role: write_reward(row.reward) for role, row in summary.config.roles.items()}
    questions = read_questions(folder)
    guard = read_guard(folder)
    figures = {
        "exam": exam_figures(summary),
        "labels": label_figures(summary, questions),
        "histograms": histogram_figures(summary),
        "questions": question_figures(questions),
        "challenger": step_figures(summary, "challenger"),
        "solver": step_figures(summary, "solver"),
        "guard": guard_figures(guard),
        "league": run_figures(records_of(folder.rows("metrics"))),
    }
    return render(
        "report.html.j2",
        {"percent": with_per_cent, "named": write_named, "shell": shlex.join},
        title=f"Self-play run {short_name(name, 100)}",
        summary=summary,
        settings=list(flatten(summary.config.as_dict())),
        reward_of=reward_of,
        headline=headline(summary),
        tiles=_tiles(summary),
        figures={name: [Markup(svg) for svg in drawn] for name, drawn in figures.items()},
        questions=questions,
        guard=guard,
        kinds=KINDS,
        beside={page: name for page, name in PAGES.items() if (folder.path / page).exists()},
        environment={**UNKNOWN, **folder.environment()},
        **{
            name: None if found is None else Markup(html_table(*found, names, label=label))
            for name, found, names, label in _tables(folder, summary)
        },
    )


def _tables(folder: RunFolder, summary: RunSummary) -> Iterator[tuple[str, Rows | None, int, str]]:
    """What the template calls a table, its header and cells, its columns of names, and what it shows."""
    costs = read_costs(folder)
    yield "costs", cost_table(costs) if costs else None, 1, "Cost of every stage"
    yield "sources", source_table(summary.labellings), 1, "Questions by source"
    yield "coalition", coalition_table(summary.labellings), 1, "Members of the coalition"
    yield "robustness", robustness_rows(summary.robustness) if summary.robustness else None, 3, "Robustness"
    yield "feedback", feedback_table(summary.feedback) if summary.feedback else None, 1, "Learning from reviews"
    yield "agreement", agreement_table(summary.feedback), 3, "Agreement of reviewers"
    yield "adaptation", adaptation_rows(summary.adaptation) if summary.adaptation else None, 3, "Adaptation"


def _tiles(summary: RunSummary) -> list[tuple[str, str, str]]:
    """The run in a few numbers: (what, value, explanation)."""
    tiles = []
    exams, labellings = summary.exams, summary.labellings
    if exams:
        values = _from_to([exam.accuracy.value for _, exam in exams], "{:.1f}", 100)
        tiles.append(("Exam accuracy", f"{values} %", "sampled; base → last exam"))
    known = [row["label_accuracy"] for _, row in labellings if row["label_accuracy"] is not None]
    if known:
        asked = sum(row["asked"] for _, row in labellings)
        readable = sum(row["asked"] * row["readable_share"] for _, row in labellings)
        of = "of all asked" if readable == asked else f"of the {100 * readable / asked:.0f} % whose answer is known"
        tiles.append(("Asked labels right", f"{_from_to(known, '{:.0f}', 100)} %", f"{of}; first → last round"))
    if labellings:
        shares = [row["kept_share"] for _, row in labellings]
        tiles.append(("Questions kept", f"{_from_to(shares, '{:.0f}', 100)} %", "in the band; first → last round"))
    steps = summary.steps("challenger")
    if steps:
        values = _from_to([step["uncertainty"] for step in steps], "{:.2f}", 1)
        tiles.append(("Challenger’s uncertainty", values, "1 − 2|p̂ − ½|; first → last step"))
    return tiles


def _from_to(values: list[float], form: str, scale: float) -> str:
    ends = [form.format(scale * value) for value in (values[0], values[-1])]
    return ends[0] if len(values) == 1 else " → ".join(ends)
