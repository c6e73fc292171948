"""Other ways to ask the questions of the small mathematical language, and the kinds of these questions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from ....core.math_language import key, read, written_parts
from ....core.protocols import Rng
from ....core.records import OtherWay, Question
from .arithmetic import ways_of_value
from .equations import ways_of_root, ways_of_target
from .expressions import read_sum

_NUMBER = re.compile(r"(?:x\s*=\s*)?([-+]?\d{1,30}(?:\.\d{1,30}|/\d{1,30})?)")
_FRACTION = re.compile(r"(?:x\s*=\s*)?([-+]?)\\[dt]?frac\{(\d{1,30})\}\{(\d{1,30})\}")


def math_ways(question: Question, label: str, rng: Rng) -> list[OtherWay]:
    """The other ways to ask a question that can be read, for a label that is a number; else none."""
    written, number = written_parts(question.text), as_number(label)
    if written is None or number is None:
        return []
    kind, parts = written
    try:
        ways = [*_ways(kind, parts, number, rng)]
        return [way for way in ways if all(_is_another(text, question.text) for text in way.texts)]
    except ValueError:
        return []


def math_kind(question: Question) -> str:
    """ "sum" (only + and -), "product" (also * or /), "equation", "composed", "word-problem"; for what cannot be read
    the kind that its generator wrote into `meta`, such as "knights", or else "other"."""
    written = written_parts(question.text)
    if written is None:
        return str(question.meta.get("kind") or "other")
    kind, parts = written
    if kind != "arithmetic":
        return kind
    return "product" if re.search(r"[*/]|[0-9x)]\(|[0-9)]x", parts[0]) else "sum"


def as_number(label: str) -> Fraction | None:
    """A label as a number: 7, -3/4, 1.25, \\frac{3}{4}, x = 7; `None` for anything else."""
    found = _NUMBER.fullmatch(label.strip())
    latex = _FRACTION.fullmatch(label.strip())
    text = found[1] if found else f"{latex[1]}{latex[2]}/{latex[3]}" if latex else None
    try:
        return None if text is None else Fraction(text)
    except ZeroDivisionError:
        return None


def _is_another(text: str, asked: str) -> bool:
    """Whether a text can be read and asks something else: 7+9-9 = 7, worked backwards, is 7+9-9 again, and (7)+9-9."""
    return read(text) is not None and _asked(text) != _asked(asked)


def _asked(text: str) -> object:
    """What a text asks, however it is spelt: brackets that nothing needs and leading zeros say nothing."""
    written = written_parts(text)
    return read_sum(written[1][0]) if written is not None and written[0] == "arithmetic" else key(text)


def _ways(kind: str, parts: tuple[str, ...], label: Fraction, rng: Rng) -> Iterator[OtherWay]:
    if kind in ("arithmetic", "word-problem"):  # a word problem is asked again as a bare sum
        return ways_of_value(read_sum(parts[0]), label, rng)
    if kind == "equation":
        return ways_of_root(parts[0], parts[1], label)
    return ways_of_target(parts[0], parts[1], parts[2], label)
