"""The two seats of a run: whoever plays a role, and its trainer. `seating.py` fills them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..settings.config import RunConfig
from ..storage.checkpoint import save_checkpoint

if TYPE_CHECKING:
    from ...agents.models.llm import LLMAgent
    from ...agents.training.trainer import GRPOTrainer

ROLES = ("challenger", "solver")


class Seat:
    """A language model that plays one role and learns it.

    Attributes:
        role: "challenger" or "solver".
        agent: the model in the seat.
        trainer: its GRPO trainer; keeps the optimiser state over all rounds.
        saves: the roles its checkpoints hold: its own, or all whose weights it moves.
    """

    def __init__(self, role: str, agent: LLMAgent, trainer: GRPOTrainer, saves: Sequence[str]) -> None:
        self.role, self.agent, self.trainer, self.saves = role, agent, trainer, tuple(saves)

    def save(self, path: Path) -> None:
        """Write a checkpoint."""
        save_checkpoint(path, self.agent, self.trainer.tensors())


FillSeats = Callable[[RunConfig, Sequence[str], Mapping[str, Path], Mapping[str, Path]], dict[str, Seat]]
"""Settings, roles, their checkpoints and those of their KL references → the seats."""
