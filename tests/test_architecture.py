"""Arrows run one way: {cli, interop} → selfplay → {envs, agents, verifiers, curricula} → core."""

import ast
import sys
from pathlib import Path

import pytest

import selfplay_gym

ROOT = Path(selfplay_gym.__file__).parent
ISLANDS = {"envs", "agents", "verifiers", "curricula"}
ALLOWED = {
    "core": set(),
    **{island: {"core"} for island in ISLANDS},
    "selfplay": ISLANDS | {"core"},
    "interop": ISLANDS | {"core", "selfplay"},
}
FILES = sorted(path for room in ALLOWED for path in (ROOT / room).rglob("*.py"))


def imported_rooms(path):
    """Top-level rooms of the package that a file imports, wherever in the file it does so."""
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            if node.level:
                base = package[: len(package) - node.level + 1]
                target = (*base, *(node.module.split(".") if node.module else [a.name for a in node.names][:1]))
                if target:
                    yield target[0]
            elif node.module and node.module.split(".")[0] == "selfplay_gym":
                yield "absolute import"
        elif isinstance(node, ast.Import) and any(a.name.split(".")[0] == "selfplay_gym" for a in node.names):
            yield "absolute import"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_room_imports_only_what_stands_below_it(path):
    room = path.relative_to(ROOT).parts[0]
    assert set(imported_rooms(path)) <= ALLOWED[room] | {room}


def test_no_module_bears_the_name_of_a_standard_one():
    assert [p.name for p in FILES if p.stem in sys.stdlib_module_names] == []


def test_every_package_is_listed_for_installation():
    import tomllib

    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    rooms = {path.parent for path in FILES if path.name == "__init__.py"}
    assert {"selfplay_gym", *(".".join(("selfplay_gym", *r.relative_to(ROOT).parts)) for r in rooms)} == set(listed)
