"""Docstrings as they are written here, turned into what autodoc reads.

They are plain text as on GitHub: single backquotes for code, blocks of code or tables that are only indented. In
reStructuredText `*`, `|` and a closing `_` mean something, and an indented block needs two colons before it.
"""

from __future__ import annotations

import re
from typing import Any

SPAN = re.compile(r"(`+)(.+?)\1")
SECTION = re.compile(r"(Args|Arguments|Attributes|Returns|Raises|Yields|Example|Examples|Note|References):$")
ENTRY = re.compile(r"[\w*]+(, [\w*]+)*: ")


def prepare(app: Any, what: str, name: str, thing: object, options: Any, lines: list[str]) -> None:
    """Change the lines of a docstring in place, as autodoc asks."""
    told = what in ("attribute", "data", "property")
    lines[:] = [""] * told + converted(
        lines
    )  # napoleon takes what stands before a colon in their first line for a type


def converted(lines: list[str]) -> list[str]:
    """The lines of a docstring as reStructuredText: blocks marked, and all else free of markup but for code."""
    made: list[str] = []
    base, block = 0, None
    section = False
    for line in lines:
        depth = len(line) - len(line.lstrip())
        empty = not line.strip()
        if block is not None and (empty or depth >= block):
            made.append(line)
            continue
        block = None
        if depth == 0 and not empty:
            section = bool(SECTION.match(line))
            base = 4 if section else 0
        starts = not empty and depth > base and made and not made[-1].strip()
        if starts and not (section and depth == base):
            made += [" " * base + "::", "", line]
            block = depth
            continue
        made.append(line if SECTION.match(line) else escaped(line))
    return made


def escaped(line: str) -> str:
    """A line of prose: code between backquotes as it is, everything else without a meaning of its own."""
    parts, at = [], 0
    for span in SPAN.finditer(line):
        parts += [plain(line[at : span.start()]), f"``{span[2]}``"]
        at = span.end()
        if line[at : at + 1].isalnum():
            parts.append("\\ ")
    return "".join([*parts, plain(line[at:])])


def plain(text: str) -> str:
    r"""Prose with `\`, `*`, `|`, `` ` `` and a closing `_` escaped."""
    text = re.sub(r"([\\*|`])", r"\\\1", text)
    return re.sub(r"(?<=\w)_(?!\w)", r"\\_", text)
