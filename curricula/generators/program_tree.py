"""Small programs as trees: printed as Python, described in English, and run by our own interpreter.

The generator never needs `exec`: the value of a program it wrote is computed by walking the tree it was printed from.
`tests/curricula/test_programs.py` holds the printed text and the interpreter against each other.

    Program     name, parameters, body -> source(), specification(), run(arguments)
    statement   Let  Grow (+=)  Push (append)  Each (for)  When (if)  Loop (while)  Give (return)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .program_expressions import Binary, Env, Expression, Name, ProgramError, Value, bounded

MAX_STEPS = 5_000


class Statement:
    """A statement; `run` changes the environment and returns whether the program has returned."""

    def lines(self) -> list[str]:
        raise NotImplementedError

    def words(self) -> str:
        raise NotImplementedError

    def run(self, env: Env, clock: Clock) -> bool:
        raise NotImplementedError


class Clock:
    """Counts statements, so that a loop that does not end is noticed."""

    def __init__(self) -> None:
        self.left = MAX_STEPS

    def tick(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise ProgramError("too many steps")


RESULT = "return"
"""Where the interpreter keeps the returned value; no variable can have this name."""


def run_block(body: Sequence[Statement], env: Env, clock: Clock) -> bool:
    """Run statements until one returns."""
    for statement in body:
        clock.tick()
        if statement.run(env, clock):
            return True
    return False


def indented(body: Sequence[Statement]) -> list[str]:
    return ["    " + line for statement in body for line in statement.lines()]


def in_words(body: Sequence[Statement]) -> str:
    return ", then ".join(statement.words() for statement in body)


@dataclass(frozen=True)
class Let(Statement):
    name: str
    to: Expression

    def lines(self) -> list[str]:
        return [f"{self.name} = {self.to.code()}"]

    def words(self) -> str:
        return f"set {self.name} to {self.to.words()}"

    def run(self, env: Env, clock: Clock) -> bool:
        env[self.name] = self.to.value(env)
        return False


@dataclass(frozen=True)
class Grow(Statement):
    """`name += by`, likewise with `-=`, `*=` and `//=`."""

    name: str
    operator: str
    by: Expression

    def lines(self) -> list[str]:
        return [f"{self.name} {self.operator}= {self.by.code()}"]

    def words(self) -> str:
        by = self.by.words()
        verbs = {"+": f"add {by} to {self.name}", "-": f"subtract {by} from {self.name}"}
        verbs |= {"*": f"multiply {self.name} by {by}", "//": f"divide {self.name} by {by}, rounding down"}
        return verbs[self.operator]

    def run(self, env: Env, clock: Clock) -> bool:
        env[self.name] = Binary(self.operator, Name(self.name), self.by).value(env)
        return False


@dataclass(frozen=True)
class Push(Statement):
    """`name.append(item)`."""

    name: str
    item: Expression

    def lines(self) -> list[str]:
        return [f"{self.name}.append({self.item.code()})"]

    def words(self) -> str:
        return f"append {self.item.words()} to {self.name}"

    def run(self, env: Env, clock: Clock) -> bool:
        env[self.name] = bounded([*env[self.name], self.item.value(env)])
        return False


@dataclass(frozen=True)
class Each(Statement):
    variable: str
    source: Expression
    body: tuple[Statement, ...]

    def lines(self) -> list[str]:
        return [f"for {self.variable} in {self.source.code()}:", *indented(self.body)]

    def words(self) -> str:
        return f"for each {self.variable} of {self.source.words()}, in order: ({in_words(self.body)})"

    def run(self, env: Env, clock: Clock) -> bool:
        for item in list(self.source.value(env)):
            env[self.variable] = item
            if run_block(self.body, env, clock):
                return True
        return False


@dataclass(frozen=True)
class When(Statement):
    test: Expression
    yes: tuple[Statement, ...]
    no: tuple[Statement, ...] = ()

    def lines(self) -> list[str]:
        tail = ["else:", *indented(self.no)] if self.no else []
        return [f"if {self.test.code()}:", *indented(self.yes), *tail]

    def words(self) -> str:
        return f"if {self.test.words()}, {in_words(self.yes)}" + (f"; otherwise {in_words(self.no)}" if self.no else "")

    def run(self, env: Env, clock: Clock) -> bool:
        return run_block(self.yes if self.test.value(env) else self.no, env, clock)


@dataclass(frozen=True)
class Loop(Statement):
    test: Expression
    body: tuple[Statement, ...]

    def lines(self) -> list[str]:
        return [f"while {self.test.code()}:", *indented(self.body)]

    def words(self) -> str:
        return f"as long as {self.test.words()}, repeat: ({in_words(self.body)})"

    def run(self, env: Env, clock: Clock) -> bool:
        while self.test.value(env):
            clock.tick()
            if run_block(self.body, env, clock):
                return True
        return False


@dataclass(frozen=True)
class Give(Statement):
    """`return result`."""

    result: Expression

    def lines(self) -> list[str]:
        return [f"return {self.result.code()}"]

    def words(self) -> str:
        return f"return {self.result.words()}"

    def run(self, env: Env, clock: Clock) -> bool:
        env[RESULT] = self.result.value(env)
        return True


@dataclass(frozen=True)
class Program:
    """A function of one to three parameters.

    Attributes:
        name: the function's name.
        parameters: (name, type) pairs; types are "int", "str" and "list[int]".
        returns: the type of the result.
        body: statements; every path ends in a `Give`.
    """

    name: str
    parameters: tuple[tuple[str, str], ...]
    returns: str
    body: tuple[Statement, ...]

    def signature(self) -> str:
        """`f(x: int, xs: list[int]) -> int`"""
        return f"{self.name}({', '.join(f'{n}: {t}' for n, t in self.parameters)}) -> {self.returns}"

    def source(self) -> str:
        """The program as a `def`."""
        head = f"def {self.name}({', '.join(n for n, _ in self.parameters)}):"
        return "\n".join([head, *indented(self.body)])

    def one_line(self) -> str:
        """`f=lambda x: 3*x+2`, for a body that is one `return`; without spaces around arithmetic.

        Raises:
            ValueError: the body is longer than that.
        """
        if len(self.body) != 1 or not isinstance(self.body[0], Give):
            raise ValueError(f"{self.name} has {len(self.body)} statements; a lambda holds one expression")
        code = self.body[0].result.code()
        for sign in ("+", "-", "//", "%", "<=", ">=", "==", "!=", "<", ">"):
            code = code.replace(f" {sign} ", sign)
        return f"{self.name}=lambda {','.join(n for n, _ in self.parameters)}: {code.replace(', ', ',')}"

    def specification(self) -> str:
        """What the program does, in English sentences."""
        return " ".join(f"{s[0].upper()}{s[1:]}." for s in (statement.words() for statement in self.body))

    def run(self, arguments: Sequence[Value]) -> Value:
        """The returned value.

        Raises:
            ProgramError: the program has none on these arguments.
        """
        env: Env = {name: value for (name, _), value in zip(self.parameters, arguments, strict=True)}
        if not run_block(self.body, env, Clock()):
            raise ProgramError("no return")
        return bounded(env[RESULT])
