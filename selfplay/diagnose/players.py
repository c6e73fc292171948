"""The players of a run, loaded again: as they started, or from one of its checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..roles.build import device_of
from ..roles.drawing import drawing_as
from ..settings.config import RunConfig
from ..storage.checkpoint import check_checkpoint

if TYPE_CHECKING:
    from ...agents.models.llm import LLMAgent


def load_player(config: RunConfig, role: str, checkpoint: Path | None = None) -> LLMAgent:
    """Who played `role`: the model it started from, or what a checkpoint holds of it.

    Raises:
        RunError: the checkpoint cannot be used.
        ConfigError: the model cannot be loaded.
    """
    from ...agents.load import load_agent

    if checkpoint is not None:
        check_checkpoint(checkpoint)
    row = config.roles[role]
    found = load_agent(
        row.model if checkpoint is None else checkpoint,
        role=None if checkpoint is None else role,
        device=device_of(config, role),
    )
    return drawing_as(found, config, role)
