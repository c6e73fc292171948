"""Evaluate a tree over a field: exact rationals, residues modulo a prime, complex floats, many-digit floats.

One walk serves all; the fields differ in what a number, a variable and a function are. What a field cannot express
raises `Inexpressible`; what it could but must not (too many digits, too many terms) does too.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeAlias

from ..tree import Node, walk

Value: TypeAlias = Any
"""A field element, or `Matrix`."""

MAX_TERMS = 1000
"""Longest sum or product that is added up."""
MAX_WORK = 10_000
"""Nodes visited for all sums and products of a tree."""
MAX_CELLS = 1024


class Inexpressible(ArithmeticError):
    """The field has no value for this tree."""


class Undefined(Inexpressible):
    """Division by zero: no field has a value."""


class Matrix(tuple[tuple[Value, ...], ...]):
    """Rows of field elements."""

    __slots__ = ()


class Field:
    """What the fields share. Elements support + - * and unary minus."""

    def __init__(self) -> None:
        self.bound: dict[str, Value] = {}
        """Values of the variables that sums and products run over."""
        self.work = 0
        self.opaque: set[str] = set()
        """Kinds of nodes that were replaced by a symbol although they have a value."""

    # -- what a field defines

    def number(self, value: Fraction) -> Value:
        raise NotImplementedError

    def integer(self, exponent: Node) -> Fraction:
        """An exponent or a bound, as an exact rational."""
        raise NotImplementedError

    def variable(self, name: str) -> Value:
        raise Inexpressible(name)

    def constant(self, name: str) -> Value:
        raise Inexpressible(name)

    def divide(self, a: Value, b: Value) -> Value:
        raise NotImplementedError

    def power(self, base: Value, exponent: Node) -> Value:
        """A scalar to a power; the exponent comes as a tree, because most fields want it exact."""
        raise NotImplementedError

    def function(self, name: str, arguments: tuple[Node, ...]) -> Value:
        raise Inexpressible(name)

    def symbolic(self, node: Node) -> Value:
        """A value for what is not evaluated: equal for equal nodes."""
        raise Inexpressible(node[0])

    # -- the walk

    def value(self, node: Node) -> Value:
        return _WALK.get(node[0], Field._unknown)(self, node)

    def _unknown(self, node: Node) -> Value:
        raise Inexpressible(node[0])

    def _num(self, node: Node) -> Value:
        return self.number(node[1])

    def _sym(self, node: Node) -> Value:
        name = node[1]
        return self.bound[name] if name in self.bound else self.variable(name)

    def _const(self, node: Node) -> Value:
        name = node[1]
        return self.bound[name] if name in self.bound else self.constant(name)

    def _add(self, node: Node) -> Value:
        total = self.value(node[1])
        for term in node[2:]:
            total = self.added(total, self.value(term))
        return total

    def added(self, a: Value, b: Value) -> Value:
        if isinstance(a, Matrix) or isinstance(b, Matrix):
            return _matrix_sum(a, b)
        return a + b

    def _neg(self, node: Node) -> Value:
        value = self.value(node[1])
        return Matrix(tuple(-cell for cell in row) for row in value) if isinstance(value, Matrix) else -value

    def _mul(self, node: Node) -> Value:
        product = self.value(node[1])
        for factor in node[2:]:
            product = self.times(product, self.value(factor))
        return product

    def times(self, a: Value, b: Value) -> Value:
        if isinstance(a, Matrix) or isinstance(b, Matrix):
            return _matrix_product(a, b)
        return a * b

    def _div(self, node: Node) -> Value:
        top, bottom = self.value(node[1]), self.value(node[2])
        if isinstance(bottom, Matrix):
            raise Inexpressible("division by a matrix")
        if isinstance(top, Matrix):
            return Matrix(tuple(self.divide(cell, bottom) for cell in row) for row in top)
        return self.divide(top, bottom)

    def _ratio(self, node: Node) -> Value:
        if len(node) != 3:
            raise Inexpressible("ratio")
        return self._div(node)

    def _pow(self, node: Node) -> Value:
        base = self.value(node[1])  # once: twice would double the work with every nested power
        return self._matrix_power(base, node[2]) if isinstance(base, Matrix) else self.power(base, node[2])

    def _matrix_power(self, base: Matrix, exponent: Node) -> Value:
        if exponent == ("sym", "T"):
            return Matrix(zip(*base, strict=True))
        count = self.integer(exponent)
        if count.denominator != 1 or not 0 < count <= 10**6 or len(base) != len(base[0]) or len(base) > 8:
            raise Inexpressible("matrix power")
        result, square, left = None, base, int(count)
        while True:
            if left & 1:
                result = square if result is None else self.times(result, square)
            left >>= 1
            if not left:
                return result
            square = self.times(square, square)

    def _fn(self, node: Node) -> Value:
        return self.function(node[1], node[2:])

    def _percent(self, node: Node) -> Value:
        return self.times(self.value(node[1]), self.number(Fraction(1, 100)))

    def _degree(self, node: Node) -> Value:
        return self.times(self.value(node[1]), self.times(self.constant("pi"), self.number(Fraction(1, 180))))

    def _matrix(self, node: Node) -> Value:
        rows = Matrix(tuple(self.value(cell) for cell in row) for row in node[1])
        if any(isinstance(cell, Matrix) for row in rows for cell in row):
            raise Inexpressible("a matrix of matrices")
        return rows

    def _det(self, node: Node) -> Value:
        matrix = self.value(node[1])
        if not isinstance(matrix, Matrix) or len(matrix) != len(matrix[0]) or len(matrix) > 12:
            raise Inexpressible("determinant")
        return self._determinant(matrix)

    def _determinant(self, matrix: Matrix) -> Value:
        """By elimination; the field's division decides what is zero."""
        rows, result = [list(row) for row in matrix], self.number(Fraction(1))
        for column in range(len(rows)):
            pivot = next((r for r in range(column, len(rows)) if rows[r][column]), None)
            if pivot is None:
                return self.number(Fraction(0))
            if pivot != column:
                rows[column], rows[pivot] = rows[pivot], rows[column]
                result = -result
            result = self.times(result, rows[column][column])
            for r in range(column + 1, len(rows)):
                share = self.divide(rows[r][column], rows[column][column])
                rows[r] = [self.added(a, -self.times(share, b)) for a, b in zip(rows[r], rows[column], strict=True)]
        return result

    def _big(self, node: Node) -> Value:
        kind, name, low, high, body = node
        try:
            start, end = self.integer(low), self.integer(high)
        except Inexpressible:
            return self.symbolic(node)
        if start.denominator != 1 or end.denominator != 1 or end - start >= MAX_TERMS:
            return self.symbolic(node)
        self.work += max(0, int(end - start) + 1) * len(walk(body))
        if self.work > MAX_WORK:
            return self.symbolic(node)
        shadowed = self.bound.get(name)
        total = self.number(Fraction(0 if kind == "sum" else 1))
        for index in range(int(start), int(end) + 1):
            self.bound[name] = self.number(Fraction(index))
            term = self.value(body)
            total = self.added(total, term) if kind == "sum" else self.times(total, term)
        self.bound.pop(name, None)
        if shadowed is not None:
            self.bound[name] = shadowed
        return total

    def _symbolic(self, node: Node) -> Value:
        return self.symbolic(node)


