"""The navigation of the site: the links that stand on its index pages, and nothing else.

`docs/index.md` leads to the pages beside it, section by section; the README.md of a folder leads to the pages of that
folder. So one list serves readers on GitHub and on the site, and `missing` says which page is in none.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

REPOSITORY = "https://github.com/selfplay-gym/selfplay-gym/"
TOP = "index"
LINK = re.compile(r"\]\(([^)\s#]+)(#[^)\s]*)?\)")
SECTION = re.compile(r"^## (.+)$", re.M)


def is_index(page: str) -> bool:
    """Whether a page, named without its ending as Sphinx does, is the index of a folder."""
    return page == TOP or posixpath.basename(page) == "README"


def sections(page: str, text: str) -> Iterator[tuple[str | None, list[str]]]:
    """Heading and pages below it, for each section of an index page that leads to pages of its part of the tree.

    Pages are named as the page's folder sees them, without their ending; each stands under the first that names it.
    """
    parts = SECTION.split(text)
    seen: set[str] = set()
    for heading, body in zip([None, *parts[1::2]], parts[::2], strict=True):
        pages = [target for target, _ in LINK.findall(body) if belongs(page, target) and target not in seen]
        seen.update(pages)
        if pages:
            yield heading, [one.removesuffix(".md") for one in dict.fromkeys(pages)]


def belongs(page: str, target: str) -> bool:
    """Whether a link of an index page is a step down: to a page beside it, or to the index of a folder below."""
    if not target.endswith(".md") or ":" in target or target.startswith("."):
        return False
    return "/" not in target or (page == TOP and target.count("/") == 1 and target.endswith("/README.md"))


def missing(docs: Path) -> list[str]:
    """Every page below `docs` to which no index page leads, as a sentence with the line to add."""
    found = {path.relative_to(docs).with_suffix("").as_posix(): path for path in sorted(docs.rglob("*.md"))}
    reached = {TOP}
    for page, path in found.items():
        if is_index(page):
            folder = posixpath.dirname(page)
            listed = [one for _, pages in sections(page, path.read_text(encoding="utf-8")) for one in pages]
            reached.update(posixpath.join(folder, one) for one in listed)
    complaints = []
    for page in found.keys() - reached:
        folder, name = posixpath.split(page)
        index, target = (
            ("index.md", f"{page}.md")
            if name == "README"
            else ((f"{folder}/README.md" if folder else "index.md"), f"{name}.md")
        )
        complaints.append(f"docs/{page}.md is in no navigation: add a line `- [Title]({target}): what` to docs/{index}")
    return sorted(complaints)


def prepare(app: Any, page: str, source: list[str]) -> None:
    """What Sphinx reads of a file: with its tables of contents, and with links out of docs/ to the repository."""
    source[0] = outward(page, source[0])
    if is_index(page):
        trees = [
            "\n".join(["```{toctree}", ":hidden:", *([f":caption: {heading}"] if heading else []), "", *pages, "```"])
            for heading, pages in sections(page, source[0])
        ]
        source[0] += "\n\n" + "\n\n".join(trees) + "\n"


def outward(page: str, text: str) -> str:
    """Links that leave docs/, such as `../examples/play_math.py`, as addresses in the repository."""
    folder = posixpath.join("docs", posixpath.dirname(page))

    def led(found: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(folder, found[1]))
        if ":" in found[1] or path.startswith("docs/"):
            return found[0]
        return f"]({REPOSITORY}blob/main/{path}{found[2] or ''})"

    return LINK.sub(led, text)
