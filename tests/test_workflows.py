"""The slow tests are played in parts, by the Makefile and by the continuous integration, and none is left out."""

import re
import subprocess
from pathlib import Path

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
