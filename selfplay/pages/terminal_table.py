"""A table for a terminal: columns where they fit, else a line `name: value` for every cell, in any width."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from .tables import LONG_NAME, NARROW, shortened

Cell = str | Text
EDGES = 2
"""Columns that the edges of a table take."""
INDENT = 2
"""Blanks before the fields of a row that is shown as lines, but for the first."""


class TerminalTable:
    """Header and cells for `rich`; rendered for the width that is there.

    A number is never broken, and a name or a note never into less than `LONG_NAME` columns: where a table would have
    to, every row becomes lines. Empty cells have no line, and a cell without a name above it stands alone.

    Args:
        title: stands above; "" for none.
        header: a name per column, in which "\\n" may break the line; all "" for a table without a header.
        cells: rows, which may be shorter than the header; a `Text` that must not wrap stays on one line in columns.
        width: columns of the terminal; below `NARROW` the ends of intervals lose a digit.
        names: how many of the first columns hold names, which stand at the left; numbers stand at the right.
        left: places of further columns that stand at the left: notes, figures of blocks.
    """

    def __init__(
        self,
        title: str,
        header: Sequence[str],
        cells: Sequence[Sequence[Cell]],
        *,
        width: int = NARROW,
        names: int = 1,
        left: Collection[int] = (),
    ) -> None:
        self.title, self.header = title, list(header)
        rows = cells if width >= NARROW else shortened(cells, names)
        self.rows = [[_text(cell) for cell in row] for row in rows]
        self.left = {*range(names), *left}

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns = [self._column(place) for place in range(len(self.header))]
        natural = [max(text.__rich_measure__(console, options).maximum for text in column) for column in columns]
        least = [
            min(wide, LONG_NAME) if place in self.left else max(_least(console, options, text) for text in column)
            for place, (column, wide) in enumerate(zip(columns, natural, strict=True))
        ]
        for wanted in (natural, least):
            for gap in (2, 1):
                room = options.max_width - gap * (len(columns) - 1) - EDGES
                if sum(wanted) <= room:
                    yield self._table(_widths(natural, least, room), gap)
                    return
        yield from self._lines()

    def _column(self, place: int) -> list[Text]:
        return [Text(self.header[place]), *(row[place] for row in self.rows if place < len(row))]

    def _table(self, widths: Sequence[int], gap: int) -> Table:
        headed = any(self.header)
        table = Table(
            title=Text(self.title) if self.title else None,
            title_justify="left",
            box=box.SIMPLE_HEAD if headed else None,
            padding=(0, gap - headed, 0, 0),  # the box puts a blank between columns
            pad_edge=False,
            show_header=headed,
        )
        for place, (name, width) in enumerate(zip(self.header, widths, strict=True)):
            justify = "left" if place in self.left else "right"
            table.add_column(Text(name), justify=justify, overflow="fold", width=width)  # type: ignore[arg-type]
        for row in self.rows:
            table.add_row(*row)
        return table

    def _lines(self) -> RenderResult:
        if self.title:
            yield Text(self.title, "italic", overflow="fold")
        for row in self.rows:
            for place, (name, cell) in enumerate(zip(self.header, row, strict=False)):
                if place == 0 or cell.plain.strip():
                    said = name.replace("/\n", "/").replace("-\n", "").replace("\n", " ")
                    text = Text.assemble(f"{said}: " if said else "", cell, overflow="fold")
                    yield Padding(text, (0, 0, 0, INDENT if place else 0))


def _text(cell: Cell) -> Text:
    return cell if isinstance(cell, Text) else Text(cell)


def _least(console: Console, options: ConsoleOptions, text: Text) -> int:
    measured = text.__rich_measure__(console, options)
    return measured.maximum if text.no_wrap else measured.minimum


def _widths(natural: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """The widths of columns in `room`: natural ones, or those less a part of what each can spare."""
    excess = sum(natural) - room
    widths = list(natural)
    for place, (wide, narrow) in enumerate(zip(natural, least, strict=True)):
        spare = sum(natural[place:]) - sum(least[place:])
        if excess > 0 and spare > 0:
            given = min(wide - narrow, -(-excess * (wide - narrow) // spare))
            widths[place], excess = wide - given, excess - given
    return widths
