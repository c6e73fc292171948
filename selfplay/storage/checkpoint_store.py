"""The checkpoints of a run by name: written, found, and removed when nobody needs them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path


class CheckpointStore:
    """Names, finds and prunes the checkpoints of a run: `solver-02-005` is the solver in round 2 after 5 steps.

    Args:
        folder: where they lie.
        keep: how many of a role's last ones per round are kept; 0 keeps all.
    """

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder, self.keep = folder, keep

    def name(self, role: str, round_: int, step: int) -> str:
        """What a checkpoint is called."""
        return f"{role}-{round_:02d}-{step:03d}"

    def path(self, name: str) -> Path:
        """Where a checkpoint lies, or will."""
        return self.folder / name

    def prune(self, role: str, needed: set[str]) -> list[str]:
        """Remove what is neither in `needed` nor among the newest `keep` of a role's last ones per round.

        Returns the names removed.
        """
        if not self.folder.is_dir():
            return []
        drafts = [path for path in self.folder.iterdir() if path.name.endswith(".draft")]
        own = re.compile(rf"{re.escape(role)}-\d+-\d+")  # "solver" is not "solver_b"
        names = sorted((path.name for path in self.folder.iterdir() if own.fullmatch(path.name)), key=_round_and_step)
        finished = list({_round_and_step(name)[0]: name for name in names}.values())
        kept = set(finished if self.keep == 0 else finished[-self.keep :]) | needed
        removed = [name for name in names if name not in kept]
        for path in [*drafts, *(self.folder / name for name in removed)]:
            shutil.rmtree(path)
        return removed


def _round_and_step(name: str) -> tuple[int, int]:
    """As numbers: "solver-100-001" comes after "solver-99-001"."""
    _, round_, step = name.rsplit("-", 2)
    return int(round_), int(step)
