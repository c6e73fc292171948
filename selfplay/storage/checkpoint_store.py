"""The checkpoints of a run by name: written, found, and removed when nobody needs them."""

from __future__ import annotations

import shutil
from pathlib import Path

from ..roles.role import Seat


class CheckpointShelf:
    """Names, writes and prunes the checkpoints of a run: `solver-02-005` is the solver in round 2 after 5 steps."""

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder, self.keep = folder, keep

    def path(self, name: str) -> Path:
        return self.folder / name

    def write(self, seat: Seat, round_: int, step: int) -> str:
        """Save a seat; returns the checkpoint's name."""
        name = f"{seat.role}-{round_:02d}-{step:03d}"
        seat.save(self.path(name))
        return name

    def prune(self, role: str, named: set[str]) -> list[str]:
        """Remove what is neither in `named` nor among the newest `keep` of a role's last ones per round (0 = all).

        Returns the names removed.
        """
        if not self.folder.is_dir():
            return []
        drafts = [p for p in self.folder.iterdir() if p.name.endswith(".draft")]
        names = sorted(p.name for p in self.folder.iterdir() if p.name.startswith(role) and p not in drafts)
        last_of_round = {name.rsplit("-", 1)[0]: name for name in names}
        finished = sorted(last_of_round.values())
        kept = set(finished if self.keep == 0 else finished[-self.keep :]) | named
        removed = [name for name in names if name not in kept]
        for path in [*drafts, *(self.folder / name for name in removed)]:
            shutil.rmtree(path)
        return removed
