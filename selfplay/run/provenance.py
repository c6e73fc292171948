"""Where and with what a run was made: enough to make it again."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ...agents.models.prompt_format import DATE

PACKAGES = ("selfplay-gym", "torch", "transformers", "tokenizers", "gymnasium", "numpy", "sympy", "sacrebleu", "scipy")


def describe_environment() -> dict[str, Any]:
    """Command, commit, versions and machine; no host or user names."""
    return {
        "command": ["selfplay-gym", *sys.argv[1:]],
        "commit": commit(),
        "versions": versions(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "prompt_date": DATE.isoformat(),  # what chat templates that ask for today's date are told
    }


def versions() -> dict[str, str]:
    """Installed versions of what results depend on."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def commit() -> str | None:
    """The commit of the source, with "+changes" if it was edited; `None` outside a checkout."""
    root = Path(__file__).resolve().parent.parent.parent
    git = shutil.which("git")
    if git is None or not (root / ".git").exists():
        return None

    def ask(*words: str) -> str | None:
        run = subprocess.run([git, "-C", str(root), *words], capture_output=True, text=True, check=False)
        return run.stdout.strip() if run.returncode == 0 else None

    head = ask("rev-parse", "HEAD")
    if head is None:
        return None
    return head + ("+changes" if ask("status", "--porcelain", "--untracked-files=no") else "")
