"""Random small programs of a wanted level, and inputs for them.

Level in [0, 1] is five bands; inside a band the number of operations grows:

    level   0 … .2    .2 … .4             .4 … .6                    .6 … .8              .8 … 1
    forms   formula   formula, branch,    branch, fold, list step,   loop with a total,   loop with a branch and a
                      text step           two text steps             digits, list built   second argument, two stages

The `short` style keeps to one expression over small integers, which a model of a million parameters that reads
characters can learn; its four bands are listed at `short_program`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TypeAlias

from ...core.protocols import Rng
from .draws import integer
from .program_expressions import (
    Binary,
    Call,
    Choice,
    Compare,
    Empty,
    Expression,
    Method,
    Name,
    Number,
    Pick,
    ProgramError,
    Slice,
    Text,
    Value,
)
from .program_tree import Each, Give, Grow, Let, Loop, Program, Push, Statement, When

Form: TypeAlias = Callable[[float, Rng], Program]

X, Y, N, K, S, XS, V, TOTAL, OUT = (Name(n) for n in ("x", "y", "n", "k", "s", "xs", "v", "total", "out"))
INT, STR, INTS = "int", "str", "list[int]"
WORDS = ("apple", "Banana", "cocoa", "data", "Eleven", "radar", "Python", "noon", "abba", "queue", "level", "Tree")
LETTERS = "abcenort"
TRIES = 200
PROBES = 10
"""Inputs a program is tried on before it is accepted: all must have a value, and the values must differ."""
COMMONEST = 0.6
"""Largest share of the probes that may have the same value, so that a guess is seldom right."""


def draw_program(level: float, rng: Rng) -> tuple[Program, list[tuple[Value, ...]]]:
    """A program of the level in [0, 1] and `PROBES` distinct inputs on which it has values that are not all alike."""
    return _accepted(lambda: _pick(FORMS[min(4, int(level * 5))], rng)(level, rng), level, rng)


def draw_short(level: float, rng: Rng) -> tuple[Program, list[tuple[Value, ...]]]:
    """The same for `short_program`; inputs are integers from 0 to 9, up to 20 in the lowest band."""
    return _accepted(lambda: short_program(level, rng), level, rng, top=20 if level < 0.25 else 9)


def _accepted(
    draw: Callable[[], Program], level: float, rng: Rng, top: int | None = None
) -> tuple[Program, list[tuple[Value, ...]]]:
    for _ in range(TRIES):
        program = draw()
        inputs = _distinct_inputs(program, level, rng, top)
        try:
            seen = Counter(repr(program.run(arguments)) for arguments in inputs)
        except ProgramError:
            continue
        if len(inputs) == PROBES and max(seen.values()) <= COMMONEST * PROBES:
            return program, inputs
    raise ProgramError(f"no program with differing values in {TRIES} draws at level {level}")


def _distinct_inputs(program: Program, level: float, rng: Rng, top: int | None) -> list[tuple[Value, ...]]:
    found: dict[str, tuple[Value, ...]] = {}
    for _ in range(4 * PROBES):
        arguments = tuple(draw_value(name, kind, level, rng, top) for name, kind in program.parameters)
        found.setdefault(repr(arguments), arguments)
        if len(found) == PROBES:
            break
    return list(found.values())


def draw_value(name: str, kind: str, level: float, rng: Rng, top: int | None = None) -> Value:
    """An argument: `n` is a natural number, `k` a small positive one, other integers grow with the level."""
    if kind == INT:
        if top is not None:
            return integer(0, top, rng)
        if name == "n":
            return integer(0, 9999, rng)
        if name == "k":
            return integer(1, 5, rng)
        return integer(-9 if level >= 0.3 else 0, 15 + int(20 * level), rng)
    if kind == STR:
        return _pick(WORDS, rng) if rng.random() < 0.6 else _word(integer(1, 7, rng), rng)
    return [
        integer(-9 if level >= 0.5 else 0, 9 + int(10 * level), rng) for _ in range(integer(2, 4 + int(4 * level), rng))
    ]


def _word(length: int, rng: Rng) -> str:
    return "".join(LETTERS[int(rng.random() * len(LETTERS))] for _ in range(length))


def _pick(choices: tuple[Value, ...] | list[Value], rng: Rng) -> Value:
    return choices[int(rng.random() * len(choices))]


def _number(low: int, high: int, rng: Rng) -> Number:
    return Number(integer(low, high, rng))


# --- short style -----------------------------------------------------------------------------------------------------


def short_program(level: float, rng: Rng) -> Program:
    """One expression, printed as a lambda.

    level  0 … ¼   x+7    x-7    7-x    3*x                              numbers up to 20, factors up to 9
           ¼ … ½   3*x+2    3*x-2    3*(x+2)    x+7-2
           ½ … ¾   max(3*x,7)    x//3+2    x%3+2    abs(x-7)*2    3*(x-2)+7
           ¾ … 1   3*x+2*y    x*x-3*x    3*x+2 if x>4 else x-7    3*x if x%2==0 else x+7
    """
    a, b, c = _number(2, 9, rng), _number(1, 9, rng), _number(1, 9, rng)
    wide = _number(1, 20, rng)
    ax = Binary("*", a, X)
    x_minus_b = Binary("-", X, b)
    bands: tuple[tuple[Expression, ...], ...] = (
        (Binary("+", X, wide), Binary("-", X, wide), Binary("-", wide, X), ax),
        (Binary("+", ax, b), Binary("-", ax, b), Binary("*", a, Binary("+", X, b)), Binary("-", Binary("+", X, b), c)),
        (
            Call(_pick(("max", "min"), rng), (ax, wide)),
            Binary("+", Binary("//", X, a), b),
            Binary("+", Binary("%", X, a), b),
            Binary("*", Call("abs", (x_minus_b,)), a),
            Binary("+", Binary("*", a, x_minus_b), c),
        ),
        (
            Binary(_pick(("+", "-"), rng), ax, Binary("*", b, Y)),
            Binary("-", Binary("*", X, X), ax),
            Choice(Compare(">", X, c), Binary("+", ax, b), x_minus_b),
            Choice(Compare("==", Binary("%", X, Number(2)), Number(0)), ax, Binary("+", X, b)),
        ),
    )
    expression = _pick(bands[min(3, int(level * 4))], rng)
    names = ("x", "y") if "y" in expression.code() else ("x",)
    return Program("f", tuple((n, INT) for n in names), INT, (Give(expression),))


# --- forms of the full style -----------------------------------------------------------------------------------------


def _arithmetic(size: int, leaves: tuple[Expression, ...], rng: Rng, constant: bool = False) -> Expression:
    """An integer expression with `size` operators over the leaves and small constants.

    Without `constant` every part that could be computed beforehand is avoided: no `2*3`, no `6 % 4`.
    """
    if size == 0:
        return _number(1, 9, rng) if constant and rng.random() < 0.7 else _pick(leaves, rng)
    draw = rng.random()
    if draw < 0.12:
        return Binary(_pick(("//", "%"), rng), _arithmetic(size - 1, leaves, rng), _number(2, 7, rng))
    if draw < 0.3:
        return Binary("*", _number(2, 9, rng), _arithmetic(size - 1, leaves, rng))
    if draw < 0.4 and size > 1:
        rest = _arithmetic(size - 1, leaves, rng)
        return Call(_pick(("min", "max"), rng), (rest, _number(1, 9, rng))) if draw < 0.36 else Call("abs", (rest,))
    left = int(rng.random() * size)
    first = _arithmetic(left, leaves, rng)
    second = _arithmetic(size - 1 - left, leaves, rng, constant=left != size - 1 - left or left == 0)
    if first == second:
        return Binary("+", first, second)
    parts = (first, second) if rng.random() < 0.7 else (second, first)
    return Binary(_pick(("+", "-"), rng), *parts)


def _test(value: Expression, rng: Rng) -> Expression:
    """A condition on an integer."""
    if rng.random() < 0.5:
        divisor = integer(2, 4, rng)
        return Compare("==", Binary("%", value, Number(divisor)), Number(0 if divisor > 2 or rng.random() < 0.5 else 1))
    return Compare(_pick(("<", ">", "<=", ">="), rng), value, _number(0, 9, rng))


def _size(level: float, low: int, high: int) -> int:
    """Operators of a form: grows from low to high inside each band of the level."""
    return low + round((high - low) * (level * 5 % 1))


def _formula(level: float, rng: Rng) -> Program:
    names = (("x", INT),) if level < 0.2 or rng.random() < 0.4 else (("x", INT), ("y", INT))
    size = _size(level, 1 if level < 0.2 else 2, 2 if level < 0.2 else 4)
    leaves = tuple(Name(n) for n, _ in names)
    return Program("f", names, INT, (Give(_arithmetic(size, leaves, rng)),))


def _branch(level: float, rng: Rng) -> Program:
    def some() -> Expression:
        return _arithmetic(_size(level, 1, 2), (X,), rng)

    body: tuple[Statement, ...] = (When(_test(X, rng), (Give(some()),)), Give(some()))
    if level >= 0.4:
        body = (When(_test(X, rng), (Give(some()),)), *body)
    return Program("f", (("x", INT),), INT, body)


def _list_source(steps: int, rng: Rng) -> Expression:
    """A list made of `xs` in a number of steps."""
    source: Expression = XS
    for _ in range(steps):
        draw = rng.random() * (1 if isinstance(source, Pick) or source is XS else 0.7)
        if draw < 0.35:
            source = Pick("v", V, source, _test(V, rng))
        elif draw < 0.7:
            source = Pick("v", _arithmetic(1, (V,), rng), source)
        elif draw < 0.8:
            source = Call("sorted", (source,))
        elif draw < 0.9:
            source = Slice(source, step=_pick((-1, 2), rng))
        else:
            source = Slice(source, start=1) if rng.random() < 0.5 else Slice(source, stop=integer(1, 3, rng))
    return source


def _fold(level: float, rng: Rng) -> Program:
    result: Expression = Call(_pick(("sum", "len"), rng), (_list_source(_size(level, 1, 2), rng),))
    if rng.random() < 0.3:
        result = Binary("-", Call("max", (XS,)), Call("min", (XS,)))
    return Program("f", (("xs", INTS),), INT, (Give(result),))


def _list_step(level: float, rng: Rng) -> Program:
    return Program("f", (("xs", INTS),), INTS, (Give(_list_source(_size(level, 1, 3), rng)),))


def _text(level: float, rng: Rng) -> Program:
    result: Expression = S
    for _ in range(1 if level < 0.4 else 2):
        draw = rng.random()
        if draw < 0.3:
            result = Method(_pick(("upper", "swapcase"), rng), result)
        elif draw < 0.55:
            result = Slice(result, step=_pick((-1, 2), rng))
        elif draw < 0.75:
            result = Method("replace", result, (Text(_word(1, rng)), Text(_pick(("-", "o", ""), rng))))
        else:
            result = Slice(result, start=1) if rng.random() < 0.5 else Slice(result, stop=integer(2, 4, rng))
    if rng.random() < 0.3:
        result = Binary("+", result, S)
    elif rng.random() < 0.2:
        return Program("f", (("s", STR),), INT, (Give(Method("count", S, (Text(_word(1, rng)),))),))
    return Program("f", (("s", STR),), STR, (Give(result),))


def _total(level: float, rng: Rng) -> Program:
    step = Grow("total", _pick(("+", "-"), rng), _arithmetic(1, (V,), rng))
    inner: tuple[Statement, ...] = (When(_test(V, rng), (step,)),) if rng.random() < 0.5 else (step,)
    body = (Let("total", _number(0, 5, rng)), Each("v", XS, inner), Give(TOTAL))
    return Program("f", (("xs", INTS),), INT, body)


def _branching_total(level: float, rng: Rng) -> Program:
    yes = Grow("total", "+", _arithmetic(_size(level, 1, 2), (V, K), rng))
    no = Grow("total", _pick(("-", "+", "*"), rng), _pick((K, V, Number(2)), rng))
    loop = Each("v", XS, (When(_test(V, rng), (yes,), (no,)),))
    result = Binary(_pick(("%", "//", "+"), rng), TOTAL, Binary("+", K, _number(2, 9, rng)))
    return Program("f", (("xs", INTS), ("k", INT)), INT, (Let("total", _number(0, 5, rng)), loop, Give(result)))


def _digits(level: float, rng: Rng) -> Program:
    digit = Binary("%", N, Number(10))
    step: Statement = Grow("total", "+", _arithmetic(int(rng.random() * 2), (digit,), rng))
    if level >= 0.8 or rng.random() < 0.3:
        step = When(_test(digit, rng), (step,))
    loop = Loop(Compare(">", N, Number(0)), (step, Grow("n", "//", Number(10))))
    return Program("f", (("n", INT),), INT, (Let("total", Number(0)), loop, Give(TOTAL)))


def _built(level: float, rng: Rng) -> Program:
    push: Statement = Push("out", _arithmetic(1, (TOTAL,), rng))
    if rng.random() < 0.5:
        push = When(_test(V, rng), (push,))
    loop = Each("v", XS, (Grow("total", "+", _arithmetic(int(rng.random() * 2), (V,), rng)), push))
    return Program("f", (("xs", INTS),), INTS, (Let("out", Empty()), Let("total", Number(0)), loop, Give(OUT)))


def _two_stages(level: float, rng: Rng) -> Program:
    first = Let("out", _list_source(_size(level, 1, 2), rng))
    second = Each("v", OUT, (When(_test(V, rng), (Grow("total", "+", _arithmetic(1, (V, K), rng)),)),))
    result = Choice(_test(TOTAL, rng), TOTAL, Binary("-", K, TOTAL))
    body = (first, Let("total", K), second, Give(result))
    return Program("f", (("xs", INTS), ("k", INT)), INT, body)


FORMS: tuple[tuple[Form, ...], ...] = (
    (_formula,),
    (_formula, _formula, _branch, _text),
    (_branch, _fold, _list_step, _text),
    (_total, _digits, _built, _list_step),
    (_branching_total, _digits, _built, _two_stages),
)
