"""The table at the end of a run: one row per round, and what self-play changed."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from ..stats import Estimate
from ..storage.run_folder import RunFolder
from .guard import read_guard
from .summary_data import RoundStory, RunStory, headline, read_story

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII_BLOCKS = ".:-=+*#@"
NONE = "–"
_ASCII = str.maketrans(
    {"±": "+-", "→": ">", "–": "-", "−": "-", "…": "-", **dict(zip(BLOCKS, ASCII_BLOCKS, strict=True))}
)
_COLOURS = {"better": "green", "worse": "red", "open": "yellow"}


def print_summary(folder: RunFolder, console: Console) -> None:
    """Print how a run went: a row per round (0 is the base), and the paired difference of the last exam to the base.

    Fits 80 columns, and reads the same without colour; on a terminal without Unicode it keeps to ASCII.
    """
    story = read_story(folder)
    plain = console.options.ascii_only
    console.print(_table(story, plain), highlight=False)
    said = headline(story)
    console.print(_ascii(said.text, plain), style=_COLOURS[said.tone], highlight=False)
    for note in [said.detail, *_notes(story), read_guard(folder).sentence]:
        if note:
            console.print(_ascii(note, plain), highlight=False)


def _table(story: RunStory, plain: bool) -> Table:
    samples = story.exams[0][1].samples if story.exams else 0
    table = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False)
    for name in (
        "round",
        "exam, %\n± 95 %",
        "greedy\n%",
        f"vote\n@{samples}, %",
        "labels\nright, %",
        "kept\n%",
        "solve rate\n0 … 1",
        "uncer-\ntainty",
        "in band\n%",
    ):
        histogram = name.startswith("solve")
        table.add_column(_ascii(name, plain), justify="left" if histogram else "right", no_wrap=True)
    for told in story.rounds:
        table.add_row(*(_ascii(cell, plain) for cell in _cells(told)))
    return table


def _cells(told: RoundStory) -> list[str]:
    exam, labelling = told.exam, told.labelling
    return [
        "base" if told.number == 0 else str(told.number),
        NONE if exam is None else interval(exam.accuracy),
        NONE if exam is None else _percent(exam.greedy_accuracy),
        NONE if exam is None or exam.samples not in exam.votes else _percent(exam.majority_at(exam.samples)),
        NONE if labelling is None else _share(labelling["label_accuracy"]),
        NONE if labelling is None else _share(labelling["kept_share"]),
        NONE if labelling is None else sparkline(labelling["histogram"]),
        _movement(told.first_and_last("challenger", "uncertainty"), "{:.2f}", 1),
        _movement(told.first_and_last("challenger", "band_share"), "{:.0f}", 100),
    ]


def _notes(story: RunStory) -> list[str]:
    notes = []
    if story.best_round is not None and len(story.exams) > 1:
        best = "the base" if story.best_round == 0 else f"round {story.best_round}"
        notes.append(f"Best solver by the validation exam: {best}.")
    if not story.finished:
        notes.append(f"The run is not finished: {story.position}.")
    return notes


def sparkline(counts: Sequence[int]) -> str:
    """Counts as block characters, one each; an empty bin is a blank, the fullest the highest block."""
    top = max(counts, default=0)
    return "".join(" " if not count else BLOCKS[-(-count * len(BLOCKS) // top) - 1] for count in counts)


def interval(estimate: Estimate) -> str:
    """An estimate in per cent with half the width of its interval."""
    return f"{100 * estimate.value:.1f} ±{50 * (estimate.high - estimate.low):.1f}"


def _percent(estimate: Estimate | None) -> str:
    return NONE if estimate is None else f"{100 * estimate.value:.1f}"


def _share(value: float | None) -> str:
    return NONE if value is None else f"{100 * value:.0f}"


def _movement(ends: tuple[float, float] | None, form: str, scale: float) -> str:
    return NONE if ends is None else "→".join(form.format(scale * value) for value in ends)


def _ascii(text: str, plain: bool) -> str:
    return text.translate(_ASCII) if plain else text
