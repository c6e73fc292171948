"""Sums in parts: the value of the first terms is asked, then the rest from that value, and the solutions are joined.

    What is 3+4-5+6?    What is 3+4-5?   3+4=7, 7-5=2. \\boxed{2}
                        What is 2+6?     2+6=8. \\boxed{8}
    together            3+4=7, 7-5=2, 2+6=8. \\boxed{8}

Ideas: decomposition and iterated amplification (arXiv 1810.08575), least-to-most prompting (arXiv 2205.10625). A part
is nothing but terms of the question and values that whoever answers came to; no answer is computed here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ....core.extraction.boxes import find_boxes
from ....core.math_language import read, written_parts
from ....core.protocols import Rng
from ....core.records import Question
from .expressions import Sum, Term, of_fraction, read_sum
from .mathematics import as_number

_STEPS = re.compile(r"-?\d+[+-]\d+=-?\d+(?:, -?\d+[+-]\d+=-?\d+)*")
_STEP = re.compile(r"(-?\d+)([+-])(\d+)=(-?\d+)")
_NEXT = re.compile(r", -?\d+([+-]\d+)=")
CUTS = 2
"""Different ways to cut that are looked for: the second one checks the first."""
TRIES = 16
"""Cuts drawn for each number of parts until two are different."""


@dataclass(frozen=True, slots=True)
class SumInParts:
    """One cut of a sum; satisfies `core.protocols.Parts`.

    Attributes:
        pieces: its terms in order; the first piece has at least two, so that every part asks for an operation.
    """

    pieces: tuple[tuple[Term, ...], ...]

    def question(self, values: Sequence[str]) -> str | None:
        """See `Parts`; also `None` where the question would be too long to be read."""
        if len(values) >= len(self.pieces):
            return None
        terms = self._terms(values)
        if terms is None:
            return None
        text = f"What is {in_this_order(terms)}?"
        return text if read(text) is not None else None

    def follows(self, values: Sequence[str], solution: str) -> bool:
        """See `Parts`: a working in steps, `3+4=7, 7-5=2`, uses each number of the question, in order, and no other.

        A model that reads `81` as 8, or leaves out a term, does so in each of its attempts and in every cut: their
        agreement cannot show it, the working does.
        """
        terms = self._terms(values)
        shown = working(solution)
        if terms is None or _STEPS.fullmatch(shown) is None or not all(term.written().isdigit() for term in terms):
            return True
        return in_this_order(terms) == shown[: shown.index("=")] + "".join(_NEXT.findall(shown))

    def claims(self, solution: str) -> list[tuple[str, str]]:
        """See `Parts`: of a step `86+5=91`, that 91-5 is 86."""
        shown = working(solution)
        if _STEPS.fullmatch(shown) is None:
            return []
        return [
            (f"What is {result}{'-' if sign == '+' else '+'}{number}?", before)
            for before, sign, number, result in _STEP.findall(shown)
        ]

    def _terms(self, values: Sequence[str]) -> tuple[Term, ...] | None:
        """What the next part adds up; `None` where the value before it is no number."""
        terms = self.pieces[len(values)]
        if not values:
            return terms
        number = as_number(values[-1])
        return None if number is None else (*of_fraction(number).terms, *terms)

    def value(self, values: Sequence[str]) -> str | None:
        """See `Parts`."""
        number = as_number(values[-1]) if len(values) == len(self.pieces) else None
        return None if number is None else str(number)

    def join(self, solutions: Sequence[str], value: str) -> str:
        """See `Parts`; where one of them shows no working, the answer alone: a gap in it is nothing to learn."""
        workings = [working(text) for text in solutions]
        box = f"\\boxed{{{value}}}"
        return f"{', '.join(workings)}. {box}" if all(workings) else box


def math_parts(question: Question, rng: Rng, reach: int | None = None) -> list[SumInParts]:
    """Two different cuts of a sum of at least three operations; fewer of any other question.

    Args:
        reach: most operations of a part, at least 1; `None` for two parts of any size.
    """
    written = written_parts(question.text)
    if written is None or written[0] != "arithmetic":
        return []
    try:
        value = read_sum(written[1][0])
    except ValueError:
        return []
    return [SumInParts(_pieces(value, sizes)) for sizes in different_sizes(len(value.terms) - 1, rng, reach)]


def different_sizes(operations: int, rng: Rng, reach: int | None = None) -> list[tuple[int, ...]]:
    """How many operations each part has, in at most `CUTS` different ways, of as few parts as there can be."""
    most = max(1, operations - 1) if reach is None else reach
    fewest = max(2, -(-operations // most))
    found: dict[tuple[int, ...], None] = {}
    for count in range(fewest, (2 if reach is None else operations) + 1):
        for _ in range(TRIES if count <= operations else 0):
            found.setdefault(_sizes(operations, count, most, rng))
            if len(found) == CUTS:
                return [*found]
    return [*found]


def in_this_order(terms: Sequence[Term]) -> str:
    """Terms as text, the first one in front even where it is negative: -3+4."""
    return "".join(f"{'-' if term.negative else '+'}{term.written()}" for term in terms).removeprefix("+")


def working(solution: str) -> str:
    """What stands before the box, without the sign that ends it; "" where there is no box, or more than one."""
    boxes = find_boxes(solution)
    return solution[: boxes[0].start].strip().rstrip(".,;").rstrip() if len(boxes) == 1 else ""


def _sizes(operations: int, count: int, most: int, rng: Rng) -> tuple[int, ...]:
    """So many sizes from 1 to `most` that sum to `operations`."""
    sizes = [1] * count
    for _ in range(operations - count):
        open_ones = [i for i, size in enumerate(sizes) if size < most]
        sizes[open_ones[int(rng.random() * len(open_ones))]] += 1
    return tuple(sizes)


def _pieces(value: Sum, sizes: Sequence[int]) -> tuple[tuple[Term, ...], ...]:
    """The terms of a sum in pieces of so many operations; the first has one term more than operations."""
    ends = [1 + sum(sizes[: i + 1]) for i in range(len(sizes))]
    return tuple(value.terms[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True))
