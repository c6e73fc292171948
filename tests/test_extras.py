"""Every extra that a message advises exists."""

import ast
import tomllib
from pathlib import Path

import pytest

import selfplay_gym

ROOT = Path(selfplay_gym.__file__).parent
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
ROOMS = ("core", "envs", "agents", "verifiers", "curricula", "selfplay", "interop")


def advised():
    """(file, extra) of every `MissingExtraError(library, extra, purpose)` in the package."""
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                named = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "MissingExtraError"
                if named and isinstance(node.args[1], ast.Constant):
                    yield f"{file.relative_to(ROOT)}", node.args[1].value


@pytest.mark.parametrize(("file", "extra"), sorted(set(advised())))
def test_an_advised_extra_is_declared(file, extra):
    assert extra in EXTRAS, f"{file} advises selfplay-gym[{extra}], which pyproject.toml does not declare"


def test_the_advice_is_found():
    assert ("agents/roles/lora.py", "lora") in set(advised())
