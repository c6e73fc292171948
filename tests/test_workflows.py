"""The slow tests are played in parts, by the Makefile and by the continuous integration, and none is left out."""

import importlib.util
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import selfplay_gym

ROOT = Path(selfplay_gym.__file__).resolve().parent
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PARTS = re.search(r"^PARTS := (.+)$", MAKEFILE, re.M)[1].split()
SELECTED = dict(re.findall(r"^SLOW_(\S+) := (.+)$", MAKEFILE, re.M))


def slow_files():
    tests = (ROOT / "tests").rglob("test_*.py")
    marked = [path for path in tests if re.search(r"mark\.slow\b", path.read_text(encoding="utf-8"))]
    return [path.relative_to(ROOT).as_posix() for path in marked if path != Path(__file__).resolve()]


def parts_of(file):
    """The parts that play a file, each with its `-k` expression ("" for all of the file)."""
    found = {}
    for part, selected in SELECTED.items():
        paths, _, expression = selected.partition(" -k ")
        if any(file == path or file.startswith(f"{path}/") for path in paths.split()):
            found[part] = expression.strip("'")
    return found


def test_every_file_with_slow_tests_is_in_one_part_or_in_two_halves():
    files = slow_files()
    assert len(files) > 5
    for file in files:
        expressions = sorted(parts_of(file).values(), key=len)
        assert expressions == [""] or (len(expressions) == 2 and expressions[1] == f"not ({expressions[0]})"), (
            f"{file} is played by {parts_of(file) or 'no part'}; see SLOW_ in the Makefile"
        )


def test_every_part_has_tests_that_exist():
    assert set(PARTS) == set(SELECTED)
    for part, selected in SELECTED.items():
        for path in selected.partition(" -k ")[0].split():
            assert (ROOT / path).exists(), f"{part}: {path}"


def test_the_continuous_integration_plays_all_parts():
    matrix = re.search(r"part: \[(.+?)\]", (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))[1]
    assert [part.strip() for part in matrix.split(",")] == PARTS


def test_make_slow_plays_the_part_it_is_told():
    shown = subprocess.run(
        ["make", "--dry-run", "-o", ".venv/.ready-dev", "slow", "PART=kill"],
        capture_output=True, text=True, check=True, cwd=ROOT,
    ).stdout  # fmt: skip
    assert "pytest -m slow tests/selfplay/run/test_kill.py && true" in shown


WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_read_only_and_runs_what_was_reviewed(workflow):
    text = workflow.read_text(encoding="utf-8")
    assert re.search(r"^permissions:\n  contents: read\n", text, re.M)
    assert "write" not in re.findall(r"^ *\w[\w-]*: (read|write)$", text, re.M)
    actions = re.findall(r"uses: (\S+)", text)
    assert actions
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action) for action in actions)
    assert text.count("persist-credentials: false") == sum("actions/checkout@" in action for action in actions)


def requirements():
    """Requirement → hashes of the lock."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    rows = [row for row in lock.replace("\\\n", " ").splitlines() if not row.startswith("#")]
    return {row.split()[0]: re.findall(r"--hash=sha256:([0-9a-f]{64})", row) for row in rows}


def test_every_locked_package_has_a_hash_and_the_version_of_the_constraints():
    locked = requirements()
    assert len(locked) > 50
    assert all(locked.values())
    names = [requirement.partition("==")[0] for requirement in locked]
    assert len(set(names)) == len(names)
    constraints = re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.M)
    wanted = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in constraints}
    for requirement in locked:
        name, _, version = requirement.partition("==")
        assert wanted.get(name, version) == version, f"{requirement}: make lock"


def test_everything_declared_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    declared = [*project["dependencies"], *extras["test"], *extras["dev"], *extras["lora"], *extras["datasets"]]
    names = {re.match(r"[\w.-]+", line)[0].lower().replace("_", "-") for line in declared} - {"selfplay-gym"}
    assert names <= {requirement.partition("==")[0] for requirement in requirements()}, "make lock"


def test_a_lock_joins_the_wheels_of_several_pythons():
    spec = importlib.util.spec_from_file_location("lock", ROOT / ".github" / "lock.py")
    lock = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(lock)

    def package(name, **files):
        one = {"hashes": {"sha256": files.popitem()[1]}}
        return {"name": name, "version": "1", **({"sdist": one} if name == "old" else {"wheels": [one]})}

    both = [{"packages": [package("a", h="1"), package("old", h="3")]}, {"packages": [package("a", h="2")]}]
    assert lock.joined(both) == {"a==1": {"1", "2"}, "old==1": {"3"}}
    assert "a==1 \\\n    --hash=sha256:1 \\\n    --hash=sha256:2\n" in lock.text(lock.joined(both))
