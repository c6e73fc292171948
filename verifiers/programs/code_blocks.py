"""Where the program stands in an attempt. Reading only: nothing here runs what it reads."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

MAX_CHARACTERS = 20_000
"""Longer programs are not read: parsing costs memory in our own process."""

MAX_TEXT = 100_000
"""Of a longer attempt only the last characters are read."""

_FENCE = re.compile(r"[ \t]*+(`{3,8}|~{3,8})[ \t]*+([\w+-]*+)")
_CODE_LINE = re.compile(r"^(?:def |class |import |from |@|async def |[A-Za-z_]\w*\s*=)", re.M)
_PYTHON = ("", "python", "py", "python3", "Python")
_TRIES, _MOST_TRIED = 40, 10 * MAX_CHARACTERS
"""How often, and how many characters together, text around a program is parsed to find where the program ends."""


def parse(code: str) -> ast.Module | None:
    """The syntax tree, or `None` if the code does not parse or is too long or too deep."""
    if len(code) > MAX_CHARACTERS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in a model's string is not our warning
            return ast.parse(code)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def syntax_error(code: str) -> tuple[int | None, str]:
    """Line and message of what keeps the code from parsing; (`None`, "") if it parses."""
    if len(code) > MAX_CHARACTERS:
        return None, f"longer than {MAX_CHARACTERS} characters"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(code)
    except SyntaxError as error:
        return error.lineno, error.msg
    except (ValueError, MemoryError, RecursionError) as error:
        return None, type(error).__name__
    return None, ""


def find_code(text: str, function: str | None = None) -> str | None:
    """The program an attempt offers, or `None`.

    The last Python block that defines `function`, else the last Python block; without blocks, the text itself if it is
    a program, or the part of it that starts like one and parses.
    """
    text = str(text[-MAX_TEXT:])
    blocks = [block for language, block in _blocks(text) if language in _PYTHON]
    if blocks:
        defining = [block for block in blocks if function and function in block and function in defined_names(block)]
        return _dedented((defining or blocks)[-1])
    return _bare_code(text)


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Language and content of each fenced block; the last one may have no end."""
    lines = text.split("\n")
    at = 0
    while at < len(lines) - 1:
        opening = _FENCE.match(lines[at])
        at += 1
        if opening is None:
            continue
        start = at
        while at < len(lines) and lines[at].strip(" \t") != opening[1]:
            at += 1
        yield opening[2], "\n".join([*lines[start:at], ""] if at < len(lines) else lines[start:])
        at += 1


def defined_names(code: str) -> list[str]:
    """Names a program defines at its top level, in order: functions, classes, assignments."""
    tree = parse(_dedented(code))
    names: list[str] = []
    for node in tree.body if tree is not None else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign):
            names.extend(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.append(node.target.id)
    return names


def parameters(code: str, function: str) -> list[str] | None:
    """Names of the positional parameters of a function; `None` if it is not defined as a `def` or a lambda.

    A starred parameter is given as "*name".
    """
    tree = parse(code)
    for node in reversed(tree.body if tree is not None else []):
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return _positional(node.args)
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Lambda)
            and any(isinstance(t, ast.Name) and t.id == function for t in node.targets)
        ):
            return _positional(node.value.args)
    return None


def _positional(arguments: ast.arguments) -> list[str]:
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
    return names if arguments.vararg is None else [*names, f"*{arguments.vararg.arg}"]


def _bare_code(text: str) -> str | None:
    first = _CODE_LINE.search(text)
    if first is None:
        return None
    lines = text[first.start() :][:MAX_CHARACTERS].rstrip().split("\n")
    tried = 0
    for _ in range(_TRIES):
        code = "\n".join(lines)
        tried += len(code)
        if not lines or tried > _MOST_TRIED:
            return None
        if parse(code) is not None:
            return code
        lines.pop()
    return None


def _dedented(block: str) -> str:
    """A block inside a list item is indented as a whole; the indentation of its first line goes."""
    first = next((line for line in block.split("\n") if line.strip()), "")
    margin = first[: len(first) - len(first.lstrip())]
    if not margin:
        return block.rstrip("\n")
    return "\n".join(line.removeprefix(margin) for line in block.split("\n")).rstrip("\n")
