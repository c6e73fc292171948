"""Every setting with its path, type, default and sentence; the sentences are read from the source, as people read them."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from . import tree
from .checks import hints, readable
from .config import RunConfig


class Setting(NamedTuple):
    """One setting: where it stands, what it takes, what it is if nobody sets it, and what it means."""

    path: str
    type: str
    default: Any
    about: str


def settings(part: str = "") -> Iterator[Setting]:
    """All settings, or those whose path begins with `part`; roles stand with their defaults in the preset `tiny`."""
    config = RunConfig()
    defaults = dict(tree.flatten(tree.as_dict(config)))
    for path, owner, name in tree.paths(RunConfig, rows={"roles": config.roles}):
        if path.startswith(part):
            yield Setting(path, readable(hints(owner)[name]), defaults.get(path), sentence(owner, name))


@cache
def sentences(kind: type) -> dict[str, str]:
    """The text under each field of a dataclass, on one line."""
    module = importlib.import_module(kind.__module__)
    body = next(
        node.body
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.ClassDef) and node.name == kind.__name__
    )
    found = {}
    for field, text in zip(body, body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            if isinstance(text.value, ast.Constant) and isinstance(text.value.value, str):
                found[field.target.id] = " ".join(text.value.value.split())
    return found


def sentence(kind: type, name: str) -> str:
    """What a field means; "" where nothing is said."""
    assert dataclasses.is_dataclass(kind)
    return sentences(kind).get(name, "")
