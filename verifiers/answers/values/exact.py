"""The field of rational numbers: exact, constants only, bounded in size."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from itertools import chain

from ..tree import Node
from .evaluate import Field, Inexpressible, Matrix, Undefined, Value

MAX_BITS = 40_000
"""Largest numerator and denominator built: 12,000 digits, enough for 2006!."""


class Exact(Field):
    """Rational constants. Variables, π, e and i have no value here."""

    def number(self, value: Fraction) -> Fraction:
        return value

    def integer(self, exponent: Node) -> Fraction:
        value = self.value(exponent)
        if isinstance(value, Matrix):
            raise Inexpressible("a matrix where a number should be")
        return value  # type: ignore[no-any-return]

    def added(self, a: Value, b: Value) -> Value:
        _bounded(a, b)
        return super().added(a, b)

    def times(self, a: Value, b: Value) -> Value:
        _bounded(a, b)
        return super().times(a, b)

    def divide(self, a: Fraction, b: Fraction) -> Fraction:
        if not b:
            raise Undefined("division by zero")
        _bounded(a, b)
        return a / b

    def power(self, base: Fraction, exponent: Node) -> Fraction:
        b, e = base, self.value(exponent)
        if isinstance(e, Matrix):
            raise Inexpressible("a matrix in an exponent")
        if e.denominator != 1:
            b, e = exact_root(b, e.denominator), Fraction(e.numerator)
        if b in (1, -1):
            return Fraction(1) if b == 1 or e % 2 == 0 else Fraction(-1)
        if not b:
            if e < 0:
                raise Undefined("zero to a negative power")
            return Fraction(int(e == 0))
        if abs(e) * _bits(b) > MAX_BITS:
            raise Inexpressible("too many digits")
        return Fraction(b ** int(e))

    def function(self, name: str, arguments: tuple[Node, ...]) -> Fraction:
        if name not in _FUNCTIONS:
            raise Inexpressible(name)
        values = [self.value(argument) for argument in arguments]
        if any(isinstance(value, Matrix) for value in values):
            raise Inexpressible(f"{name} of a matrix")
        try:
            return Fraction(_FUNCTIONS[name](*values))
        except TypeError:
            raise Inexpressible(f"{name} of {len(values)} arguments") from None


def exact(node: Node) -> Fraction:
    """The rational value of a constant scalar tree; raises `Inexpressible` or `Undefined`."""
    if node[0] == "num":
        return node[1]  # type: ignore[no-any-return]
    value = Exact().value(node)
    if isinstance(value, Matrix):
        raise Inexpressible("a matrix")
    return value  # type: ignore[no-any-return]


def exact_root(value: Fraction, degree: int) -> Fraction:
    """The rational root of a rational number, if there is one."""
    if not 2 <= degree <= 64:
        raise Inexpressible("root")
    if value < 0:
        if degree % 2 == 0:
            raise Inexpressible("an even root of a negative number")
        return -exact_root(-value, degree)
    return Fraction(_integer_root(value.numerator, degree), _integer_root(value.denominator, degree))


def _integer_root(value: int, degree: int) -> int:
    if degree == 2:
        root = math.isqrt(value)
    else:
        low, high = 0, 1 << (value.bit_length() // degree + 1)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if middle**degree <= value else (low, middle - 1)
        root = low
    if root**degree != value:
        raise Inexpressible("irrational root")
    return root


def _bounded(a: Value, b: Value) -> None:
    for value in (a, b):
        largest = max(map(_bits, chain(*value))) if isinstance(value, Matrix) else _bits(value)
        if largest > MAX_BITS:
            raise Inexpressible("too many digits")


def _bits(value: Fraction) -> int:
    return value.numerator.bit_length() + value.denominator.bit_length()


def _integer(value: Fraction) -> int:
    if value.denominator != 1:
        raise Inexpressible("not an integer")
    return value.numerator


@lru_cache(maxsize=64)
def _factorial(n: Fraction) -> Fraction:
    if not 0 <= _integer(n) <= 3000:
        raise Inexpressible("factorial")
    return Fraction(math.factorial(int(n)))


def _binomial(n: Fraction, k: Fraction) -> Fraction:
    top, bottom = _integer(n), _integer(k)
    if not (0 <= top <= 10**9 and bottom >= 0):
        raise Inexpressible("binomial")
    if bottom > top:
        return Fraction(0)
    if min(bottom, top - bottom) * top.bit_length() > MAX_BITS:
        raise Inexpressible("too many digits")
    return Fraction(math.comb(top, bottom))


def _modulo(a: Fraction, b: Fraction) -> Fraction:
    if not b:
        raise Undefined("modulo zero")
    return a % b


def _logarithm(x: Fraction, base: Fraction | None = None) -> Fraction:
    """Exact where the answer is an integer: log_2 8. Without a base, only log 1."""
    if x == 1:
        return Fraction(0)
    if base is None or x <= 0 or base <= 1 or _bits(x) > 2000 or _bits(base) > 2000:
        raise Inexpressible("log")
    guess = round(_log(x) / _log(base)) if _log(base) > 1e-9 else 10**6
    if abs(guess) < 4000 and base**guess == x:
        return Fraction(guess)
    raise Inexpressible("log")


def _log(x: Fraction) -> float:
    return math.log(x.numerator) - math.log(x.denominator)


def _natural_log(x: Fraction) -> Fraction:
    if x == 1:
        return Fraction(0)
    raise Inexpressible("ln")


_FUNCTIONS: dict[str, Callable[..., Fraction | int]] = {
    "sqrt": lambda x: exact_root(x, 2),
    "root": lambda x, n: exact_root(x, _integer(n)),
    "abs": abs,
    "norm": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "factorial": _factorial,
    "Gamma": lambda x: _factorial(x - 1),
    "binom": _binomial,
    "mod": _modulo,
    "gcd": lambda *xs: math.gcd(*map(_integer, xs)),
    "lcm": lambda *xs: math.lcm(*map(_integer, xs)),
    "max": lambda *xs: max(xs),
    "min": lambda *xs: min(xs),
    "sgn": lambda x: (x > 0) - (x < 0),
    "log": _logarithm,
    "ln": _natural_log,
}
