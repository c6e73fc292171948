"""README blocks and examples run as they stand, and links lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import selfplay_gym

ROOT = Path(selfplay_gym.__file__).parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCKS = [
    pytest.param(block, id=f"{page.name}-{index}")
    for page in PAGES
    for index, block in enumerate(re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S))
]


def run(*arguments, timeout=120):
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=timeout, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("block", BLOCKS)
def test_a_python_block_runs(block, tmp_path):
    script = tmp_path / "block.py"
    script.write_text(block)
    run(str(script))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_between_pages_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    missing = [t for t in targets if not t.startswith(("http", "mailto:")) and not (page.parent / t).exists()]
    assert missing == []


EXAMPLES = {
    "play_math.py": ["--rounds", "1"],
    "bench_agents.py": ["--items", "8", "--samples", "2", "--output", "{tmp}/bench.html"],
    "sb3_teacher.py": ["--steps", "512", "--episodes", "2", "--output", "{tmp}/teacher.zip"],
}


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "examples").glob("*.py")))
def test_an_example_runs_and_says_something(name, tmp_path):
    arguments = [argument.format(tmp=tmp_path) for argument in EXAMPLES.get(name, [])]
    assert run(f"examples/{name}", *arguments).strip()
