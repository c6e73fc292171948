"""A run on a turn game on a terminal, and as one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from ...pages.html_page import Section, page
from ...pages.tables import html_table
from ...pages.terminal_table import TerminalTable
from ...pages.wording import counted, short_name
from ...settings.tree import flatten
from ...storage.run_folder import RunFolder
from .rounds import read_turn_summary

STEP = ("mean_length", "turns", "illegal_share", "entropy", "kl", "grad_norm", "update_norm")
"""What is shown of training steps: the means of each round."""


def print_turn_summary(folder: RunFolder, console: Console) -> None:
    """Print the exams of a run, one row each."""
    summary = read_turn_summary(folder)
    header, rows = summary.table
    for column in range(1, len(header), 3):  # a few columns at a time fit 80
        part = slice(column, column + 3)
        shown = [[row[0], *row[part]] for row in rows]
        console.print(TerminalTable("", [header[0], *header[part]], shown, width=console.width), highlight=False)
    console.print(summary.headline.text, highlight=False)
    if summary.best_round is not None:
        console.print(f"Best exam: round {summary.best_round}.", highlight=False)


def render_turn_report(folder: RunFolder) -> str:
    """The page as text; equal run folders give equal pages."""
    summary = read_turn_summary(folder)
    rounds = sorted({step["round"] for step in summary.steps})
    means = [[str(number), *(_mean(summary.steps, number, name) for name in STEP)] for number in rounds]
    settings = [[path, str(value)] for path, value in flatten(summary.config.as_dict())]
    sections = [
        Section("Exams", [html_table(*summary.table, label="Exams")]),
        Section("Training steps, means of each round", [html_table(["round", *STEP], means, label="Steps")]),
        Section("Settings", [html_table(["setting", "value"], settings, 2, label="Settings")]),
    ]
    name = short_name(folder.path.resolve().name, 100)
    facts = f"{summary.config.env} · {counted(summary.config.rounds, 'round')} planned · seed {summary.config.seed}"
    return page(f"Self-play run {name}", summary.headline, sections, facts=facts)


def _mean(steps: Sequence[Mapping[str, Any]], number: int, name: str) -> str:
    values = [step[name] for step in steps if step["round"] == number and step.get(name) is not None]
    return f"{sum(values) / len(values):.3g}" if values else "–"
