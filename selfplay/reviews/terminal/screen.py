"""An item on a terminal of any width: model text is text, whatever it holds."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from ...pages.wording import counted, is_hidden
from ..items import Item, Shown

LONGEST = 3_000
"""Characters of a text that are shown at first."""
MOST_LINES = 60
"""And lines."""
KEYS = {
    "question": "a approve · e edit · r reject",
    "label": "a approve · e edit · r reject",
    "pair": "1 or 2 prefer · r neither",
    "attempt": "0–4 completeness, then 0–4 soundness",
}
ALWAYS = "u undo · s skip · n note · m more · ? keys · q quit"
RUBRIC = (
    "Completeness: 0 no step is written down, 1 one of the steps that are needed, 2 half of them, 3 all but small "
    "ones, 4 every step.\nSoundness: 0 no step follows, 1 most steps do not follow, 2 a wrong step that matters, "
    "3 only slips that do not matter, 4 every step follows."
)


def visible(text: str, longest: int | None = LONGEST) -> str:
    """A text in which every character can be seen: what moves the cursor, turns the direction of writing, or shows
    nothing is written as its code.

    Args:
        longest: characters after which it is cut, which is said, as after many lines; `None` for all.
    """
    shown = text
    if longest is not None:
        shown = "".join(text[:longest].splitlines(keepends=True)[:MOST_LINES])
    found = "".join(one if one == "\n" or not is_hidden(one) else _code(one) for one in shown)
    left = len(text) - len(shown)
    return f"{found}… (and {counted(left, 'character')}; m shows all)" if left else found


def one_line(text: str, longest: int = 200) -> str:
    """The same on one line, cut without a word."""
    cut = visible(text[:longest].replace("\n", "⏎"), None)
    return f"{cut}…" if len(text) > longest else cut


def draw(console: Console, item: Item, place: str, *, whole: bool = False) -> None:
    """Show an item.

    Args:
        place: "3 of 20".
        whole: shows texts to their end.
    """
    longest = None if whole else LONGEST
    console.print()
    console.rule(Text(f"{item.kind} · {place}"))
    _line(console, "why", one_line(item.reason))
    _line(console, "item", f"{item.id} (gate {item.gate})")
    _block(console, "question", visible(item.question, longest))
    if item.kind != "question":
        _line(console, "label", "none" if item.label is None else one_line(item.label, LONGEST))
    if item.votes and item.kind == "label":
        votes = [f"{count} × {one_line(answer, 60)}" for answer, count in list(item.votes.items())[:8]]
        _line(console, "votes", ", ".join(votes))
    for number, shown in enumerate(item.attempts, start=1):
        _block(console, _name(item, shown, number), visible(shown.text, longest))
    if item.kind == "attempt":
        console.print(Text(RUBRIC, style="dim"))
    console.print(Text(f"{KEYS[item.kind]} · {ALWAYS}", style="bold"))


def _name(item: Item, shown: Shown, number: int) -> str:
    """What stands before an attempt. Whether one of a pair matches the label is not told: it would sway."""
    answer = "" if shown.answer is None else f" ({one_line(shown.answer, 60)})"
    return f"[{number}]{answer}" if item.kind == "pair" else f"attempt{answer}"


def _line(console: Console, name: str, text: str) -> None:
    console.print(Text.assemble((f"{name}: ", "dim"), text), overflow="fold")


def _block(console: Console, name: str, text: str) -> None:
    console.print(Text.assemble((name, "dim"), "\n", text), overflow="fold")


def _code(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
