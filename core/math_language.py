"""The small language of the procedural math questions: how to read one and compute its answer exactly.

Four forms, which the generators write, models learn, and label accuracy is measured on:

    What is 12+7*3?            arithmetic    also "Compute 12+7*3." and "Find the value of 12+7*3."
    Solve 3x+4=19.             equation      linear in x; the answer is the value of x
    If 2x+3=11, what is 3x-1?  composed      both
    Tom has 5 apples. …        word-problem  in the form of `core.questions.word_problems`

Grammar of an expression (whitespace between tokens is free):

    sum     = product (("+" | "-") product)*
    product = unary (("*" | "/") unary | factor)*       a factor without "*" multiplies: 3x, 2(x+1)
    unary   = ("-" | "+") unary | factor
    factor  = digits | "x" | "(" sum ")"

Everything is exact (`Fraction`) and bounded (length, digits, depth); text is never executed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Generic, Protocol, Self, TypeAlias, TypeVar

from .questions.word_problems import sum_of

MAX_LENGTH = 200
MAX_DIGITS = 12
MAX_DEPTH = 20
REMEMBERED = 2**14
"""Questions whose reading is kept: a round asks for the kind, key and answer of each of its questions in turn."""

_TOKEN = re.compile(r"\s*([0-9]+|[-+*/()x=])")
_EXPRESSION = r"([-+*/()x0-9\s]+?)"
_ARITHMETIC = re.compile(rf"(?:what is|compute|find the value of|evaluate)\s+{_EXPRESSION}\s*[?.]?", re.I)
_EQUATION = re.compile(rf"solve\s+(?:for x:\s*)?{_EXPRESSION}={_EXPRESSION}\s*[?.]?", re.I)
_OPERATOR = re.compile(r"(?<=[0-9x)])[-+*/]")
_COMPOSED = re.compile(rf"if\s+{_EXPRESSION}={_EXPRESSION},\s*what is\s+{_EXPRESSION}\s*[?.]?", re.I)


Exact: TypeAlias = Fraction | int
"""Whole numbers stay `int` until a division: a sum of two `Fraction`s costs twenty times a sum of two `int`s."""


class Algebra(Protocol):
    """What an expression can be made of: values that add, subtract, multiply and divide."""

    def __add__(self, other: Self, /) -> Self: ...
    def __neg__(self) -> Self: ...
    def __mul__(self, other: Self, /) -> Self: ...
    def __truediv__(self, other: Self, /) -> Self: ...


Value = TypeVar("Value", bound=Algebra)


@dataclass(frozen=True, slots=True)
class Linear:
    """The value a·x + b."""

    a: Exact
    b: Exact

    def __add__(self, other: Linear) -> Linear:
        return Linear(self.a + other.a, self.b + other.b)

    def __neg__(self) -> Linear:
        return Linear(-self.a, -self.b)

    def __mul__(self, other: Linear) -> Linear:
        if self.a and other.a:
            raise ValueError("not linear in x")
        return Linear(self.a * other.b + self.b * other.a, self.b * other.b)

    def __truediv__(self, other: Linear) -> Linear:
        if other.a or not other.b:
            raise ValueError("division by zero or by x")
        return Linear(Fraction(self.a) / other.b, Fraction(self.b) / other.b)

    def at(self, x: Fraction) -> Exact:
        return self.a * x + self.b


@dataclass(frozen=True, slots=True)
class Reading:
    """A question of the language, read.

    Attributes:
        kind: "arithmetic", "equation", "composed" or "word-problem".
        key: the mathematics of the question without its wording; equal keys mean the same question.
        operations: number of binary operators written, a measure of length.
        answer: the exact answer.
    """

    kind: str
    key: str
    operations: int
    answer: Fraction


def read(text: str) -> Reading | None:
    """Read a question, or return `None` if `text` is not in the language or has no single answer."""
    return None if len(text) > MAX_LENGTH else _read(text)


@lru_cache(REMEMBERED)
def _read(text: str) -> Reading | None:
    text = text.strip()
    try:
        if found := _ARITHMETIC.fullmatch(text):
            value = parse_expression(found[1])
            return None if value.a else _reading("arithmetic", [found[1]], value.b)
        if found := _EQUATION.fullmatch(text):
            return _reading("equation", [found[1], found[2]], _root(found[1], found[2]))
        if found := _COMPOSED.fullmatch(text):
            target = parse_expression(found[3])
            return _reading("composed", list(found.groups()), target.at(_root(found[1], found[2])))
        if expression := sum_of(text):
            return _reading("word-problem", [expression], parse_expression(expression).b)
    except ValueError:
        return None
    return None


def written_parts(text: str) -> tuple[str, tuple[str, ...]] | None:
    """The kind of a question and its expressions as they are written, or `None` if `read` cannot read it.

    arithmetic: the expression; equation: both sides; composed: both sides, and what is asked of x;
    word-problem: its sum.
    """
    reading = read(text)
    return None if reading is None else (reading.kind, tuple(reading.key.partition(":")[2].split("|")))


def answer(text: str) -> str | None:
    """The exact answer of a question as text ("7", "-3/4"), or `None` if the question is not in the language."""
    reading = read(text)
    return None if reading is None else str(reading.answer)


def key(text: str) -> str:
    """What identifies a question whatever its wording: the mathematics if it can be read, else the folded text."""
    reading = read(text)
    return " ".join(text.casefold().split()) if reading is None else reading.key


def parse_expression(text: str) -> Linear:
    """Value of an expression, at most linear in x.

    Raises:
        ValueError: a syntax error, a division by zero, a product of unknowns, or a bound exceeded.
    """
    return build_expression(text, _number, Linear(1, 0))


def build_expression(text: str, number: Callable[[int], Value], unknown: Value) -> Value:
    """An expression made of values of any algebra, in the order in which it is calculated.

    Args:
        number: a whole number ≥ 0 as a value.
        unknown: what x stands for.

    Raises:
        ValueError: a syntax error, a bound exceeded, or whatever the algebra refuses by it.
    """
    tokens, position = [], 0
    text = text.rstrip()
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None or (len(found[1]) > MAX_DIGITS):
            raise ValueError(f"not an expression: {text!r}")
        tokens.append(found[1])
        position = found.end()
    parser = _Parser(tokens, number, unknown)
    value = parser.sum(0)
    if parser.position != len(tokens):
        raise ValueError(f"not an expression: {text!r}")
    return value


class _Parser(Generic[Value]):
    def __init__(self, tokens: list[str], number: Callable[[int], Value], unknown: Value) -> None:
        self.tokens, self.position = tokens, 0
        self.number, self.unknown = number, unknown

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.position += 1
        return token

    def sum(self, depth: int) -> Value:
        if depth > MAX_DEPTH:
            raise ValueError("nested too deeply")
        value = self.product(depth)
        while self.peek() in ("+", "-"):
            sign = self.take()
            term = self.product(depth)
            value = value + (term if sign == "+" else -term)
        return value

    def product(self, depth: int) -> Value:
        value = self.unary(depth)
        while True:
            token = self.peek()
            if token == "*":
                self.take()
                value = value * self.unary(depth)
            elif token == "/":
                self.take()
                value = value / self.unary(depth)
            elif token == "x" or token == "(":
                value = value * self.factor(depth)
            else:
                return value

    def unary(self, depth: int) -> Value:
        negative = False
        while self.peek() in ("-", "+"):
            negative ^= self.take() == "-"
        value = self.factor(depth)
        return -value if negative else value

    def factor(self, depth: int) -> Value:
        token = self.take()
        if token.isdigit():
            return self.number(int(token))
        if token == "x":
            return self.unknown
        if token == "(":
            value = self.sum(depth + 1)
            if self.take() == ")":
                return value
        raise ValueError("expected a number, x or a parenthesis")


def _number(value: int) -> Linear:
    return Linear(0, value)


def _root(left: str, right: str) -> Fraction:
    difference = parse_expression(left) + -parse_expression(right)
    if not difference.a:
        raise ValueError("no single solution")
    return Fraction(-difference.b) / difference.a


def _reading(kind: str, parts: list[str], value: Exact) -> Reading:
    packed = ["".join(part.split()) for part in parts]
    operations = sum(len(_OPERATOR.findall(part)) for part in packed)
    return Reading(kind, f"{kind}:{'|'.join(packed)}", operations, Fraction(value))
