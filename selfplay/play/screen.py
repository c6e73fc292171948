"""A round on a terminal, from 40 columns on: the question, who answered what, the label and the claim, the scores.

What a model or a person wrote is shown as text: formulas as they are read, hidden characters as a sign, long texts cut.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...core.records import Judgement, Outcome, Verdict
from ...envs.game.engine import Episode
from ..dashboard.visible import visible
from .readable import readable

WIDEST = 100
"""Columns used at most: longer lines are hard to read."""
NARROW = 60
"""Columns below which answers stand without the reasons of their verdicts."""
LONGEST, MOST_LINES, MOST_ANSWERS = 2_000, 40, 8
_MARKS = {Outcome.CORRECT: ("✓", "green"), Outcome.WRONG: ("✗", "red"), Outcome.UNDECIDED: ("?", "yellow")}


class Screen:
    """Draws rounds.

    Args:
        console: where; no more than `WIDEST` of its columns are used.
        formulas: whether texts hold LaTeX (programs do not).
    """

    def __init__(self, console: Console, formulas: bool = True) -> None:
        self.console, self.formulas = console, formulas
        self.width = min(console.width, WIDEST)

    def say(self, text: str, style: str = "") -> None:
        """A sentence of ours."""
        self.console.print(Text(text, style), width=self.width, overflow="fold")

    def begin(self, title: str) -> None:
        """The line above a round."""
        line = f"── {title} "
        self.console.print(Text("\n" + line + "─" * (self.width - len(line)), "bold"), width=self.width)

    def question(self, text: str) -> None:
        """What is asked."""
        self.console.print(Text(self.read(text)), width=self.width, overflow="fold")
        self.console.print()

    def refused(self, played: Episode) -> None:
        """A proposal that cannot be asked, and why."""
        self.field("not asked", f"malformed proposal: {played.proposal.reason}")
        self.field("written", played.proposal.text or "(nothing)")

    def answers(self, judgement: Judgement) -> None:
        """A row per distinct answer, most frequent first."""
        groups: dict[tuple[str | None, Outcome], list[Verdict]] = {}
        for verdict in judgement.verdicts:
            groups.setdefault((verdict.answer, verdict.outcome), []).append(verdict)
        ranked = sorted(groups.items(), key=lambda group: -len(group[1]))
        grid = Table.grid(padding=(0, 1))
        grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True, overflow="ellipsis", max_width=self.width // 3)
        grid.add_column(no_wrap=True)
        grid.add_column(justify="right", no_wrap=True)
        grid.add_column(no_wrap=True, overflow="ellipsis", style="dim")
        for (answer, outcome), members in ranked[:MOST_ANSWERS]:
            mark, style = _MARKS[outcome]
            text = "(no answer)" if answer is None else _line(self.read(answer))
            share, reason = len(members) / len(judgement.verdicts), _line(self.read(members[0].reason))
            reasons = [Text(reason)] if self.width >= NARROW else []
            grid.add_row(Text(mark, style), Text(text), Text(self.bar(share)), Text(str(len(members))), *reasons)
        self.console.print(grid, width=self.width)
        if (others := len(ranked) - MOST_ANSWERS) > 0:
            self.say(f"… and {others} other answer{'' if others == 1 else 's'}", "dim")
        self.console.print()

    def field(self, name: str, text: str) -> None:
        """A named line, the text of which goes on under itself."""
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=11, no_wrap=True, style="dim")
        grid.add_column(overflow="fold")
        grid.add_row(Text(name), Text(self.read(text)))
        self.console.print(grid, width=self.width)

    def rate(self, judgement: Judgement) -> None:
        """How many attempts match the label."""
        count, rate = len(judgement.verdicts), judgement.solve_rate
        self.field("solve rate", f"{self.bar(rate)} {judgement.correct_count}/{count} = {rate:.2f}")

    def bar(self, share: float) -> str:
        """A share in [0, 1] as blocks, a fifth of the width and twenty at most."""
        length = min(20, self.width // 5)
        full = round(share * length)
        return "█" * full + "░" * (length - full)

    def read(self, text: str) -> str:
        """A text from outside as it is shown."""
        cut = visible(text, LONGEST).expandtabs(4)
        lines = (readable(cut) if self.formulas else cut).splitlines() or [""]
        more = [f"… (and {len(lines) - MOST_LINES} lines)"] if len(lines) > MOST_LINES else []
        return "\n".join([*lines[:MOST_LINES], *more])


def _line(text: str) -> str:
    return " ".join(text.split())


def total(values: Sequence[float]) -> str:
    """ "+1.50 in 3 rounds, +0.50 on average"."""
    rounds = f"{len(values)} round{'' if len(values) == 1 else 's'}"
    return f"{sum(values):+.2f} in {rounds}, {sum(values) / max(1, len(values)):+.2f} on average"
