"""The checkpoints of a run by name: written, found, counted, and removed when nobody needs them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from ...agents.model_names import CHECKPOINT, round_and_step
from .checkpoint import manifest_digest
from .files import remove


class CheckpointStore:
    """Names, finds and prunes the checkpoints of a run: `solver-02-005` is the solver in round 2 after 5 steps.

    Args:
        folder: where they lie.
        keep: how many of a role's last ones per round are kept; 0 keeps all.
        kept: the checkpoints that belong to the run so far, each with the checksum of its manifest.
    """

    def __init__(self, folder: Path, keep: int, kept: Mapping[str, str] | None = None) -> None:
        self.folder, self.keep, self.kept = folder, keep, dict(kept or {})

    def name(self, role: str, round_: int, step: int) -> str:
        """What a checkpoint is called."""
        return f"{role}-{round_:02d}-{step:03d}"

    def path(self, name: str) -> Path:
        """Where a checkpoint lies, or will."""
        return self.folder / name

    def _role(self, name: str) -> str:
        """Whose checkpoint it is; "" for what is none."""
        found = CHECKPOINT.fullmatch(name)
        return found["role"] if found else ""

    def add(self, name: str) -> None:
        """A checkpoint was written: it belongs to the run from here on."""
        self.kept[name] = manifest_digest(self.path(name))

    def select(self, needed: Collection[str]) -> dict[str, str]:
        """What stays: the checkpoints in `needed`, and of each role the newest `keep` of its last ones per round."""
        roles: dict[str, list[str]] = {}
        for name in sorted(self.kept, key=round_and_step):
            roles.setdefault(self._role(name), []).append(name)
        stays = set(needed)
        for names in roles.values():
            finished = list({name.rsplit("-", 1)[0]: name for name in names}.values())
            stays.update(finished if self.keep == 0 else finished[-self.keep :])
        self.kept = {name: digest for name, digest in self.kept.items() if name in stays}
        return dict(self.kept)

    def prune(self, roles: Collection[str]) -> list[str]:
        """Remove every checkpoint of these roles, and every draft, that does not belong to the run; their names."""
        if not self.folder.is_dir():
            return []
        surplus = [
            path
            for path in sorted(self.folder.iterdir())
            if path.name.endswith(".draft") or (self._role(path.name) in roles and path.name not in self.kept)
        ]
        for path in surplus:
            remove(path)
        return [path.name for path in surplus]


def last_of_rounds(folder: Path, role: str) -> dict[int, Path]:
    """The last checkpoint of every round of a role, by round, of those that lie in a folder; drafts are none."""
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    found = {}
    for name in sorted(names, key=round_and_step):
        parts = CHECKPOINT.fullmatch(name)
        if parts and parts["role"] == role:
            found[int(parts["round"])] = folder / name
    return found
