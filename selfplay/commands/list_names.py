r"""`selfplay-gym list`: every name that the command line takes, with a line on what it is.

Descriptions are read from the source text of what a name stands for, so that listing imports no model, no torch.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import itertools
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import gymnasium as gym
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from ... import agents, curricula, envs, verifiers
from ...core.errors import UnknownNameError
from ...core.registries import ALL
from ...envs.game.domains import find_domain
from ..bench.resolve_agent import MODELS
from ..exams.suites import describe_suites
from ..pages.terminal_table import Cell, TerminalTable
from ..settings import describe as settings_of
from ..settings.presets import PRESETS

REGISTERING = (agents, curricula, envs, verifiers)
"""Importing these registers what the package brings."""
ENVS, PRESETS_KIND, SUITES, SETTINGS = "envs", "presets", "suites", "settings"
KINDS = (*ALL, ENVS, PRESETS_KIND, SUITES)
"""What `list` shows by itself; the settings are longer than all of it, and shown when asked for."""
ANSWER_REWARDS = {
    "solver: label": "Whether an answer is the label; any verifier may stand in its place.",
    "solver: efficiency": "Term: how short a right answer is beside the others.",
    "solver: consistency": "Term: how far the steps of a right answer agree with those of the others.",
    "solver: confidence": "Mean log-probability of the tokens, without labels.",
    "solver: neg-entropy": "Log-probability of the whole answer, without labels.",
}
"""Rewards of whoever answers (`roles/answer_rewards.py`), which the registry of challengers' rewards does not have."""
PACKAGE = __name__.partition(".")[0]

_Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def print_names(kind: str | None, console: Console) -> None:
    """Print all names of a kind, or of all kinds but the settings.

    Args:
        kind: one of `KINDS`, "settings", or a part of the settings such as "settings.roles.solver".

    Raises:
        UnknownNameError: no such kind.
    """
    if kind is not None and (kind == SETTINGS or kind.startswith(f"{SETTINGS}.")):
        print_settings(kind.partition(".")[2], console)
        return
    if kind is not None and kind.replace("-", "_") in KINDS:
        kind = kind.replace("-", "_")
    elif kind is not None:
        raise UnknownNameError("kind", kind, [*KINDS, SETTINGS], f"A part of the settings is {SETTINGS}.PATH.")
    rows: list[list[Cell]] = []
    for one in KINDS if kind is None else [kind]:
        if kind is None:
            rows += [["", ""]] if rows else []
            rows.append([Text(one, "bold"), ""])
        rows += ([f"  {name}" if kind is None else name, about] for name, about in names_of(one))
    console.print(TerminalTable("", ["", ""], rows, left=[1]))
    if kind is None:
        console.print(f"\nSettings of a run: selfplay-gym list {SETTINGS}, or a part: list {SETTINGS}.roles.solver")


def print_settings(part: str, console: Console) -> None:
    """Print the settings below a path, grouped by the part they belong to; "" stands for all.

    Raises:
        UnknownNameError: no setting has this path.
    """
    found = [setting for setting in settings_of.settings(part) if _is_below(setting.path, part)]
    if not found:
        raise UnknownNameError("setting", part, _beside(part))
    for number, (group, rows) in enumerate(itertools.groupby(found, lambda setting: _group(setting.path))):
        console.print(Text(f"{chr(10) if number else ''}{group}", "bold"))
        for setting in rows:
            shown = f"  {setting.path} = {_written(setting.default)}"
            console.print(Text(shown), soft_wrap=True)
            console.print(Padding(Text(setting.about or setting.type), (0, 0, 0, 6)))


def names_of(kind: str) -> Iterator[tuple[str, str]]:
    """The names of a kind, each with its description ("" if it has none)."""
    if kind == ENVS:
        yield from _envs()
    elif kind == PRESETS_KIND:
        yield from ((name, preset.about) for name, preset in PRESETS.items())
    elif kind == SUITES:
        yield from _suites()
    else:
        rows = {_open(name): describe(name, target) for name, target in ALL[kind].targets().items()}
        more = MODELS if kind == "agents" else ANSWER_REWARDS if kind == "rewards" else {}
        yield from sorted({**rows, **more}.items())


def _envs() -> Iterator[tuple[str, str]]:
    for name, spec in sorted(gym.registry.items()):
        entry = spec.entry_point
        if isinstance(entry, str) and entry.startswith(f"{PACKAGE}."):
            tree = _source(entry.partition(":")[0])
            yield name, first_sentence(ast.get_docstring(tree) or "" if tree else "")


def _suites() -> Iterator[tuple[str, str]]:
    """Every generator, every domain of another name, and the sources of their own."""
    generators = dict(names_of("generators"))
    yield from generators.items()
    for name in ALL["domains"].names():
        if name not in generators:
            yield name, f"The generator of this domain, {find_domain(name).generator}, graded as the domain says."
    yield from ((_open(name), about) for name, about in describe_suites())


def _open(name: str) -> str:
    """A name that wants something behind its colon, shown so."""
    return f"{name}…" if name.endswith(":") else name


def _is_below(path: str, part: str) -> bool:
    return not part or path == part or path.startswith(f"{part}.")


def _beside(part: str) -> set[str]:
    """The paths of the same depth under the nearest part that exists."""
    paths = [setting.path.split(".") for setting in settings_of.settings()]
    above: list[str] = []
    for step in part.split("."):
        if not any(path[: len(above) + 1] == [*above, step] and len(path) > len(above) + 1 for path in paths):
            break
        above.append(step)
    depth = len(above)
    return {".".join(path[: depth + 1]) for path in paths if path[:depth] == above}


def _group(path: str) -> str:
    """The part a setting belongs to: "roles.solver", "guard", or "run" for those at the top."""
    first, *rest = path.split(".")
    if not rest:
        return "run"
    return f"{first}.{rest[0]}" if first == "roles" else first


def _written(default: Any) -> str:
    """A default as a settings file and `--set` would have it."""
    return "none" if default is None else json.dumps(default, ensure_ascii=False, default=str)


def describe(name: str, target: str | Callable[..., Any]) -> str:
    """One line on what a name stands for.

    That is, in this order: the opening of its module if that begins with the name, its own docstring, its row in a
    table of names in the module's docstring, and for an object the opening of its module.
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
    if row and not own:
        return re.sub(r" {2,}", " · ", row[1].strip())
    return first_sentence(own or (opening if _assigns(tree, attribute) else ""))


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


def _assigns(tree: ast.Module, name: str) -> bool:
    """Whether a module makes an object of that name."""
    return any(
        isinstance(target, ast.Name) and target.id == name
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
    )


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
