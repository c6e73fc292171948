"""A package with a plug-in of every kind, `tests/plugin`, installed offline into a folder that only these tests see."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parent.parent / "plugin"


NAMES = {
    "verifiers": "first-letters",
    "rewards": "brief",
    "generators": "formulas",
    "curricula": "staircase",
    "agents": "logician",
    "sources": "laws",
    "stages": "human-gate",
    "policies": "no-lies",
    "trackers": "counter",
    "domains": "logic",
}


@pytest.fixture
def names():
    """What the package brings, one of every kind."""
    return NAMES


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """The plug-in package installed into a folder of its own, without a network."""
    target = tmp_path_factory.mktemp("site")
    source = tmp_path_factory.mktemp("source")
    for path in PLUGIN.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            copy = source / path.relative_to(PLUGIN)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    done = subprocess.run([*command, "--target", str(target), str(source)], capture_output=True, text=True, timeout=120)
    if done.returncode:  # no pip or setuptools in this environment
        _install_by_hand(source, target)
    return target


def _install_by_hand(source, target):
    """What an installer writes."""
    project = tomllib.loads((source / "pyproject.toml").read_text())["project"]
    for path in (source / "logic_game").glob("*.py"):
        copy = target / "logic_game" / path.name
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(path.read_bytes())
    info = target / "logic_game-0.1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: logic-game\nVersion: 0.1.0\n")
    groups = [
        "\n".join([f"[{group}]", *(f"{name} = {where}" for name, where in points.items())])
        for group, points in project["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n".join(groups) + "\n")


@pytest.fixture(scope="session")
def python(installed):
    """Runs a program, or a module's command line, where the package is installed."""

    def run(*arguments, code=0, cwd=None):
        path = os.pathsep.join(filter(None, [str(installed), os.environ.get("PYTHONPATH")]))
        environment = {**os.environ, "PYTHONPATH": path, "COLUMNS": "200", "HF_HUB_OFFLINE": "1"}
        done = subprocess.run(
            [sys.executable, *arguments], capture_output=True, text=True, timeout=120, env=environment, cwd=cwd
        )
        assert done.returncode == code, done.stderr + done.stdout
        return done.stdout

    return run


@pytest.fixture(scope="session")
def command(python):
    def run(*arguments, code=0):
        return python("-m", "selfplay_gym.cli", *arguments, code=code)

    return run
