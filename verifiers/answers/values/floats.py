"""Complex floats at fixed points: the fingerprint of what no residue expresses (roots, trigonometry, logarithms).

Variables take the real values of a place (`places.py`). The same walk runs on machine numbers and, to confirm what they
say, on numbers with as many digits as it takes (`certain.py`).
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

from ..tree import Node
from .evaluate import Field, Inexpressible, Matrix, Undefined, Value
from .exact import Exact
from .places import BASE, Place
from .residue import opaque_key

jumps = frozenset(("floor", "ceil", "mod", "sgn"))
"""Functions that jump, at integers."""


class Floats(Field):
    """Complex numbers of one precision.

    Args:
        place: the values of the variables.
        backend: `MACHINE`, or one of many digits.
    """

    def __init__(self, place: Place, backend: Backend) -> None:
        super().__init__()
        self.place, self.backend = place, backend
        self.exact = Exact()
        self.scale = 0.0
        """Largest magnitude that entered a sum: what rounding errors are relative to."""
        self.real = True
        """Whether no root or logarithm of a negative number was taken on the way."""

    def number(self, value: Fraction) -> Any:
        return self.backend.number(value)

    def integer(self, exponent: Node) -> Fraction:
        if not self.bound:
            return self.exact.integer(exponent)
        try:
            return self.exact.integer(exponent)
        except Inexpressible:
            value = complex(self.value(exponent))
            if value.imag or not abs(value.real) < 1e6 or value.real != round(value.real):
                raise Inexpressible("a bound that is no integer") from None
            return Fraction(round(value.real))

    def variable(self, name: str) -> Any:
        return self.number(self.place(name))

    def constant(self, name: str) -> Any:
        return self.backend.constants[name]

    def added(self, a: Value, b: Value) -> Value:
        total = super().added(a, b)
        if not isinstance(total, Matrix):
            self.scale = max(self.scale, abs(a), abs(b))
        return total

    def divide(self, a: Any, b: Any) -> Any:
        if not b:
            raise Undefined("division by zero")
        return a / b

    def power(self, base: Any, exponent: Node) -> Any:
        b, e = base, self.value(exponent)
        if isinstance(e, Matrix):
            raise Inexpressible("a matrix in an exponent")
        if not e.imag and not b.imag and b.real < 0 and e.real != int(min(abs(e.real), 1e9)):
            rooted = self._odd_root_power(b, exponent)
            if rooted is not None:
                return rooted
        value = self.backend.power(b, e)
        if value.imag and not b.imag and not e.imag:
            self.real = False
        return value

    def _odd_root_power(self, b: Any, exponent: Node) -> Any | None:
        """The real value of (-8)^(1/3), as taught; `None` if the exponent is not a fraction with an odd denominator."""
        try:
            e = self.exact.integer(exponent)
        except Inexpressible:
            return None
        if e.denominator % 2 == 0 or e.denominator > 99:
            return None
        size = self.backend.power(-b, self.number(e))
        return -size if e.numerator % 2 else size

    def function(self, name: str, arguments: tuple[Node, ...]) -> Any:
        values = [self.value(argument) for argument in arguments]
        if any(isinstance(value, Matrix) for value in values):
            return self._norm(values) if name == "norm" else _refuse(name)
        if name == "root" and len(values) == 2:
            return self.power(values[0], ("div", ("num", Fraction(1), 0), arguments[1]))
        function = self.backend.functions.get(name)
        if function is None:
            raise Inexpressible(name)
        try:
            value = function(*values)
            if value.imag and not any(argument.imag for argument in values):
                self.real = False
            return value
        except TypeError:
            raise Inexpressible(f"{name} of {len(values)} arguments") from None

    def _norm(self, values: list[Value]) -> Any:
        cells = [cell for row in values[0] for cell in row]
        return self.backend.functions["sqrt"](sum((abs(cell) ** 2 for cell in cells), self.number(Fraction(0))))

    def symbolic(self, node: Node) -> Any:
        if node[0] != "call":
            self.opaque.add(node[0])
        return self.variable(f"{node[0]} {opaque_key(node)!r}")


def _refuse(name: str) -> Any:
    raise Inexpressible(f"{name} of a matrix")


class Backend:
    """The arithmetic behind `Floats`.

    Args:
        library: `cmath` or an mpmath context: both spell sin, exp, log, sqrt alike.
        number: from an exact rational.
        gamma: the gamma function.
        power: base to the exponent.
    """

    def __init__(
        self,
        library: Any,
        number: Callable[[Fraction], Any],
        gamma: Callable[[Any], Any],
        power: Callable[[Any, Any], Any],
    ) -> None:
        self.number, self.power = number, power
        one = number(Fraction(1))
        pi = number(Fraction(0)) + library.pi
        self.constants = {
            "pi": pi,
            "e": library.exp(one),
            "i": library.sqrt(-one),
            "inf": number(Fraction(0)) + math.inf,
        }
        self.functions: dict[str, Callable[..., Any]] = {
            "abs": lambda z: one * abs(z),
            "norm": lambda z: one * abs(z),
            "ln": library.log,
            "log": lambda z, base=None: library.log(z) if base is None else library.log(z) / library.log(base),
            "factorial": lambda z: gamma(z + one),
            "Gamma": gamma,
            "binom": lambda n, k: _binomial(n, k, one, gamma),
            "cot": lambda z: library.cos(z) / library.sin(z),
            "sec": lambda z: one / library.cos(z),
            "csc": lambda z: one / library.sin(z),
            "coth": lambda z: library.cosh(z) / library.sinh(z),
            "acot": lambda z: library.atan(one / z) if z else pi / 2,
            "asec": lambda z: library.acos(one / z),
            "acsc": lambda z: library.asin(one / z),
            "floor": lambda z: one * math.floor(_real(z)),
            "ceil": lambda z: one * math.ceil(_real(z)),
            "sgn": lambda z: one * ((_real(z) > 0) - (_real(z) < 0)),
            "max": lambda *zs: one * max(_real(z) for z in zs),
            "min": lambda *zs: one * min(_real(z) for z in zs),
            "mod": lambda a, b: one * (_real(a) % _real(b)),
            "conj": lambda z: z.conjugate(),
            "Re": lambda z: one * z.real,
            "Im": lambda z: one * z.imag,
        }
        for name in (
            "sqrt",
            "sin",
            "cos",
            "tan",
            "asin",
            "acos",
            "atan",
            "sinh",
            "cosh",
            "tanh",
            "asinh",
            "acosh",
            "atanh",
        ):
            self.functions[name] = getattr(library, name)


def _real(z: Any) -> Any:
    if abs(z.imag) > 1e-12 * (1 + abs(z.real)):
        raise Inexpressible("order among complex numbers")
    return z.real


def _binomial(n: Any, k: Any, one: Any, gamma: Callable[[Any], Any]) -> Any:
    if not k.imag and k.real == round(k.real) and 0 <= k.real <= 200:
        result = one
        for index in range(round(k.real)):
            result = result * (n - index) / (index + 1)
        return result
    return gamma(n + one) / (gamma(k + one) * gamma(n - k + one))


_LANCZOS = (
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
)  # fmt: skip


def _gamma(z: complex) -> complex:
    """Lanczos' approximation, 13 digits."""
    z = complex(z)
    if z.real < 0.5:
        return cmath.pi / (cmath.sin(cmath.pi * z) * _gamma(1 - z))
    z -= 1
    series = _LANCZOS[0] + sum(term / (z + index) for index, term in enumerate(_LANCZOS[1:], 1))
    t = z + 7.5
    return cmath.sqrt(2 * cmath.pi) * cmath.exp((z + 0.5) * cmath.log(t) - t) * series


