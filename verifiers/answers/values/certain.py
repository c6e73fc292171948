"""Values with as many digits as they need: what machine numbers say is believed only after this.

A sum of 10^100 and √3 needs more digits than √3 alone, and so does the sine of 10^100. So an expression is evaluated
once to see how large and how small its parts become, then with digits for all of them, and once more with twice as many
if both disagree. What is still not settled has no value here.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

from mpmath import MPContext  # type: ignore[import-untyped,unused-ignore]

from ..tree import Node
from .evaluate import Inexpressible, Matrix, Value
from .floats import Backend, Floats, jumps
from .places import Place

FIRST_DIGITS = 50
AGREEING = 30
MARGIN = 60
"""Digits beyond those that the sizes of the parts ask for."""
STEP = 100
"""Digits come in multiples of it, because every precision has a context of its own to be made."""
MOST_DIGITS = 1_200
_PER_DIGIT = 0.30103
_SATURATING = {"tanh", "coth"}
"""Functions that come as near to 1 as an exponential: tanh 100 differs from 1 after 86 digits."""

_SLOW = {"factorial", "Gamma", "binom"}
"""Functions that take seconds between integers with many digits."""
SLOW_DIGITS = 200


def settled(tree: Node, place: Place) -> Value | None:
    """The value at a place, `AGREEING` digits certain, exactly 0 where it vanishes; `None` where it cannot be settled.

    "Vanishes" means: smaller than the smallest part over the largest part by 40 digits more.
    """
    try:
        before = Watched(place, FIRST_DIGITS)
        value = before.whole(tree)
        digits = before.needed
        while digits <= MOST_DIGITS:
            now = Watched(place, digits)
            again = now.whole(tree)
            grown = now.spread > 2 * before.spread + MARGIN and now.largest > 2 * before.largest + MARGIN
            again = _cut(again, digits - before.spread - MARGIN // 3)
            if not grown and _agree(value, again):
                return again
            before, value = now, again
            digits = max(2 * digits, min(now.needed, MOST_DIGITS) if grown else 0)
    except (ArithmeticError, ValueError, OverflowError, TypeError):
        return None
    return None


def _cut(value: Value, digits: float) -> Value:
    """The value with 0 for what is smaller than so many digits."""
    if isinstance(value, Matrix):
        return Matrix(tuple(_cut(cell, digits) for cell in row) for row in value)
    return 0 if not value or max(map(_size, (value.real, value.imag))) < -digits / _PER_DIGIT else value


def _agree(before: Value, value: Value) -> bool:
    if isinstance(value, Matrix):
        return all(_agree(p, q) for r, s in zip(before, value, strict=True) for p, q in zip(r, s, strict=True))
    return not value or bool(abs(before - value) <= abs(value) * 10.0**-AGREEING)


class Watched(Floats):
    """Many digits, and the sizes of all that occurs on the way: as powers of ten, of the largest and the smallest."""

    def __init__(self, place: Place, digits: int) -> None:
        super().__init__(place, many_digits(digits))
        self.digits = digits
        self.top = self.bottom = 0

    @property
    def largest(self) -> float:
        return self.top * _PER_DIGIT

    @property
    def spread(self) -> float:
        """Digits between the largest and the smallest part."""
        return (self.top - self.bottom) * _PER_DIGIT

    @property
    def needed(self) -> int:
        return STEP * -(-(int(2 * self.spread) + MARGIN) // STEP)

    def whole(self, tree: Node) -> Value:
        """The value of the whole expression; its own size is not watched, it may be what cancellation has left."""
        return super().value(tree)

    def value(self, node: Node) -> Value:
        value = super().value(node)
        if node[0] == "num":  # all digits of a literal count
            self._see(node[1].numerator.bit_length(), -node[1].denominator.bit_length())
        elif isinstance(value, Matrix):
            for row in value:
                for cell in row:
                    self._watch(cell)
        else:
            self._watch(value)
        return value

    def _watch(self, value: Any) -> None:
        for part in (value.real, value.imag):
            if part:
                size = _size(part)
                self._see(size, size)

    def _see(self, top: int, bottom: int) -> None:
        self.top, self.bottom = max(self.top, top), min(self.bottom, bottom)

    def function(self, name: str, arguments: tuple[Node, ...]) -> Any:
        if name in _SLOW and self.digits > SLOW_DIGITS and any(map(self._between_integers, arguments)):
            raise Inexpressible(f"{name} with so many digits")
        value = super().function(name, arguments)
        if name in _SATURATING:
            argument = self.value(arguments[0])
            self._see(0, -int(min(3 * abs(argument), 10**6)))
        if name in jumps and any(self._at_jump(self.value(argument)) for argument in arguments):
            raise Inexpressible(f"{name} where it jumps")
        return value

    def _between_integers(self, node: Node) -> bool:
        value = self.value(node)
        return isinstance(value, Matrix) or bool(value.imag or value.real != round(value.real))

    def _at_jump(self, value: Any) -> bool:
        """Whether rounding errors may have carried it over an integer."""
        off = abs(value.real - round(value.real))
        return bool(0 < off < 10.0 ** -min(self.digits // 2, 300))


def _size(part: Any) -> int:
    """The exponent of a number as a power of two; raises `Inexpressible` for what is not finite."""
    _sign, mantissa, exponent, bits = part._mpf_
    if not mantissa:
        if exponent:
            raise Inexpressible("infinity")
        return -(10**9)
    return int(exponent + bits)


@lru_cache(maxsize=32)
def many_digits(digits: int) -> Backend:
    """The backend of so many digits, with an mpmath context of its own."""
    context = MPContext()
    context.dps = digits

    def number(value: Fraction) -> Any:
        return context.mpc(context.mpf(value.numerator) / context.mpf(value.denominator))

    return Backend(context, number, context.gamma, context.power)
