"""One table with notes and a figure, for benchmarks that are not exams (pairs, policies): shown, written as files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ...core.errors import ConfigError
from ..pages.figures import SIZE, draw_svg
from ..pages.headline import Headline
from ..pages.html_page import Section, figures, page
from ..pages.tables import finite, html_table, markdown_table, provenance_line
from ..pages.terminal_table import TerminalTable
from ..run.provenance import describe_environment
from ..storage.files import check_writable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from rich.console import Console

T = TypeVar("T")


@dataclass(frozen=True)
class ResultTable:
    """What a benchmark found, ready to be shown.

    Attributes:
        title: one line above the table.
        headline: what came out.
        header, cells: the table.
        notes: what a reader must know, in sentences.
        found: everything, for JSON.
        draw: draws the result into one figure, which is of this size.
    """

    title: str
    headline: Headline
    header: list[str]
    cells: list[list[str]]
    notes: list[str]
    found: dict[str, Any]
    draw: Callable[[Axes], None]
    size: tuple[float, float] = SIZE

    def show(self, console: Console) -> None:
        """Print table and notes."""
        from rich.text import Text

        console.print(TerminalTable(self.title, self.header, self.cells, width=console.width))
        for note in self.notes:
            console.print(Text(f"! {note}", style="yellow"))

    def to_markdown(self) -> str:
        lines = [f"**{self.title}**", "", *markdown_table(self.header, self.cells), ""]
        lines += [f"- Note: {note}" for note in self.notes]
        return "\n".join([*lines, f"- {provenance_line(describe_environment())}"]) + "\n"

    def to_csv(self) -> str:
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([self.header, *self.cells])
        return out.getvalue()

    def to_json(self) -> str:
        stored = {**self.found, "warnings": self.notes, "provenance": describe_environment()}
        return json.dumps(finite(stored), ensure_ascii=False, indent=1) + "\n"

    def to_html(self) -> str:
        shown = [html_table(self.header, self.cells, label=self.title)]
        shown.append(figures([draw_svg(self.draw, f"{self.title}: {self.headline.text}", self.size)]))
        origin = provenance_line(describe_environment())
        return page(self.title, self.headline, [Section("Results", shown)], notes=self.notes, origin=origin)


FORMATS = {
    "md": ResultTable.to_markdown,
    "csv": ResultTable.to_csv,
    "json": ResultTable.to_json,
    "html": ResultTable.to_html,
}


def targets(out: Path | None, formats: Mapping[str, Callable[[T], str]]) -> list[tuple[Path, Callable[[T], str]]]:
    """The files `--out` asks for, each with what renders it: all formats for a folder, one for a file.

    Raises:
        ConfigError: another ending.
        RunError: nothing can be written there; said before there is a result to lose.
    """
    if out is None:
        return []
    check_writable(out)
    ending = out.suffix.removeprefix(".")
    if not ending or out.is_dir():
        return [(out / f"bench.{name}", render) for name, render in formats.items()]
    if ending not in formats:
        raise ConfigError(f"--out is a folder or ends in {', '.join('.' + f for f in formats)}; got {str(out)!r}")
    return [(out, formats[ending])]


def write(found: T, files: Sequence[tuple[Path, Callable[[T], str]]], console: Console) -> None:
    """Write a result into its files and say where they are."""
    for path, render in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render(found), encoding="utf-8")
        console.print(f"wrote {path}", soft_wrap=True, highlight=False)
