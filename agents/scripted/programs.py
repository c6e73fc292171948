"""A solver of known skill for the code game: reads small functions in its prompt and computes what they return.

It walks the syntax tree of the function: `return`, `if`, integer arithmetic, comparisons, `x if … else …`, `abs`,
`min`, `max`. That covers the one-line questions and the two lowest levels of the others; what it cannot read, it
guesses.
Nothing is executed, and every value and every walk is bounded.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence

from ...core.errors import ConfigError
from ...core.protocols import Rng
from .math_agents import ScriptedAgent, boxed

LARGEST = 10**12
LONGEST = 2_000
HARDEST = 6
"""Operators of a function at difficulty 1."""

_BINARY: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARE: Mapping[type[ast.cmpop], Callable[[int, int], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_CALLS: Mapping[str, Callable[..., int]] = {"abs": abs, "min": min, "max": max}
_SHORT = re.compile(r"(\w+)=(lambda [\w,]*:.+)\. \1\((.*)\)=\?")
_BLOCK = re.compile(r"```python\n(def (\w+)\(.*?)\n```.*\b\2\(([^()]*)\)", re.S)


class CoderAgent(ScriptedAgent):
    """Right with a known probability on functions it can read; wrong answers scatter around the right one.

    Args:
        accuracy: probability of a right answer whatever the function, in [0, 1]; exclusive with `skill`.
        skill: in [0, 1]: the difficulty answered right with probability ½, difficulty being operators / 6.
        width: how gradually skill fades, > 0.
    """

    name = "coder"

    def __init__(self, accuracy: float | None = None, *, skill: float | None = None, width: float = 0.15) -> None:
        if accuracy is not None and (skill is not None or not 0.0 <= accuracy <= 1.0):
            raise ConfigError(f"coder takes accuracy in [0, 1] or skill, got {accuracy!r} and {skill!r}")
        if width <= 0:
            raise ConfigError(f"coder needs width > 0, got {width!r}")
        self.accuracy, self.width = accuracy, width
        self.skill = 0.5 if skill is None else skill

    def probability(self, operators: int) -> float:
        """Chance of a right answer about a function with that many operators."""
        if self.accuracy is not None:
            return self.accuracy
        return 1.0 / (1.0 + math.exp((operators / HARDEST - self.skill) / self.width))

    def complete(self, prompt: str, rng: Rng) -> str:
        found = returned(prompt)
        if found is None:
            return boxed(str(int(rng.random() * 100)))
        value, operators = found
        if rng.random() < self.probability(operators):
            return boxed(str(value))
        return boxed(str(value + (1 + int(rng.random() * 9)) * (1 if rng.random() < 0.5 else -1)))

    def guessed(self, prompts: Sequence[str]) -> list[bool]:
        """Which answers have nothing to do with the question, as its function cannot be read."""
        return [returned(prompt) is None for prompt in prompts]


def returned(prompt: str) -> tuple[int, int] | None:
    """What the function in a deduction prompt returns, and how many operators it has; `None` if it cannot be read."""
    if len(prompt) > LONGEST:
        return None
    short, block = _SHORT.search(prompt), _BLOCK.search(prompt)
    source, call = (short[2], short[3]) if short else (block[1], block[3]) if block else ("", "")
    value: int | None
    try:
        tree = ast.parse(source)
        arguments = [int(argument) for argument in call.split(",")]
        match tree.body:
            case [ast.Expr(ast.Lambda(args, body))]:
                value = _value(body, _names(args, arguments))
            case [ast.FunctionDef(args=args, body=statements)]:
                value = _run(statements, _names(args, arguments))
            case _:
                return None
    except (SyntaxError, ValueError, KeyError, TypeError, ZeroDivisionError, RecursionError, MemoryError):
        return None
    operators = sum(isinstance(node, ast.BinOp | ast.Compare | ast.Call) for node in ast.walk(tree))
    return None if value is None else (value, operators)


def _names(args: ast.arguments, values: list[int]) -> dict[str, int]:
    return dict(zip((a.arg for a in args.args), values, strict=True))


def _run(statements: list[ast.stmt], names: dict[str, int]) -> int | None:
    for statement in statements:
        match statement:
            case ast.Return(ast.expr() as expression):
                return _value(expression, names)
            case ast.If(test, yes, no):
                found = _run(yes if _value(test, names) else no, names)
                if found is not None:
                    return found
            case _:
                raise ValueError("a statement that is not read")
    return None


def _value(node: ast.expr, names: dict[str, int]) -> int:
    match node:
        case ast.Constant(int() as number):
            return number
        case ast.Name(name):
            return names[name]
        case ast.UnaryOp(ast.USub(), inner):
            return -_value(inner, names)
        case ast.IfExp(test, yes, no):
            return _value(yes if _value(test, names) else no, names)
        case ast.Compare(left, [sign], [right]):
            return int(_COMPARE[type(sign)](_value(left, names), _value(right, names)))
        case ast.Call(ast.Name(function), arguments):
            return _CALLS[function](*(_value(argument, names) for argument in arguments))
        case ast.BinOp(left, sign, right):
            value = _BINARY[type(sign)](_value(left, names), _value(right, names))
            if abs(value) > LARGEST:
                raise ValueError("a value out of bounds")
            return value
    raise ValueError("an expression that is not read")
