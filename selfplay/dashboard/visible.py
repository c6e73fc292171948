"""A model's text as people can judge it: what cannot be seen, or changes how the rest is shown, is written out."""

from __future__ import annotations

import re

from ..pages.wording import is_hidden

MOST_SHOWN = 20_000
"""Characters of a text on a page; the rest is counted and not sent."""
MOST_MARKS = 3
"""Marks on one letter; more of them would cover the lines above and below."""

_ALLOWED = "\n\t\u200c\u200d"
"""Controls that texts need: lines, tables, and the joiners of Persian and of emoji."""
_MARK = r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_MARKS = re.compile(f"({_MARK}{{{MOST_MARKS}}})({_MARK}+)")


def visible(text: str, most: int = MOST_SHOWN) -> str:
    """A text of which everything can be seen: "\\x1b" becomes "␛", a character that turns the line round "⟨U+202E⟩".

    Args:
        most: characters of the text that are looked at; how many follow is said at the end.
    """
    shown = text[:most].replace("\r\n", "\n")
    if not shown.isascii() or not shown.isprintable():
        shown = "".join(_written_out(one) if _is_hidden(one) else one for one in shown)
        shown = _MARKS.sub(lambda found: f"{found[1]}⟨+{len(found[2])} marks⟩", shown)
    return shown + (f" … ⟨{len(text) - most:,} more characters⟩" if len(text) > most else "")


def editable(text: str) -> str | None:
    """A text as it is put into a field to be edited; `None` if it is too long for that.

    A field cannot hold what cannot be seen, so that is left out.
    """
    if len(text) > MOST_SHOWN:
        return None
    return "".join(one for one in text.replace("\r\n", "\n") if not _is_hidden(one))


def _is_hidden(one: str) -> bool:
    return is_hidden(one) and one not in _ALLOWED


def _written_out(one: str) -> str:
    code = ord(one)
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"⟨U+{code:04X}⟩"
