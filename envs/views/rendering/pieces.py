"""Pieces of HTML that episodes, pages and notebooks share: a text with its code, and a bar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

_FENCED = re.compile(
    r"^ {0,3}(?P<ticks>`{3,})[ \t]*(?:[\w+#.-]+[ \t]*)?\r?\n"
    r"(?P<code>.*?)\n?(?:^ {0,3}(?P=ticks)`*[ \t]*\r?(?:\n|\Z)|\Z)",
    re.M | re.S,
)
"""Lines between two of at least three backticks, as in Markdown; without a second one the rest of the text is code."""
_EMPTY = "display:inline-block;width:{};height:.7em;background:rgba(128,128,128,.25);border-radius:3px"
_FULL = "display:block;height:100%;width:{:.0f}%;background:#4a90d9;border-radius:3px"


def split_code(text: str) -> Iterator[tuple[bool, str]]:
    """The parts of a text in order, each with whether it is code; lines with fences are left out, empty prose too."""
    end = 0
    for found in _FENCED.finditer(text):
        if text[end : found.start()]:
            yield False, text[end : found.start()]
        yield True, found["code"]
        end = found.end()
    if text[end:]:
        yield False, text[end:]


def with_code(text: str, style: str = "") -> str:
    """A text as HTML: escaped, its fenced code in blocks of their own. The element around it keeps line breaks.

    Args:
        style: CSS of the blocks, for HTML without a style sheet.
    """
    styled = f' style="{escape(style)}"' if style else ""
    return "".join(
        f"<pre{styled}><code>{escape(part)}</code></pre>" if is_code else escape(part)
        for is_code, part in split_code(text)
    )


def bar(share: float, width: str = "8em") -> str:
    """A share in [0, 1] as a bar; `width` is that of a whole one."""
    return f"<span style='{_EMPTY.format(width)}'><span style='{_FULL.format(100 * share)}'></span></span>"
