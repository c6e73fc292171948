"""Every setting with its path, type, default and sentence; the sentences are those of the source."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import itertools
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from ...core.registries import env_id
from . import tree
from .checks import hints, readable
from .config import RunConfig
from .turn_games import PLAYER


class Setting(NamedTuple):
    """One setting: where it stands, what it takes, what it is if nobody sets it, and what it means."""

    path: str
    type: str
    default: Any
    about: str


def settings(part: str = "") -> Iterator[Setting]:
    """All settings, or those whose path begins with `part`; roles stand with their defaults, those of turn games only
    where they are asked for."""
    config = RunConfig()
    if part.startswith(f"roles.{PLAYER}"):
        config = RunConfig.from_dict({"env": env_id("kuhn")})
    defaults = dict(tree.flatten(tree.as_dict(config)))
    for path, owner, name in tree.paths(RunConfig, rows={"roles": config.roles}):
        if path.startswith(part):
            default = defaults[path] if path in defaults else getattr(owner(), name)  # of a table without rows
            yield Setting(path, readable(hints(owner)[name]), default, sentence(owner, name))


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
    for field, text in itertools.pairwise(body):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(about))):
                found[name] = " ".join(about.split())
    return found


def sentence(kind: type, name: str) -> str:
    """What a field means; "" where nothing is said."""
    assert dataclasses.is_dataclass(kind)
    return sentences(kind).get(name, "")
