"""Perturbations of how questions of the small language are written: letter, order, numerals.

They apply to what the language reads, and each result is read back before it is given out: it must have the same
answer. Of prose nobody here knows which letters are variables and which numbers may change places.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ....core.math_language import key, read, written_parts
from ....core.protocols import Rng
from ....core.records import Question, Rewritten
from ..other_ways.arithmetic import permuted
from ..other_ways.expressions import read_sum
from .numerals import in_words, with_commas
from .perturb import chosen

LETTERS = "bckmnptyz"
"""Not those that look like a digit or mean something else: a, e, i, l, o."""
_NUMBER = re.compile(r"\d+")


class Renamed:
    """Another letter for x."""

    keeps = True

    def rewrite(self, question: Question, rng: Rng) -> Rewritten | None:
        written = _written(question)
        if written is None or written[0] in ("arithmetic", "word-problem"):
            return None  # the words that the language knows have no x
        letter = chosen(LETTERS, rng)
        return Rewritten(question.text.replace("x", letter).replace("X", letter.upper()))


class Permuted:
    """Terms and factors in another order, and the sides of an equation exchanged."""

    keeps = True

    def rewrite(self, question: Question, rng: Rng) -> Rewritten | None:
        written = _written(question)
        if written is None or written[0] == "word-problem":  # what happens first cannot happen last
            return None
        kind, parts = written
        text = _permuted_value(question.text, parts[0], rng) if kind == "arithmetic" else _exchanged(kind, parts)
        before, after = read(question.text), None if text is None else read(text)
        if text is None or before is None or after is None or after.answer != before.answer:
            return None
        return Rewritten(text) if key(text) != key(question.text) else None


class Format:
    """One number in another writing: twelve, 12.0, or 1,200."""

    keeps = True

    def rewrite(self, question: Question, rng: Rng) -> Rewritten | None:
        written = _written(question)
        if written is None:
            return None
        texts = [text for found in _NUMBER.finditer(question.text) for text in _writings(question.text, found, written)]
        return Rewritten(chosen(texts, rng)) if texts else None


def _written(question: Question) -> tuple[str, tuple[str, ...]] | None:
    return written_parts(question.text) if question.domain == "math" else None


def _permuted_value(text: str, expression: str, rng: Rng) -> str | None:
    """The expression in another order, in the words in which it was asked if it stands there without blanks."""
    try:
        value = read_sum(expression)
    except ValueError:
        return None
    order = permuted(value, rng) if value.starts_positive else None
    if order is None:
        return None
    before, found, after = text.rpartition(expression)
    return f"{before}{order.written()}{after}" if found else f"What is {order.written()}?"


def _exchanged(kind: str, parts: tuple[str, ...]) -> str:
    left, right, *target = parts
    return f"If {right}={left}, what is {target[0]}?" if kind == "composed" else f"Solve {right}={left}."


def _writings(text: str, found: re.Match[str], written: tuple[str, tuple[str, ...]]) -> Iterator[str]:
    """A text with one number in other writings that nobody can take for something else."""
    before, digits, after = text[: found.start()], found[0], text[found.end() :]
    if digits.startswith("0") and digits != "0":
        return
    yield f"{before}{digits}.0{after}"
    apart = not before.rstrip().endswith(")") and not after.lstrip().startswith(("x", "("))
    if apart and (words := in_words(int(digits))) is not None:
        yield f"{before}{words}{after}"
    if len(digits) > 3 and written[0] == "arithmetic":  # the comma behind an equation is another one
        yield f"{before}{with_commas(digits)}{after}"
