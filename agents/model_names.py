"""Names of models as runs and checkpoints keep them."""

from __future__ import annotations

from pathlib import Path


def lasting_name(name: str | Path) -> str:
    """The name of a model as it is remembered: a folder by its full path, so that it is found from anywhere."""
    return str(Path(name).resolve()) if str(name) and Path(name).is_dir() else str(name)
