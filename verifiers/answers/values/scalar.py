"""One scalar answer and everything known about its value, computed when first asked for."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

from ..tree import Node, children, walk
from .certain import settled
from .evaluate import Inexpressible, Matrix, Undefined, Value
from .exact import exact
from .floats import Sample, base_samples, sample
from .places import BASE, Place, bends, scattered, special
from .residue import PRIMES, ResidueField

UNEVALUATED = {"int", "lim", "diff", "sum", "prod"}
LONGEST_SUM = 10**6
MAX_OPERATORS = 4
_AGREE = 1e-9
_FAR = 1e4
CONFIRMED = 2
"""Places where expressions that agree are looked at with more digits; constants are at one."""


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
        """Whether it divides by zero whatever the variables are."""
        if self.exact is not None:
            return False
        for value in (exact, ResidueField(0).value):
            try:
                value(self.tree)
            except Undefined:
                return True
            except Inexpressible:
                continue
            return False
        return all(at.undefined for at in self.floats)

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
    def floats(self) -> list[Sample]:
        """Values at the base places."""
        return base_samples(self.tree)

    @cached_property
    def bends(self) -> bool:
        """Whether far places may show another formula than the base places."""
        return bool(self.names) and bends(self.tree)

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
        if self.floats[0].scale > _FAR * abs(value):  # rounding errors may be all of it
            value = settled(self.tree, BASE[0])
            if value is None or isinstance(value, Matrix):
                return None
        value = complex(value)
        return value.real if abs(value.imag) <= 1e-12 * (1 + abs(value.real)) and not math.isnan(value.real) else None

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
            return True
        if not a.symbolic and not b.symbolic:
            return False
    if a.unevaluated or b.unevaluated:
        return False if _depends_differently(a, b) else None
    if (left is None or right is None) and (a.undefined or b.undefined):
        return None if a.undefined and b.undefined else False
    return _same_samples(a, b)


class Pair(NamedTuple):
    """Two scalars at one place."""

    place: Place
    left: Sample
    right: Sample

    @property
    def known(self) -> bool:
        return self.left.value is not None and self.right.value is not None

    @property
    def real(self) -> bool:
        return self.known and self.left.real and self.right.real

    @property
    def near(self) -> bool | None:
        return _near(self.left.value, self.right.value, max(self.left.scale, self.right.scale))


def _same_samples(a: Scalar, b: Scalar) -> bool | None:
    """By floats: first at the base places, then far away if an expression bends.

    Unless i is written, expressions are meant where they are real: log a + log b is log ab, although both logarithms of
    negative numbers have an imaginary part, and √x² is not x.
    """
    known, counted = base_pairs(a, b)
    if any(pair.near is False for pair in counted):
        return False
    if a.bends or b.bends:
        pairs = far_pairs(a, b, scattered())
        everywhere = [*pairs, *far_pairs(a, b, special(a.tree, b.tree))]
        for pair in everywhere:
            if pair.near is False:
                same = _precisely(a, b, pair.place)
                if not same:
                    return same
        counted = counted or (pairs if len(pairs) > 1 else [])
    if not counted:  # nowhere real, or at one place by chance: compared as complex numbers
        counted = known
        if any(pair.near is False for pair in counted):
            return False
    if not any(pair.near for pair in counted):
        return None
    confirmed = [_precisely(a, b, pair.place) for pair in counted[: CONFIRMED if a.names or b.names else 1]]
    return False if False in confirmed else True if True in confirmed else None


def base_pairs(a: Scalar, b: Scalar) -> tuple[list[Pair], list[Pair]]:
    """The base places where both have values, and those of them that count."""
    known = [pair for pair in map(Pair, BASE, a.floats, b.floats) if pair.known]
    return known, known if a.imaginary or b.imaginary else [pair for pair in known if pair.real]


def far_pairs(a: Scalar, b: Scalar, places: Iterable[Place]) -> list[Pair]:
    """Values at other places, where they count."""
    pairs = [Pair(place, sample(a.tree, place), sample(b.tree, place)) for place in places]
    return [pair for pair in pairs if (pair.known if a.imaginary or b.imaginary else pair.real)]


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


def _precisely(a: Scalar, b: Scalar, place: Place) -> bool | None:
    """What enough digits say about machine numbers that agree, or do not; `None` if they say nothing."""
    difference = settled(("add", a.tree, ("neg", b.tree)), place)
    if difference is None:
        return None
    return not any(map(any, difference)) if isinstance(difference, Matrix) else not difference


def _depends_differently(a: Scalar, b: Scalar) -> bool:
    """Whether one certainly varies with a variable the other does not have."""
    for one, other in ((a, b), (b, a)):
        if one.unevaluated or not one.names or one.names & other.names:
            continue
        values = [at.value for at in one.floats if at.value is not None and not isinstance(at.value, Matrix)]
        if len(values) > 1 and any(_near(values[0], value, 0.0) is False for value in values[1:]):
            return True
    return False
