"""README blocks and examples run as they stand, and links lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import selfplay_gym

ROOT = Path(selfplay_gym.__file__).parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.M | re.S)


def run(*arguments, timeout=120, cwd=ROOT):
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=timeout, check=False, cwd=cwd
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if BLOCK.search(page.read_text(encoding="utf-8"))],
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
def test_the_python_of_a_page_runs_from_top_to_bottom(page, tmp_path):
    script = tmp_path / "page.py"
    script.write_text("\n".join(BLOCK.findall(page.read_text(encoding="utf-8"))), encoding="utf-8")
    run(str(script), cwd=tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_between_pages_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    missing = [t for t in targets if not t.startswith(("http", "mailto:")) and not (page.parent / t).exists()]
    assert missing == []


EXAMPLES = {
    "play_math.py": ["--episodes", "1"],
    "bench_agents.py": ["--items", "8", "--samples", "2", "--output", "{tmp}/bench.html"],
    "train_with_trl.py": ["--steps", "1", "--prompts", "2", "--samples", "4"],
    "sb3_teacher.py": ["--steps", "512", "--episodes", "2", "--output", "{tmp}/teacher.zip"],
}


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "examples").glob("*.py")))
def test_an_example_runs_and_says_something(name, tmp_path):
    arguments = [argument.format(tmp=tmp_path) for argument in EXAMPLES.get(name, [])]
    assert run(f"examples/{name}", *arguments).strip()
