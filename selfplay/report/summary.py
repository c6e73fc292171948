"""The table at the end of a run: one row per round, and what self-play changed."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from ..pages.tables import NARROW
from ..pages.terminal_table import TerminalTable
from ..pages.wording import in_per_cent, percent
from ..stats import Estimate
from ..storage.run_folder import RunFolder
from .guard import read_guard
from .summary_data import RoundSummary, RunSummary, headline, read_run_summary
from .turns.page import print_turn_summary
from .turns.rounds import plays_turns

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII_BLOCKS = ".:-=+*#@"
NONE = "–"
_ASCII = str.maketrans({"→": ">", "–": "-", "−": "-", "…": "-", **dict(zip(BLOCKS, ASCII_BLOCKS, strict=True))})
_COLOURS = {"better": "green", "worse": "red", "open": "yellow"}


def print_summary(folder: RunFolder, console: Console) -> None:
    """Print how a run went: a row per round (0 is the base), and the paired difference of the last exam to the base.

    Fits 80 columns, and reads the same without colour; on a terminal without Unicode it keeps to ASCII.
    """
    if plays_turns(folder):
        print_turn_summary(folder, console)
        return
    summary = read_run_summary(folder)
    ascii_only = console.options.ascii_only
    console.print(_table(summary, ascii_only), highlight=False)
    outcome = headline(summary)
    console.print(_ascii(outcome.text, ascii_only), style=_COLOURS[outcome.tone], highlight=False)
    for note in [outcome.detail, *_notes(summary), read_guard(folder).sentence]:
        if note:
            console.print(_ascii(note, ascii_only), highlight=False)


def _table(summary: RunSummary, ascii_only: bool) -> TerminalTable:
    samples = summary.exams[0][1].samples if summary.exams else 0
    header = (
        "round",
        "exam, %\n[95 %]",
        "greedy\n%",
        f"vote\n@{samples}, %",
        "kept\n%",
        "of these\nright, %",
        "solve rate\n0 … 1",
        "uncer-\ntainty",
        "in band\n%",
    )
    cells = [[_ascii(cell, ascii_only) for cell in _cells(row)] for row in summary.rounds]
    names = [_ascii(name, ascii_only) for name in header]
    return TerminalTable("", names, cells, width=NARROW - 1, left=[len(header) - 3])


def _cells(row: RoundSummary) -> list[str]:
    exam, labelling = row.exam, row.labelling
    return [
        "base" if row.number == 0 else str(row.number),
        NONE if exam is None else percent(exam.accuracy),
        NONE if exam is None else _percent(exam.greedy_accuracy),
        NONE if exam is None or exam.samples not in exam.votes else _percent(exam.majority_at(exam.samples)),
        NONE if labelling is None else in_per_cent(labelling["kept_share"], 0),
        NONE if labelling is None else in_per_cent(labelling.get("kept_label_accuracy"), 0),
        NONE if labelling is None else sparkline(labelling["histogram"]),
        _movement(row.first_and_last("challenger", "uncertainty"), "{:.2f}", 1),
        _movement(row.first_and_last("challenger", "band_share"), "{:.0f}", 100),
    ]


def _notes(summary: RunSummary) -> list[str]:
    notes = []
    if summary.best_round is not None and len(summary.exams) > 1:
        best = "the base" if summary.best_round == 0 else f"round {summary.best_round}"
        notes.append(f"Best solver by the validation exam: {best}{_where(summary)}.")
    notes += [*summary.resting, *summary.decided, *summary.refusals]
    if not summary.finished:
        notes.append(f"The run is not finished: {summary.position}.")
    return notes


def _where(summary: RunSummary) -> str:
    """Where the best solver's checkpoint is, as it can be given to `exam` and `play`; "" if it is not kept."""
    best = summary.folder.state.get("best") or {}
    folder = summary.folder.path / "checkpoints" / str(best.get("solver"))
    return f", in {folder}" if best.get("round") == summary.best_round and folder.is_dir() else ""


def sparkline(counts: Sequence[int]) -> str:
    """Counts as block characters, one each; an empty bin is a blank, the fullest the highest block."""
    top = max(counts, default=0)
    return "".join(" " if not count else BLOCKS[-(-count * len(BLOCKS) // top) - 1] for count in counts)


def _percent(estimate: Estimate | None) -> str:
    return in_per_cent(None if estimate is None else estimate.value)


def _movement(ends: tuple[float, float] | None, form: str, scale: float) -> str:
    return NONE if ends is None else "→".join(form.format(scale * value) for value in ends)


def _ascii(text: str, ascii_only: bool) -> str:
    return text.translate(_ASCII) if ascii_only else text
