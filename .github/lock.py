"""Joins what uv resolved for several versions of Python into one requirements file with hashes: `make lock`.

    python .github/lock.py pylock.a.toml pylock.b.toml > requirements.lock

uv resolves for one version and one platform, and lists the wheels that can be installed there; a package without one
keeps its source archive. All hashes of a package stand on its line, so that pip takes the wheel of its own version.
"""

# mypy: ignore-errors

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path


def joined(locks: Iterable[dict]) -> dict[str, set[str]]:
    """Requirements, each with the hashes of its files."""
    found: dict[str, set[str]] = {}
    for lock in locks:
        for package in lock["packages"]:
            files = package.get("wheels") or [package["sdist"]]
            requirement = f"{package['name']}=={package['version']}"
            found.setdefault(requirement, set()).update(file["hashes"]["sha256"] for file in files)
    return found


def text(requirements: dict[str, set[str]]) -> str:
    """The requirements file."""
    head = "# Made by `make lock`; what `make locked` installs: Linux on x86-64, CPython 3.11 to 3.14.\n"
    rows = [
        " \\\n    ".join([requirement, *(f"--hash=sha256:{one}" for one in sorted(hashes))])
        for requirement, hashes in sorted(requirements.items())
    ]
    return head + "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(text(joined(tomllib.loads(Path(name).read_text()) for name in sys.argv[1:])), end="")
