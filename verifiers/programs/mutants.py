"""Programs with one small fault, made from a program by editing its syntax tree.

They stand in for wrong solutions where there are none yet: to measure generated tests (`benchmarks/mutants.py`), to
weigh them, and to give the tester role something to find. The operators are the classic ones (DeMillo, Lipton and
Sayward 1978; Offutt's sufficient set) and the slips people make: off by one, wrong branch, forgotten statement.

A mutant prints line for line like `normalised(source)`, so that a line number means the same in both.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from ...core.protocols import Rng
from .code_blocks import parse

Edit: TypeAlias = tuple[str, ast.AST]
"""Operator name and replacement node."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A program with one fault.

    Attributes:
        source: the faulty program.
        line: the line of `normalised(original)` that was edited, from 1.
        operator: what was done: "arithmetic", "comparison", "constant", "delete", ...
        before, after: the edited line.
    """

    source: str
    line: int
    operator: str
    before: str
    after: str


_ARITHMETIC: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Add,),
    ast.FloorDiv: (ast.Mult, ast.Mod),
    ast.Div: (ast.Mult,),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.BitXor: (ast.BitOr,),
    ast.LShift: (ast.RShift,),
    ast.RShift: (ast.LShift,),
}
_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list", "sum": "len"}
_METHODS = {"lower": "upper", "upper": "lower", "append": "remove", "startswith": "endswith", "add": "discard"}


def normalised(source: str) -> str | None:
    """The program as the syntax tree prints it (no comments, one statement a line); `None` if it does not parse."""
    tree = parse(source)
    return None if tree is None else ast.unparse(tree)


def mutants(source: str, limit: int | None = None, rng: Rng | None = None) -> list[Mutant]:
    """All distinct mutants of a program, in source order; with `limit`, at most that many.

    Args:
        source: a program; one that does not parse has no mutants.
        limit: at most N, drawn without replacement.
        rng: what draws them; `None` takes them evenly spread over the source.
    """
    original = normalised(source)
    tree = None if original is None else parse(original)
    if original is None or tree is None:
        return []
    lines = original.split("\n")
    found: dict[str, Mutant] = {}
    for operator, line, text in _variants(tree):
        if text == original or text in found:
            continue
        after = text.split("\n")
        if len(after) == len(lines):
            found[text] = Mutant(text, line, operator, lines[line - 1].strip(), after[line - 1].strip())
    everything = sorted(found.values(), key=lambda mutant: (mutant.line, mutant.operator, mutant.after))
    if limit is None or len(everything) <= limit:
        return everything
    if rng is None:
        return [everything[i * len(everything) // limit] for i in range(limit)]
    keyed = sorted(range(len(everything)), key=[rng.random() for _ in everything].__getitem__)
    return [everything[i] for i in sorted(keyed[:limit])]


def _variants(tree: ast.Module) -> Iterator[tuple[str, int, str]]:
    """Every edit applied alone: operator, line, source. The tree is as it was after each."""
    others = _exchanges(tree)
    for parent in ast.walk(tree):
        if isinstance(parent, ast.Expr) and isinstance(parent.value, ast.Constant):
            continue  # a docstring
        for field, content in ast.iter_fields(parent):
            if isinstance(content, list):
                for index, node in enumerate(content):
                    if isinstance(node, ast.AST):
                        for operator, new in _edits(node, others):
                            content[index] = ast.copy_location(new, node)
                            yield operator, _line(node, parent), ast.unparse(tree)
                        content[index] = node
            elif isinstance(content, ast.AST):
                for operator, new in _edits(content, others):
                    setattr(parent, field, ast.copy_location(new, content))
                    yield operator, _line(content, parent), ast.unparse(tree)
                setattr(parent, field, content)


def _line(node: ast.AST, parent: ast.AST) -> int:
    return int(getattr(node, "lineno", 0) or getattr(parent, "lineno", 1))


def _exchanges(tree: ast.Module) -> dict[str, str]:
    """Every parameter and variable, and the next one in order of appearance: what somebody tired writes instead."""
    names = [
        node.arg if isinstance(node, ast.arg) else node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.arg) or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    ]
    distinct = list(dict.fromkeys(names))
    return dict(zip(distinct, distinct[1:] + distinct[:1], strict=True)) if len(distinct) > 1 else {}


def _edits(node: ast.AST, others: dict[str, str]) -> Iterator[Edit]:
    """Replacements for one node; `others` says which names are mistaken for which."""
    match node:
        case ast.BinOp(left, op, right):
            for other in _ARITHMETIC.get(type(op), ()):
                yield "arithmetic", ast.BinOp(left, other(), right)
            yield "operand", left
            yield "operand", right
        case ast.AugAssign(target, op, value):
            for other in _ARITHMETIC.get(type(op), ()):
                yield "arithmetic", ast.AugAssign(target, other(), value)
            yield "delete", ast.Pass()
        case ast.Compare(left, [op, *ops], comparators):
            for swap in _COMPARISONS.get(type(op), ()):
                yield "comparison", ast.Compare(left, [swap(), *ops], comparators)
        case ast.BoolOp(op, values):
            yield "logic", ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
            yield from (("operand", value) for value in values)
        case ast.UnaryOp(ast.Not() | ast.USub(), operand):
            yield "sign", operand
        case ast.Constant():
            yield from (("constant", ast.Constant(value)) for value in _near(node.value))
        case ast.IfExp(test, body, orelse):
            yield "branch", ast.IfExp(test, orelse, body)
        case ast.Slice(lower, upper, step) if step is not None:
            yield "slice", ast.Slice(lower, upper, None)
        case ast.Name(name, ctx) if name in _NAMES:
            yield "call", ast.Name(_NAMES[name], ctx)
        case ast.Name(name, ast.Load()) if name in others:
            yield "name", ast.Name(others[name], ast.Load())
        case ast.Attribute(value, name, ctx) if name in _METHODS:
            yield "call", ast.Attribute(value, _METHODS[name], ctx)
        case ast.Call(ast.Name("range"), args) if args:
            last = ast.BinOp(args[-1], ast.Sub(), ast.Constant(1))
            yield "bound", ast.Call(node.func, [*args[:-1], last], node.keywords)
        case ast.Subscript(value, index, ctx) if not isinstance(index, ast.Slice | ast.Constant | ast.Tuple):
            yield "bound", ast.Subscript(value, ast.BinOp(index, ast.Sub(), ast.Constant(1)), ctx)
        case ast.If(test, body, orelse):
            yield "branch", ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
            yield from (("branch", ast.If(ast.Constant(always), body, orelse)) for always in (True, False))
        case ast.For(target, iterable, body, orelse):
            late = ast.Subscript(ast.Call(ast.Name("list"), [iterable], []), ast.Slice(ast.Constant(1)))
            yield "loop", ast.For(target, late, body, orelse)
        case ast.Expr(ast.Call()):
            yield "delete", ast.Pass()
        case ast.Break():
            yield "jump", ast.Pass()
        case ast.Continue():
            yield "jump", ast.Break()
        case ast.Return(value) if value is not None and not isinstance(value, ast.Constant):
            yield "return", ast.Return(ast.Constant(None))
        case ast.Assign(targets) if not isinstance(targets[0], ast.Name):
            yield "delete", ast.Pass()
        case ast.Call(func, [first, second], []):
            yield "operand", ast.Call(func, [second, first], [])
        case ast.comprehension(target, iterable, [_, *_]):
            yield "branch", ast.comprehension(target, iterable, [], 0)


def _near(value: object) -> tuple[bool | int | float | str, ...]:
    """Constants that are easily mistaken for this one."""
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return (value + 1, value - 1) if value else (1, -1)
    if isinstance(value, float):
        return (value + 1.0, -value) if value else (1.0,)
    if isinstance(value, str):
        return (value + "x",) if value == "" else ("", value + value[-1])
    return ()
