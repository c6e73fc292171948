r"""`selfplay-gym list`: every registered name with a line on what it is.

Descriptions are read from the source text of what a name stands for, so that listing imports no model, no torch.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import gymnasium as gym
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ... import agents, curricula, envs, verifiers
from ...core.errors import UnknownNameError
from ...core.registries import ALL

ISLANDS = (agents, curricula, envs, verifiers)
"""Importing these registers what the package brings."""
ENVS = "envs"
PACKAGE = __name__.partition(".")[0]

_Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def print_names(kind: str | None, console: Console) -> None:
    """Print all names of a kind, or of all kinds.

    Raises:
        UnknownNameError: no such kind.
    """
    kinds = [*ALL, ENVS]
    if kind is not None and kind not in kinds:
        raise UnknownNameError("kind", kind, kinds)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column()
    for one in kinds if kind is None else [kind]:
        if kind is None:
            if table.row_count:
                table.add_row()
            table.add_row(Text(one, "bold"))
        for name, about in names_of(one):
            table.add_row(Text(f"  {name}" if kind is None else name), Text(about))
    console.print(table)


def names_of(kind: str) -> Iterator[tuple[str, str]]:
    """The names of a kind, each with its description ("" if it has none)."""
    if kind == ENVS:
        for name, spec in sorted(gym.registry.items()):
            entry = spec.entry_point
            if isinstance(entry, str) and entry.startswith(f"{PACKAGE}."):
                tree = _source(entry.partition(":")[0])
                yield name, first_sentence(ast.get_docstring(tree) or "" if tree else "")
        return
    for name, target in ALL[kind].targets().items():
        yield f"{name}…" if name.endswith(":") else name, describe(name, target)


def describe(name: str, target: str | Callable[..., Any]) -> str:
    """One line on what a name stands for.

    That is, in this order: the opening of its module if that begins with the name, its own docstring, its row in a
    table of names in the module's docstring, nothing.
    """
    if not isinstance(target, str):
        return first_sentence(inspect.getdoc(target) or "")
    module, _, attribute = target.partition(":")
    tree = _source(module)
    if tree is None:
        return ""
    opening = ast.get_docstring(tree) or ""
    if opening.startswith(f"`{name.rstrip(':')}`: "):
        return first_sentence(opening.partition(": ")[2])
    found = _definition(tree, attribute.split("."))
    own = (found is not None and ast.get_docstring(found)) or ""
    row = re.search(rf"^ +{re.escape(name)} {{2,}}(.+)$", opening, re.M)
    return re.sub(r" {2,}", " · ", row[1].strip()) if row and not own else first_sentence(own)


def first_sentence(text: str) -> str:
    """The first sentence of a docstring on one line, beginning with a capital."""
    paragraph = " ".join(text.strip().partition("\n\n")[0].split())
    sentence = re.split(r"(?<=[.!?])\s", paragraph, maxsplit=1)[0].rstrip(":")
    return sentence[:1].upper() + sentence[1:]


def _source(module: str) -> ast.Module | None:
    """The parsed source of a module, which is not imported (its parent packages are); `None` if there is none."""
    try:
        spec = importlib.util.find_spec(module)
    except ImportError:
        return None
    if spec is None or spec.loader is None or not hasattr(spec.loader, "get_source"):
        return None
    source = spec.loader.get_source(module)
    return None if source is None else ast.parse(source)


def _definition(tree: ast.Module, path: list[str]) -> _Definition | None:
    body: list[ast.stmt] = tree.body
    found: _Definition | None = None
    for part in path:
        named = [node for node in body if isinstance(node, _Definition) and node.name == part]
        if not named:
            return None
        found = named[-1]
        body = found.body
    return found