def _machine_number(value: Fraction) -> complex:
    try:
        return complex(value)
    except OverflowError:
        return complex(math.inf if value > 0 else -math.inf)


def _machine_power(b: complex, e: complex) -> complex:
    if not e.imag and not b.imag and (b.real > 0 or e.real == round(min(e.real, 1e15))):
        if not b.real and e.real < 0:
            raise Undefined("zero to a negative power")
        return complex(b.real**e.real)
    return b**e


MACHINE = Backend(cmath, _machine_number, _gamma, _machine_power)


class Sample(NamedTuple):
    """The value of a tree at one place, on machine numbers.

    value: `None` where there is none; ±inf for a constant that is certainly too large.
    scale: what rounding errors are relative to.
    opaque: kinds of nodes left symbolic.
    real: whether no root or logarithm of a negative number was taken.
    undefined: whether it divides by zero, or takes the logarithm of zero.
    """

    value: Value | None
    scale: float
    opaque: set[str]
    real: bool
    undefined: bool = False


def base_samples(node: Node) -> list[Sample]:
    return [sample(node, place) for place in BASE]


def sample(node: Node, place: Place) -> Sample:
    field = Floats(place, MACHINE)
    undefined = False
    value: Value | None = None
    try:
        value = field.value(node)
    except OverflowError:
        value = math.inf if _grows(node) else None
    except (Undefined, ZeroDivisionError):
        undefined = True
    except ValueError as error:
        undefined = "math domain error" in str(error)
    except Inexpressible:
        value = None
    return Sample(value, field.scale, field.opaque, field.real, undefined)


def _grows(node: Node) -> bool:
    """Whether an overflow at the top of the tree is certainly a large positive real."""
    if node[0] == "pow":
        return _positive_real(node[1]) and _positive_real(node[2], large=True)
    if node[0] == "fn" and node[1] in ("factorial", "Gamma", "binom"):
        return all(_positive_real(argument) for argument in node[2:])
    return False


def _positive_real(node: Node, large: bool = False) -> bool:
    try:
        value = complex(Floats(BASE[0], MACHINE).value(node))
    except OverflowError:
        return _grows(node)
    except (Inexpressible, ValueError, ZeroDivisionError, TypeError):
        return False
    return not value.imag and value.real > (1 if large else 0)
