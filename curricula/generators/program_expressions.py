"""The expressions of generated programs: printed as Python, described in English, and evaluated by walking the tree.

Number  Text  Empty  Name  Binary  Compare  Choice  Call  Method  Slice  Pick (a list comprehension)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

Value: TypeAlias = Any
"""int, bool, str, or a list of int."""

Env: TypeAlias = dict[str, Value]

MAX_SIZE = 10**9
MAX_LENGTH = 200


class ProgramError(Exception):
    """The program has no value on this input: a division by zero, a value out of bounds, too many steps."""


def bounded(value: Value) -> Value:
    """The value itself, or `ProgramError` if it is too large to put in a question."""
    if isinstance(value, int) and abs(value) > MAX_SIZE:
        raise ProgramError("number out of bounds")
    if isinstance(value, str | list) and len(value) > MAX_LENGTH:
        raise ProgramError("sequence out of bounds")
    return value


_OPERATIONS: dict[str, tuple[int, Callable[[Value, Value], Value]]] = {
    "+": (4, lambda a, b: a + b),
    "-": (4, lambda a, b: a - b),
    "*": (5, lambda a, b: a * b),
    "//": (5, lambda a, b: a // b),
    "%": (5, lambda a, b: a % b),
}
_COMPARISONS: dict[str, tuple[str, Callable[[Value, Value], bool]]] = {
    "<": ("is less than", lambda a, b: a < b),
    ">": ("is greater than", lambda a, b: a > b),
    "<=": ("is at most", lambda a, b: a <= b),
    ">=": ("is at least", lambda a, b: a >= b),
    "==": ("equals", lambda a, b: a == b),
    "!=": ("differs from", lambda a, b: a != b),
}
_CALLS: dict[str, tuple[str, Callable[..., Value]]] = {
    "abs": ("the absolute value of {}", abs),
    "min": ("the smaller of {} and {}", min),
    "max": ("the larger of {} and {}", max),
    "len": ("the length of {}", len),
    "sum": ("the sum of {}", sum),
    "sorted": ("{} in ascending order", sorted),
}
_METHODS: dict[str, tuple[str, Callable[..., Value]]] = {
    "upper": ("{} in upper case", str.upper),
    "swapcase": ("{} with upper and lower case exchanged", str.swapcase),
    "replace": ("{} with every {} replaced by {}", str.replace),
    "count": ("the number of times {1} occurs in {0}", str.count),
}
_ATOM, _CHOICE, _COMPARE = 9, 1, 3


class Expression:
    """An expression; `strength` is its binding strength, so that parentheses are printed only where they are needed."""

    strength = _ATOM

    def code(self) -> str:
        raise NotImplementedError

    def words(self) -> str:
        """The expression in English; arithmetic keeps its formula."""
        return self.code()

    def value(self, env: Env) -> Value:
        raise NotImplementedError

    def inside(self, strength: int) -> str:
        """Printed as an operand of something that binds with `strength`."""
        return self.code() if self.strength >= strength else f"({self.code()})"


def phrase(expression: Expression) -> str:
    """The expression in English as part of a longer phrase: in parentheses unless it is one word."""
    return expression.code() if isinstance(expression, Name | Number | Text) else f"({expression.words()})"


@dataclass(frozen=True)
class Number(Expression):
    number: int

    @property
    def strength(self) -> int:  # type: ignore[override]
        return _ATOM if self.number >= 0 else 6

    def code(self) -> str:
        return str(self.number)

    def value(self, env: Env) -> Value:
        return self.number


@dataclass(frozen=True)
class Text(Expression):
    text: str

    def code(self) -> str:
        return repr(self.text)

    def value(self, env: Env) -> Value:
        return self.text


@dataclass(frozen=True)
class Empty(Expression):
    """The empty list."""

    def code(self) -> str:
        return "[]"

    def words(self) -> str:
        return "an empty list"

    def value(self, env: Env) -> Value:
        return []


@dataclass(frozen=True)
class Name(Expression):
    name: str

    def code(self) -> str:
        return self.name

    def value(self, env: Env) -> Value:
        return env[self.name]


@dataclass(frozen=True)
class Binary(Expression):
    operator: str
    left: Expression
    right: Expression

    @property
    def strength(self) -> int:  # type: ignore[override]
        return _OPERATIONS[self.operator][0]

    def code(self) -> str:
        strength = self.strength
        left, right = self.left.inside(strength), self.right.inside(strength + 1)
        return f"{left}*{right}" if self.operator == "*" else f"{left} {self.operator} {right}"

    def value(self, env: Env) -> Value:
        left, right = self.left.value(env), self.right.value(env)
        if self.operator in ("//", "%") and right == 0:
            raise ProgramError("division by zero")
        return bounded(_OPERATIONS[self.operator][1](left, right))


@dataclass(frozen=True)
class Compare(Expression):
    operator: str
    left: Expression
    right: Expression
    strength = _COMPARE

    def code(self) -> str:
        return f"{self.left.inside(_COMPARE + 1)} {self.operator} {self.right.inside(_COMPARE + 1)}"

    def words(self) -> str:
        if isinstance(self.left, Binary) and self.left.operator == "%" and self.operator == "==":
            base, divisor, rest = self.left.left, self.left.right, self.right
            if divisor == Number(2) and rest in (Number(0), Number(1)):
                return f"{base.words()} is {'even' if rest == Number(0) else 'odd'}"
            if rest == Number(0):
                return f"{base.words()} is divisible by {divisor.words()}"
        return f"{self.left.words()} {_COMPARISONS[self.operator][0]} {self.right.words()}"

    def value(self, env: Env) -> Value:
        return _COMPARISONS[self.operator][1](self.left.value(env), self.right.value(env))


@dataclass(frozen=True)
class Choice(Expression):
    test: Expression
    yes: Expression
    no: Expression
    strength = _CHOICE

    def code(self) -> str:
        return f"{self.yes.inside(2)} if {self.test.inside(2)} else {self.no.inside(_CHOICE)}"

    def words(self) -> str:
        return f"{self.yes.words()} if {self.test.words()}, otherwise {self.no.words()}"

    def value(self, env: Env) -> Value:
        return (self.yes if self.test.value(env) else self.no).value(env)


@dataclass(frozen=True)
class Call(Expression):
    function: str
    arguments: tuple[Expression, ...]

    def code(self) -> str:
        return f"{self.function}({', '.join(a.code() for a in self.arguments)})"

    def words(self) -> str:
        if len(self.arguments) == 1 and self.function in ("min", "max"):
            return f"the {'smallest' if self.function == 'min' else 'largest'} of {phrase(self.arguments[0])}"
        return _CALLS[self.function][0].format(*map(phrase, self.arguments))

    def value(self, env: Env) -> Value:
        values = [a.value(env) for a in self.arguments]
        if self.function in ("min", "max") and len(values) == 1 and not values[0]:
            raise ProgramError("no smallest or largest of nothing")
        return bounded(_CALLS[self.function][1](*values))


@dataclass(frozen=True)
class Method(Expression):
    method: str
    target: Expression
    arguments: tuple[Expression, ...] = ()

    def code(self) -> str:
        return f"{self.target.inside(_ATOM)}.{self.method}({', '.join(a.code() for a in self.arguments)})"

    def words(self) -> str:
        return _METHODS[self.method][0].format(phrase(self.target), *map(phrase, self.arguments))

    def value(self, env: Env) -> Value:
        return bounded(_METHODS[self.method][1](self.target.value(env), *(a.value(env) for a in self.arguments)))


@dataclass(frozen=True)
class Slice(Expression):
    """`s[::-1]`, `s[:k]`, `s[k:]` or `s[::k]`, by the three bounds (`None`: left out)."""

    target: Expression
    start: int | None = None
    stop: int | None = None
    step: int | None = None

    def code(self) -> str:
        start, stop = ("" if b is None else str(b) for b in (self.start, self.stop))
        return f"{self.target.inside(_ATOM)}[{start}:{stop}{'' if self.step is None else f':{self.step}'}]"

    def words(self) -> str:
        target = phrase(self.target)
        if self.step == -1:
            return f"{target} reversed"
        if self.step is not None:
            return f"every {self.step}th item of {target}, starting with the first"
        return (
            f"the first {self.stop} of {target}" if self.start is None else f"{target} without the first {self.start}"
        )

    def value(self, env: Env) -> Value:
        return self.target.value(env)[self.start : self.stop : self.step]


@dataclass(frozen=True)
class Pick(Expression):
    """A list comprehension: `[item for v in source if test]`; with `test=None` all items are taken."""

    variable: str
    item: Expression
    source: Expression
    test: Expression | None = None

    def code(self) -> str:
        tail = "" if self.test is None else f" if {self.test.inside(2)}"
        return f"[{self.item.code()} for {self.variable} in {self.source.inside(2)}{tail}]"

    def words(self) -> str:
        where = "" if self.test is None else f" where {self.test.words()}"
        source = phrase(self.source)
        if self.item == Name(self.variable):
            return f"the items {self.variable} of {source}{where}"
        return f"the list of {self.item.words()} for each {self.variable} of {source}{where}"

    def value(self, env: Env) -> Value:
        chosen = []
        for item in self.source.value(env):
            inner = {**env, self.variable: item}
            if self.test is None or self.test.value(inner):
                chosen.append(self.item.value(inner))
        return chosen
