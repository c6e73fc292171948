"""Where expressions are looked at: the values their variables take when floats are compared.

Base places are near 1, two with positive variables and one with negative ones. They cannot tell |x - 3| from 3 - x. So
expressions that bend (absolute values, roots, rounding) are looked at far away as well, with a sign for each variable
of its own, at integers, and on both sides of every number that is written in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import product

from ..tree import Node, symbols, walk
from .evaluate import Inexpressible
from .exact import exact
from .residue import pseudo_random

Place = Callable[[str], Fraction]
"""The value of a variable, by its name."""

_SIZES = (Fraction(1, 40), *map(Fraction, (1, 3, 5, 9, 16, 30, 60, 150, 500, 3000, 50_000)))
_POSITIVE_SIZES = (Fraction(1, 10), *map(Fraction, (4, 20, 200)))
_INTEGER_PLACES = 4
_MOST_SIGNED = 4
_MOST_NUMBERS = 6
_BENDING = {
    "abs", "norm", "max", "min", "floor", "ceil", "sgn", "sqrt", "root", "mod", "ln", "log", "gcd", "lcm", "conj", "Re",
    "Im", "asin", "acos", "atan", "acot", "asec", "acsc", "acosh",
}  # fmt: skip


def _share(name: str, label: int) -> Fraction:
    """A pseudo-random number in [0, 1)."""
    return Fraction(pseudo_random(name, label) >> 64, 1 << 64)


def _positive(name: str, label: int) -> bool:
    return bool(pseudo_random(f"sign of {name}", label) & 1)


def _base(label: int, sign: int) -> Place:
    return lambda name: sign * (Fraction(1, 3) + _share(name, label) * Fraction(9, 5))


BASE: tuple[Place, ...] = (_base(10, 1), _base(11, 1), _base(12, -1))


def bends(tree: Node) -> bool:
    """Whether it may be one formula here and another one there."""
    return any(
        (node[0] == "fn" and node[1] in _BENDING)
        or (node[0] == "pow" and (node[2][0] != "num" or node[2][1].denominator != 1))
        for node in walk(tree)
    )


def scattered() -> Iterator[Place]:
    """Far places of no special kind, where equal values are no chance."""
    for label, size in enumerate(_SIZES, 20):
        yield _scattered(label, size)
    for label, size in enumerate(_POSITIVE_SIZES, 50):
        yield _scattered(label, size, positive=True)


def special(*trees: Node) -> Iterator[Place]:
    """Places where different expressions may show it.

    All signs of the first variables, integers, and both sides of every number written in the expressions.
    """
    names = sorted(set().union(*map(symbols, trees)))[:_MOST_SIGNED]
    for signs in product((1, -1), repeat=len(names)):
        yield _signed(dict(zip(names, signs, strict=True)))
    for label in range(40, 40 + _INTEGER_PLACES):
        yield _integers(label)
    numbers = _written_numbers(trees)
    for turn in range(len(numbers)):
        for side in (-1, 0, 1):
            yield _beside(numbers, turn, side)


def _scattered(label: int, size: Fraction, positive: bool = False) -> Place:
    def place(name: str) -> Fraction:
        value = size * (1 + _share(name, label))
        return value if positive or _positive(name, label) else -value

    return place


def _signed(signs: dict[str, int]) -> Place:
    return lambda name: signs.get(name, 1) * 7 * (1 + _share(name, 62))


def _integers(label: int) -> Place:
    def place(name: str) -> Fraction:
        value = Fraction(1 + pseudo_random(name, label) % 9)
        return value if _positive(name, label) else -value

    return place


def _beside(numbers: list[Fraction], turn: int, side: int) -> Place:
    """Just below, at, or just above one of the numbers; another one for every variable."""

    def place(name: str) -> Fraction:
        chosen = numbers[(turn + pseudo_random(name, 60)) % len(numbers)]
        return chosen + side * (1 + _share(name, 61)) * max(Fraction(1), abs(chosen)) / 64

    return place


def _written_numbers(trees: tuple[Node, ...]) -> list[Fraction]:
    """The largest numbers in the trees: literals, products, quotients and powers of them, with both signs."""
    found: dict[Fraction, None] = {}
    for tree in trees:
        for node in walk(tree):
            if node[0] in ("num", "div", "pow", "mul"):
                with suppress(Inexpressible):
                    found[exact(node)] = None
    largest = sorted((value for value in found if value), key=abs, reverse=True)[:_MOST_NUMBERS]
    return [signed for value in largest for signed in (value, -value)]
