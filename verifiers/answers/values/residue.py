"""Residues modulo a Mersenne prime: the exact fingerprint of rational functions.

Variables, π and e become pseudo-random residues. Two rational functions with equal residues at two such points, modulo
two primes, are equal but for a chance below 10⁻³⁰; with different residues they differ. It tells 2^100 from 2^100 + 1.
"""

from __future__ import annotations

import hashlib
import secrets
from fractions import Fraction
from functools import lru_cache

from ..tree import Node
from .evaluate import Field, Inexpressible, Matrix, Undefined, Value
from .exact import Exact, exact


def _passes(n: int, witness: int) -> bool:
    """Miller and Rabin's test."""
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    x = pow(witness, odd, n)
    if x in (1, n - 1):
        return True
    for _ in range(twos - 1):
        x = x * x % n
        if x == n - 1:
            return True
    return False


def _secret_prime() -> int:
    """A random prime of 127 bits."""
    while True:
        candidate = secrets.randbits(127) | (1 << 126) | 1
        if all(_passes(candidate, witness) for witness in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)):
            return candidate


PRIMES = (2**61 - 1, _secret_prime())
"""The second is chosen by every process for itself: nobody can write a multiple of both into an answer."""
MAX_FACTORIAL = 3_000
_SMALL = 10**6


@lru_cache(maxsize=4096)
def pseudo_random(name: str, point: int) -> int:
    """128 bits that belong to a name."""
    digest = hashlib.blake2b(f"{point}:{name}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return int.from_bytes(digest, "little")


class Irrational(Inexpressible):
    """A fractional power, which only the exact field may know to be rational."""


class ResidueField(Field):
    """The integers modulo `PRIMES[point % 2]`; points of one parity share the prime, not the variables' values."""

    def __init__(self, point: int) -> None:
        super().__init__()
        self.point, self.prime = point, PRIMES[point % len(PRIMES)]
        self.exact = Exact()

    def reduced(self, node: Node) -> Value:
        """The value of a whole tree, in lowest terms: an integer, or rows of them."""
        value = self.value(node)
        if isinstance(value, Matrix):
            return tuple(tuple(cell % self.prime for cell in row) for row in value)
        return value % self.prime

    def number(self, value: Fraction) -> int:
        if value.denominator == 1:
            return value.numerator % self.prime
        return value.numerator * self._inverse(value.denominator) % self.prime

    def integer(self, exponent: Node) -> Fraction:
        """Inside a sum its index may stand in the exponent; small residues are the integers they come from."""
        if not self.bound:
            return self.exact.integer(exponent)
        try:
            return self.exact.integer(exponent)
        except Inexpressible:
            value = self.value(exponent)
            if isinstance(value, Matrix):
                raise
            value %= self.prime
            if value > _SMALL and self.prime - value > _SMALL:
                raise
            return Fraction(value if value <= _SMALL else value - self.prime)

    def variable(self, name: str) -> int:
        return pseudo_random(name, self.point) % self.prime

    def constant(self, name: str) -> int:
        if name in ("i", "inf"):
            raise Inexpressible(name)
        return self.variable("constant " + name)  # algebraically independent, as far as anybody knows

    def times(self, a: Value, b: Value) -> Value:
        product = super().times(a, b)
        if isinstance(product, Matrix):
            return Matrix(tuple(cell % self.prime for cell in row) for row in product)
        return product % self.prime

    def divide(self, a: int, b: int) -> int:
        return a * self._inverse(b) % self.prime

    def _inverse(self, value: int) -> int:
        value %= self.prime
        if not value:
            raise Undefined("division by zero")
        return pow(value, -1, self.prime)

    def _pow(self, node: Node) -> Value:
        try:
            return super()._pow(node)
        except Irrational:
            return self.number(exact(node))

    def power(self, base: int, exponent: Node) -> int:
        e = self.integer(exponent)
        if e.denominator != 1:
            raise Irrational("root")
        b = base % self.prime
        if e < 0:
            b, e = self._inverse(b), -e
        return pow(b, int(e), self.prime)

    def function(self, name: str, arguments: tuple[Node, ...]) -> int:
        if name == "binom" and len(arguments) == 2:
            return self._binomial(*arguments)
        if name == "factorial":
            return self._factorial(arguments[0])
        return self.number(self.exact.function(name, arguments))

    def _factorial(self, argument: Node) -> int:
        n = self.integer(argument)
        if n.denominator != 1 or not 0 <= n <= MAX_FACTORIAL:
            raise Inexpressible("factorial")
        return _factorial(int(n), self.prime)

    def _binomial(self, top: Node, bottom: Node) -> int:
        k = self.integer(bottom)
        if k.denominator != 1 or not 0 <= k <= 200:
            return self.number(self.exact.function("binom", (top, bottom)))
        n, result = self.value(top), 1
        if isinstance(n, Matrix):
            raise Inexpressible("binomial of a matrix")
        for index in range(int(k)):
            result = result * (n - index) * self._inverse(index + 1) % self.prime
        return result

    def symbolic(self, node: Node) -> int:
        if node[0] != "call":
            self.opaque.add(node[0])
        return self.variable(f"{node[0]} {opaque_key(node)!r}")


@lru_cache(maxsize=1024)
def _factorial(n: int, prime: int) -> int:
    result = 1
    for factor in range(2, n + 1):
        result = result * factor % prime
    return result


def opaque_key(node: Node) -> object:
    """A key for what is not evaluated, equal for equal contents and whatever the bound variable is called."""
    kind = node[0]
    if kind == "call":
        return (node[1], tuple(residue_key(argument) for argument in node[2:]))
    if kind in ("sum", "prod", "int"):
        _, name, low, high, body = node
        return (kind, residue_key(low), residue_key(high), residue_key(renamed(body, name)))
    if kind == "lim":
        return (kind, residue_key(node[2]), node[3], residue_key(renamed(node[4], node[1])))
    return node


@lru_cache(maxsize=512)  # nested unknown functions would take twice as long with every level
def residue_key(node: Node) -> object:
    """Residues of a tree at both points, or the tree itself where it has none."""
    if not node:
        return ()
    try:
        return tuple(ResidueField(point).reduced(node) for point in range(len(PRIMES)))
    except Inexpressible:
        return node


def renamed(node: Node, name: str, new: str = "§") -> Node:
    """The tree with one variable under another name."""
    if node[0] in ("num", "sym", "const"):
        return ("sym", new) if node[0] != "num" and node[1] == name else node
    return tuple(
        renamed(part, name, new) if isinstance(part, tuple) and part and isinstance(part[0], str) else part
        for part in node
    )
