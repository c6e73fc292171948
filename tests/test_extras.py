"""Every extra that a message or a page advises exists."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

import selfplay_gym
from selfplay_gym.agents import packages

ROOT = Path(selfplay_gym.__file__).parent
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
ROOMS = ("core", "envs", "agents", "verifiers", "curricula", "selfplay", "interop")


WRITTEN = re.compile(r"selfplay-gym\[([\w,-]+)\]|['\"]\.\[([\w,-]+)\]['\"]")
"""`selfplay-gym[lora]`, or quoted for pip in a checkout: `'.[dev]'`."""


def advised():
    """(file, extra) of every `MissingExtraError(library, extra, purpose)`, and of every extra that is written down."""
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            for node in ast.walk(ast.parse(text)):
                raised = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "MissingExtraError"
                if raised and isinstance(node.args[1], ast.Constant) and node.args[1].value is not None:
                    yield f"{file.relative_to(ROOT)}", node.args[1].value
            yield from written(file, text)
    for file in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "docs").glob("*.py"), ROOT / "Makefile"]:
        yield from written(file, file.read_text(encoding="utf-8"))


def written(file, text):
    for found in WRITTEN.findall(text):
        yield from ((f"{file.relative_to(ROOT)}", extra) for extra in "".join(found).split(","))


ADVISED = sorted(set(advised()))


@pytest.mark.parametrize(("file", "extra"), ADVISED)
def test_an_advised_extra_is_declared(file, extra):
    assert extra in EXTRAS, f"{file} advises selfplay-gym[{extra}], which pyproject.toml does not declare"


@pytest.mark.parametrize(
    "found",
    [("agents/roles/lora.py", "lora"), ("docs/watch.md", "watch"), ("Makefile", "dev"), ("docs/roles.md", "lora")],
)
def test_the_advice_is_found(found):
    assert found in ADVISED


def test_the_extra_for_notebooks_brings_all_that_a_run_shows_in_one():
    brought = " ".join(EXTRAS["notebook"])
    assert all(name in brought for name in ("pandas", "ipykernel", "selfplay-gym[watch]"))
    advised = {extra for file, extra in ADVISED if file.startswith(("selfplay/notebook/", "selfplay/commands/watch"))}
    assert advised <= {"notebook", "watch"}


def test_a_package_of_an_extra_is_advised_by_it(monkeypatch):
    """What an import misses is looked up in what the installed package declares."""
    lines = [f"{name}; extra == '{extra}'" for extra, names in EXTRAS.items() for name in names]
    monkeypatch.setattr(packages.metadata, "requires", lambda _: ["rich>=13", *lines])
    assert packages.command_for("peft") == "pip install 'selfplay-gym[lora]'"
    assert packages.command_for("reasoning_gym") == "pip install 'selfplay-gym[rg]'"  # not [test]
    assert packages.command_for("rich") == "pip install selfplay-gym"
    assert packages.command_for("torch") == "pip install selfplay-gym"
    assert packages.command_for("elsewhere_made") == "pip install elsewhere-made"
