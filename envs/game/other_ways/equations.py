"""Other ways to ask for a root: the voted one is put back, and both sides must come out equal.

equation   Solve 3x+4=19.            label 5   →  What is 3*5+4?  must be 19
composed   If 2x+3=11, what is 3x-1?  label 11  →  3x-1 is 11 for x = 4: What is 2*4+3?  must be 11

What a label says about x is worked out from label and question alone; whether that x solves the equation is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from ....core.math_language import parse_expression
from ....core.records import OtherWay
from .arithmetic import same_value
from .expressions import read_sum


def ways_of_root(left: str, right: str, root: Fraction) -> Iterator[OtherWay]:
    """The other way to ask whether `root` solves an equation."""
    yield same_value("backward", read_sum(left, root), read_sum(right, root))


def ways_of_target(left: str, right: str, target: str, label: Fraction) -> Iterator[OtherWay]:
    """The same for a question that asks for an expression of the root; none where that says nothing about it."""
    asked = parse_expression(target)
    if asked.a:
        yield from ways_of_root(left, right, (label - asked.b) / Fraction(asked.a))
