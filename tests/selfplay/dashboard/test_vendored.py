"""What is vendored is unchanged, complete, and calls nobody."""

import re
from hashlib import sha256
from pathlib import Path

from selfplay_gym.selfplay.dashboard.render import HERE

KATEX = HERE / "static" / "vendor" / "katex"


def test_the_checksums_are_those_of_the_readme():
    written = dict(re.findall(r"^\| `([^`]+)`.*\| `([0-9a-f]{64})` \|$", (KATEX / "README.md").read_text(), re.M))
    fonts = b"".join(path.read_bytes() for path in sorted(KATEX.glob("fonts/*.woff2")))
    found = {name: sha256((KATEX / name).read_bytes()).hexdigest() for name in ("katex.min.js", "katex.min.css")}
    found["fonts/*.woff2"] = sha256(fonts).hexdigest()
    assert found.items() <= written.items()


def test_every_font_that_the_style_names_first_is_there():
    named = re.findall(r"url\((fonts/[^)]+\.woff2)\)", (KATEX / "katex.min.css").read_text())
    assert {Path(name).name for name in named} == {path.name for path in KATEX.glob("fonts/*")}


def test_no_file_of_ours_names_another_server():
    for path in sorted((HERE / "static").rglob("*.*s")):
        addresses = re.findall(r"https?://[\w.-]+", path.read_text(encoding="utf-8"))
        assert set(addresses) <= {"http://www.w3.org", "https://katex.org"}, path