_WALK: dict[str, Callable[[Any, Node], Value]] = {
    "num": Field._num,
    "sym": Field._sym,
    "const": Field._const,
    "add": Field._add,
    "neg": Field._neg,
    "mul": Field._mul,
    "div": Field._div,
    "ratio": Field._ratio,
    "pow": Field._pow,
    "fn": Field._fn,
    "percent": Field._percent,
    "degree": Field._degree,
    "matrix": Field._matrix,
    "det": Field._det,
    "sum": Field._big,
    "prod": Field._big,
    "call": Field._symbolic,
    "int": Field._symbolic,
    "lim": Field._symbolic,
    "diff": Field._symbolic,
}


def _matrix_sum(a: Value, b: Value) -> Matrix:
    if not (isinstance(a, Matrix) and isinstance(b, Matrix) and len(a) == len(b) and len(a[0]) == len(b[0])):
        raise Inexpressible("sum of different shapes")
    return Matrix(tuple(x + y for x, y in zip(r, s, strict=True)) for r, s in zip(a, b, strict=True))


def _matrix_product(a: Value, b: Value) -> Matrix:
    if not isinstance(a, Matrix):
        return Matrix(tuple(a * cell for cell in row) for row in b)
    if not isinstance(b, Matrix):
        return Matrix(tuple(cell * b for cell in row) for row in a)
    if len(a[0]) != len(b) or len(a) * len(b) * len(b[0]) > MAX_CELLS:
        raise Inexpressible("product of these shapes")
    columns = list(zip(*b, strict=True))
    return Matrix(tuple(_dot(row, column) for column in columns) for row in a)


def _dot(row: tuple[Value, ...], column: tuple[Value, ...]) -> Value:
    total = row[0] * column[0]
    for x, y in zip(row[1:], column[1:], strict=True):
        total = total + x * y
    return total
