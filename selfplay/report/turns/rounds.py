"""A run on a turn game in rows: per exam how far it could be exploited, and what it got from each opponent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...pages.headline import Headline
from ...pages.turn_exams import exam_cells, exam_table
from ...pages.wording import in_per_cent
from ...settings.config import RunConfig
from ...settings.files import stored_config
from ...settings.turn_games import turn_game_of
from ...storage.run_folder import RunFolder

NONE = "–"
MANY_ILLEGAL = 0.05
"""Share of illegal moves above which how exploitable the legal ones are says little of the play."""


@dataclass(frozen=True)
class TurnSummary:
    """What a run on a turn game came to.

    Attributes:
        config: its settings.
        exams: one per round that has one: the round, and the exam as `metrics.jsonl` has it.
        best_round: of the best exam; `None` before the first.
        steps: the training steps, as `metrics.jsonl` has them.
    """

    config: RunConfig
    exams: Sequence[tuple[int, Mapping[str, Any]]]
    best_round: int | None
    steps: Sequence[Mapping[str, Any]]

    @property
    def table(self) -> tuple[list[str], list[list[str]]]:
        """Header and cells, a row per exam."""
        columns, rows = exam_table([exam for _, exam in self.exams], NONE)
        numbers = ["start" if number == 0 else str(number) for number, _ in self.exams]
        return ["round", *columns], [[number, *row] for number, row in zip(numbers, rows, strict=True)]

    @property
    def headline(self) -> Headline:
        """The first exam and the last, side by side; no test is made of them."""
        if len(self.exams) < 2:
            return Headline("open", "There are not two exams yet to compare.")
        (_, first), (last, exam) = self.exams[0], self.exams[-1]
        then, now = dict(exam_cells(first)), dict(exam_cells(exam))
        name = next(iter(now))
        text = f"{name}: {then.get(name, NONE)} at the start, {now[name]} after round {last}."
        illegal = exam.get(name, {}).get("illegal_share", 0.0)
        if illegal > MANY_ILLEGAL:
            text += f" {in_per_cent(illegal, 0)} % of its moves there were illegal, which lose; that is not in this."
        return Headline("open", text)


def plays_turns(folder: RunFolder) -> bool:
    """Whether a folder holds a run on a turn game."""
    return turn_game_of(stored_config(folder).env) is not None


def read_turn_summary(folder: RunFolder) -> TurnSummary:
    """The exams and steps of a run.

    Raises:
        RunError: the folder is incomplete or damaged.
    """
    rows = list(folder.rows("metrics"))
    exams = [(row["round"], row["turn_exam"]) for row in rows if "turn_exam" in row]
    best = [row["best_round"] for row in rows if "best_round" in row]
    steps = [row for row in rows if "step" in row and "episodes" in row]
    return TurnSummary(stored_config(folder), exams, best[-1] if best else None, steps)
