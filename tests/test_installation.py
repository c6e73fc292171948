"""What a stranger installs: the light way in a new virtual environment, the source archive, and the set-up of make."""

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import selfplay_gym
from selfplay_gym.agents.packages import LEFT_OUT

ROOT = Path(selfplay_gym.__file__).resolve().parent
MIB = 2**20
TRACKED = ("core", "docs", "examples", "benchmarks", "tests", "requirements", ".github", ".ci")


def run(command, *, cwd, **environment):
    """What a command prints; without what this session says about Python and its packages."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, cwd=cwd, check=False, timeout=900,
        env={**inherited, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def source_files():
    """The files of the checkout, but for what is made in it."""
    made = {".git", ".venv", "build", "dist", "runs", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis"}
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        passing = "__pycache__" in parts or any(part.endswith(".egg-info") for part in parts)
        if path.is_file() and parts[0] not in made and not passing:
            yield Path(*parts)


# --- the set-up of make ---


def python_of(version, folder):
    """A stub that says which Python it is."""
    stub = folder / f"python{version}"
    major, minor = version.split(".")
    lie = f"import sys; sys.version_info = ({major}, {minor}, 0)"
    stub.write_text(f'#!/bin/sh\n[ "$1" = -c ] && exec {sys.executable} -c "{lie}; $2"\necho "Python {version}.0"\n')
    stub.chmod(0o755)
    return stub


def make(*arguments, path):
    return subprocess.run(
        ["make", *arguments], capture_output=True, text=True, cwd=ROOT, check=False,
        env={"PATH": str(path), "HOME": os.environ.get("HOME", "/")},
    )  # fmt: skip


@pytest.fixture
def bare(tmp_path):
    """A folder that holds what a recipe calls besides Python; made PATH, no other Python is found."""
    for name in ("sh", "make", "rm", "date", "touch"):
        (tmp_path / name).symlink_to(next(p for d in ("/bin", "/usr/bin") if (p := Path(d, name)).exists()))
    return tmp_path


@pytest.mark.parametrize(
    ("found", "first"), [(["3.13"], "3.13"), (["3.14", "3.12"], "3.12"), (["3.9", "3.10", "3.14"], "3.14")]
)
def test_make_takes_the_first_supported_python(bare, found, first):
    for version in found:
        python_of(version, bare)
    shown = make("--dry-run", "train", f"VENV={bare / 'venv'}", path=bare).stdout
    assert f'"python{first}" -m venv {bare / "venv"}' in shown
    assert re.search(r"selfplay-gym train --preset tiny --seed 0 --run-dir runs/\S+\n\Z", shown)


@pytest.mark.parametrize("asked", [[], ["PYTHON=python3.9"], ["PYTHON=/no/such/python"]])
def test_no_supported_python_is_one_line_and_nothing_is_left(bare, asked):
    python_of("3.9", bare)
    done = make(f"{bare / 'venv'}/.ready", f"VENV={bare / 'venv'}", *asked, path=bare)
    assert done.returncode != 0
    first = done.stderr.splitlines()[0]
    assert first.endswith("is no Python of 3.11 3.12 3.13 3.14; name one: make PYTHON=/path/to/python")
    assert not (bare / "venv").exists()


def test_make_says_what_it_sets_up(bare):
    python_of("3.12", bare)
    shown = make("--dry-run", "train", f"VENV={bare / 'venv'}", path=bare).stdout
    steps = re.findall(r'^echo "(.+?)[.;:,]', shown, re.M)
    assert steps[0].startswith("Setting up")
    assert [step for step in steps[1:] if not step.startswith("Set-up")] == []
    assert "--quiet" not in shown  # pip shows its own bars


# --- the light way, and the source archive ---


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """The source archive, built from a copy, unpacked."""
    copy = tmp_path_factory.mktemp("copy")
    for path in source_files():
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        (copy / path).write_bytes((ROOT / path).read_bytes())
    out = tmp_path_factory.mktemp("sdist")
    code = f"from setuptools.build_meta import build_sdist; print(build_sdist({str(out)!r}))"
    run([sys.executable, "-c", code], cwd=copy)
    with tarfile.open(next(out.glob("*.tar.gz"))) as packed:
        packed.extractall(out, filter="data")
    return next(path for path in out.iterdir() if path.is_dir())


@pytest.mark.slow
def test_the_source_archive_holds_everything(archive):
    assert [path for path in sorted(source_files()) if not (archive / path).is_file()] == []
    assert all((archive / name).is_dir() for name in TRACKED)


@pytest.mark.slow
def test_the_source_archive_tests_itself(archive, tmp_path):
    (tmp_path / "selfplay_gym").symlink_to(archive)
    files = ["test_architecture.py", "test_workflows.py", "test_extras.py", "core/test_seeding.py"]
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", *(f"tests/{file}" for file in files)]
    said = run(command, cwd=tmp_path / "selfplay_gym", PYTHONPATH=str(tmp_path), PYTHONSAFEPATH="1")
    assert re.search(r"\d+ passed", said)


@pytest.fixture(scope="module")
def light(archive, tmp_path_factory):
    """The `bin` of a virtual environment made as docs/install.md says, with an empty home."""
    folder = tmp_path_factory.mktemp("light")
    run([sys.executable, "-m", "venv", folder / "venv"], cwd=folder)
    pip = [folder / "venv/bin/python", "-m", "pip", "install", "--quiet", "--no-compile"]
    run([*pip, "-r", "requirements/light.txt"], cwd=archive)
    run([*pip, "--no-deps", "."], cwd=archive)
    (folder / "home").mkdir()
    return folder / "venv/bin"


@pytest.mark.slow
def test_the_light_way_plays_without_torch_and_is_small(light, tmp_path):
    home = {"HOME": str(light.parent.parent / "home"), "PYTHONDONTWRITEBYTECODE": "1"}
    for command in ("exam oracle --questions 8 --samples 2", "play --solver noisy", "list", "doctor"):
        assert run([light / "selfplay-gym", *command.split()], cwd=tmp_path, **home)
    run([light / "selfplay-gym", "bench", "oracle", "random", "--limit", "4", "--out", "out"], cwd=tmp_path, **home)
    assert (tmp_path / "out/bench.html").is_file()
    packages = next((light.parent / "lib").glob("python*/site-packages"))
    assert [name for name in LEFT_OUT if (packages / name).exists()] == []
    tools = ("pip", "setuptools", "pkg_resources")  # of the virtual environment, and not ours
    ours = (p for p in packages.rglob("*") if p.is_file() and p.relative_to(packages).parts[0] not in tools)
    assert sum(path.stat().st_size for path in ours) < 350 * MIB


@pytest.mark.slow
def test_the_advised_command_completes_a_light_installation(light, tmp_path):
    said = run([light / "python", "-m", "pip", "install", "--dry-run", "selfplay-gym"], cwd=tmp_path)
    assert "Requirement already satisfied: selfplay-gym" in said
    coming = said[said.index("Would install") :].replace("-", "_")
    assert [name for name in LEFT_OUT if name not in coming] == []
