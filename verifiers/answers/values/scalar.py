"""One scalar answer and everything known about its value, computed when first asked for."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cached_property
from typing import Any

from ..tree import Node, children, walk
from .evaluate import Inexpressible, Matrix, Undefined, Value
from .exact import exact
from .floats import POINTS, AtPoint, Floats, at_points, many_digits
from .residue import PRIMES, ResidueField, secret_prime

UNEVALUATED = {"int", "lim", "diff", "sum", "prod"}
LONGEST_SUM = 10**6
MAX_OPERATORS = 4
_AGREE = 1e-9
_CONFIRM = 1e-40


class Scalar:
    """A tree that stands for one number or one expression (or one matrix of them)."""

    def __init__(self, tree: Node) -> None:
        self.tree = tree

    @cached_property
    def exact(self) -> Fraction | None:
        """The rational value, `None` if there is none or it is too large."""
        try:
            return exact(self.tree)
        except Inexpressible:
            return None

    @cached_property
    def undefined(self) -> bool:
        """Whether it divides by zero."""
        if self.exact is not None:
            return False
        try:
            exact(self.tree)
            ResidueField(0).value(self.tree)
        except Undefined:
            return True
        except Inexpressible:
            return False
        return False

    @cached_property
    def fingerprint(self) -> tuple[Value, ...] | None:
        """Residues at every point, `None` where it is not a rational function."""
        fields = [ResidueField(point) for point in range(len(PRIMES))]
        try:
            residues = tuple(field.reduced(self.tree) for field in fields)
        except Inexpressible:
            return None
        self.symbolic = set().union(*(field.opaque for field in fields))
        return residues

    symbolic: set[str] = frozenset()  # type: ignore[assignment]
    """Kinds of nodes the fingerprint takes as symbols although they have a value."""

    @cached_property
    def floats(self) -> list[AtPoint]:
        return at_points(self.tree)

    @cached_property
    def names(self) -> frozenset[str]:
        return free_names(self.tree)

    @cached_property
    def unevaluated(self) -> bool:
        """Whether it holds a sum, integral or limit that only sympy could work out."""
        if not any(node[0] in UNEVALUATED for node in walk(self.tree)):
            return False
        if self.exact is not None:
            return False
        if self.fingerprint is not None:
            return bool(self.symbolic)
        return any(at.opaque for at in self.floats) or all(at.value is None for at in self.floats)

    @cached_property
    def imaginary(self) -> bool:
        """Whether i occurs in it."""
        return any(node == ("const", "i") for node in walk(self.tree))

    @cached_property
    def large_numbers(self) -> bool:
        """Whether it holds numbers large enough to hide a multiple of both primes."""
        return any(node[0] == "num" and abs(node[1].numerator) > 2**64 for node in walk(self.tree))

    @cached_property
    def real(self) -> float | None:
        """The value of a real constant as a float."""
        if self.exact is not None:
            try:
                return float(self.exact)
            except OverflowError:
                return math.inf if self.exact > 0 else -math.inf
        if self.names:
            return None
        value = self.floats[0][0]
        if value is None or isinstance(value, Matrix) or self.unevaluated:
            return None
        value = complex(value)
        return value.real if abs(value.imag) <= 1e-12 * (1 + abs(value.real)) and not math.isnan(value.real) else None

    def precise(self, point: int) -> Any:
        """The value with many digits; raises what the arithmetic raises."""
        return Floats(point, many_digits()).value(self.tree)

    @cached_property
    def key(self) -> Any:
        """Equal for scalars that are certainly equal; a coarse one (machine floats) for the rest."""
        if self.exact is not None:
            return self.exact
        if self.fingerprint is not None:
            return self.fingerprint
        return self.tree


def within_reach(tree: Node) -> bool:
    """Whether algebra has a chance: no sum of millions of terms, no tower of integrals."""
    kinds = 0
    for node in walk(tree):
        kinds += node[0] in UNEVALUATED
        if node[0] in ("sum", "prod"):
            try:
                if exact(node[3]) - exact(node[2]) > LONGEST_SUM:
                    return False
            except Inexpressible:
                continue  # symbolic or infinite bounds are algebra's business
    return kinds <= MAX_OPERATORS


def free_names(tree: Node) -> frozenset[str]:
    """Variables it depends on, functions included, those bound by sums and integrals not."""
    kind = tree[0]
    if kind == "sym":
        return frozenset((tree[1],))
    if kind in ("num", "const", "text"):
        return frozenset()
    found: set[str] = {"function " + tree[1]} if kind == "call" else set()
    for part in children(tree):
        found |= free_names(part)
    if kind in ("sum", "prod", "lim") or (kind == "int" and tree[2]):
        found.discard(tree[1])
    return frozenset(found)


def same_value(a: Scalar, b: Scalar) -> bool | None:
    """Whether two scalars are equal; `None` if it cannot be decided here."""
    if a.tree == b.tree:
        return True
    if a.exact is not None and b.exact is not None:
        return a.exact == b.exact
    left, right = a.fingerprint, b.fingerprint
    if left is not None and right is not None:
        if left == right:
            return not (a.large_numbers or b.large_numbers) or _same_residue(a, b, secret_prime())
        if not a.symbolic and not b.symbolic:
            return False
    if a.unevaluated or b.unevaluated:
        return False if _depends_differently(a, b) else None
    if (left is None or right is None) and (a.undefined or b.undefined):
        return None if a.undefined and b.undefined else False
    close = _close(a, b)
    return _confirmed(a, b) if close else close


def _same_residue(a: Scalar, b: Scalar, prime: int) -> bool:
    try:
        return bool(ResidueField(0, prime).reduced(a.tree) == ResidueField(0, prime).reduced(b.tree))
    except Inexpressible:  # the prime divides a denominator: next to impossible, and no proof of anything
        return False


def _points(a: Scalar, b: Scalar) -> list[int]:
    """Where both have a value to compare. Unless i is written, expressions are meant where they are real.

    So log a + log b is log ab, although both logarithms of negative numbers have an imaginary part, and √x² is not x.
    """
    known = [point for point in range(POINTS) if a.floats[point][0] is not None and b.floats[point][0] is not None]
    if a.imaginary or b.imaginary:
        return known
    return [point for point in known if a.floats[point].real and b.floats[point].real] or known


def _close(a: Scalar, b: Scalar) -> bool | None:
    """Whether machine values agree; `False` is certain, `True` is not."""
    compared_any = False
    for point in _points(a, b):
        at, other = a.floats[point], b.floats[point]
        compared = _near(at.value, other.value, max(at.scale, other.scale))
        if compared is False:
            return False
        compared_any = compared_any or compared is True
    return True if compared_any else None


def _near(x: Value, y: Value, scale: float) -> bool | None:
    if isinstance(x, Matrix) or isinstance(y, Matrix):
        if not (isinstance(x, Matrix) and isinstance(y, Matrix)) or (len(x), len(x[0])) != (len(y), len(y[0])):
            return False
        cells = [_near(p, q, scale) for r, s in zip(x, y, strict=True) for p, q in zip(r, s, strict=True)]
        return False if False in cells else None if None in cells else True
    try:
        x, y = complex(x), complex(y)
        size = max(abs(x), abs(y), scale)
    except OverflowError:
        return None
    if math.isnan(size) or x != x or y != y:
        return None
    if math.isinf(abs(x)) or math.isinf(abs(y)):
        if math.isinf(abs(x)) and math.isinf(abs(y)):
            return False if x.real * y.real < 0 else None
        return False  # an infinity stands for a certain overflow or for ∞
    return bool(abs(x - y) <= _AGREE * size)


def _confirmed(a: Scalar, b: Scalar) -> bool | None:
    """The agreement of machine numbers, with many digits; two points suffice."""
    confirmed = 0
    for point in _points(a, b):
        try:
            x, y = a.precise(point), b.precise(point)
            if isinstance(x, Matrix) or isinstance(y, Matrix):
                pairs = [(p, q) for r, s in zip(x, y, strict=True) for p, q in zip(r, s, strict=True)]
            else:
                pairs = [(x, y)]
            scale = max(a.floats[point][1], b.floats[point][1], 1e-300)
            if any(abs(p - q) > _CONFIRM * max(abs(p), abs(q), scale) for p, q in pairs):
                return False
        except (Inexpressible, ArithmeticError, ValueError, OverflowError):
            continue
        confirmed += 1
    return True if confirmed else None


def _depends_differently(a: Scalar, b: Scalar) -> bool:
    """Whether one certainly varies with a variable the other does not have."""
    for one, other in ((a, b), (b, a)):
        if one.unevaluated or not one.names or one.names & other.names:
            continue
        values = [at.value for at in one.floats if at.value is not None and not isinstance(at.value, Matrix)]
        if len(values) > 1 and any(_near(values[0], value, 0.0) is False for value in values[1:]):
            return True
    return False
