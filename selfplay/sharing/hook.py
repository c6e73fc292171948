"""The hook that keeps a run folder fit to be shown: its page, a card for each checkpoint, the links `best` and `last`.

All of it is made anew from what is committed, after every commit, and only where it changed: a run that was killed in
between catches up when it goes on. Nothing here is read back, and what people put there instead stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...agents.model_names import CHECKPOINT
from ..hooks import AnyRun, Hook
from ..settings.config import RunConfig
from ..storage.checkpoint import CARD, MANIFEST
from ..storage.files import read_bytes, read_sealed, write_text
from ..storage.links import BEST, CHECKPOINTS, LAST, point
from .cards import OURS, answering_role, model_card, run_page
from .facts import RunFacts


class Pages(Hook):
    """Writes page, cards and links of one run.

    Args:
        config: its settings.
    """

    name = "pages"

    def __init__(self, config: RunConfig) -> None:
        self.config = config
        self._facts: RunFacts | None = None
        self._written: dict[Path, str] = {}

    def after_rows(self, run: AnyRun, log: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Remember what was measured."""
        if log == "metrics" and self._facts is not None:
            self._facts.add(rows)

    def after_commit(self, run: AnyRun) -> None:
        """Bring everything up to date."""
        folder, state = run.folder.path, run.folder.state
        if "round" not in state:
            return
        if self._facts is None:
            self._facts = RunFacts(run.folder.rows("metrics"))
        role = answering_role(self.config)
        point(folder, BEST, state["best"].get("checkpoints", {}).get(role))
        point(folder, LAST, state["checkpoints"].get(role))
        for name in state["kept"]:
            self._card(folder / CHECKPOINTS / name)
        self._write(folder / CARD, run_page(self.config, self._facts, state))

    def _card(self, checkpoint: Path) -> None:
        found = CHECKPOINT.fullmatch(checkpoint.name)
        if found is None or found["role"] not in self.config.roles or self._facts is None:
            return
        number = int(found["round"])
        self._write(checkpoint / CARD, model_card(self.config, self._facts, found["role"], number, checkpoint.name))

    def _write(self, path: Path, text: str) -> None:
        """Write a page, unless it stands there already or is not ours."""
        if self._written.get(path) != text and may_write(path):
            write_text(path, text)
        self._written[path] = text


def may_write(path: Path) -> bool:
    """Whether a page may be written: nothing stands there, or a page of ours that no manifest holds."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        return False
    manifest = path.with_name(MANIFEST)
    if manifest.is_file() and path.name in read_sealed(manifest).get("sha256", {}):
        return False  # of a version that kept the card of a library
    return not path.exists() or OURS.encode() in read_bytes(path)
