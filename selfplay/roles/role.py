"""One row of a run's table of roles: an agent with its trainer. `build.py` makes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...agents.inference.token_count import TokenCount
from ...core.errors import RunError
from ..settings.config import RunConfig
from ..storage.checkpoint import save_checkpoint

if TYPE_CHECKING:
    from ...agents.models.llm import LLMAgent
    from ...agents.training.trainer import GRPOTrainer

PROBE = "What is 12+7?"
"""What a model is asked before it is saved."""


class Role:
    """A language model that plays one role and learns it.

    Attributes:
        name: "challenger", "solver", ...
        agent: the model.
        trainer: its GRPO trainer; keeps the optimiser state over all rounds.
        saves: the roles its checkpoints hold: its own, or all whose weights it moves.
    """

    def __init__(self, name: str, agent: LLMAgent, trainer: GRPOTrainer, saves: Sequence[str]) -> None:
        self.name, self.agent, self.trainer, self.saves = name, agent, trainer, tuple(saves)

    def save(self, path: Path) -> None:
        """Write a checkpoint.

        Raises:
            RunError: the model has diverged, so that nobody could go on from it; nothing is written.
        """
        self._check_sound()
        save_checkpoint(path, self.agent, self.trainer.tensors())

    def close(self) -> None:
        """Let go of what the sampler holds elsewhere, such as adapters on a server; the role plays no more."""
        close = getattr(self.agent.sampler, "close", None)
        if close is not None:
            close()

    def _check_sound(self) -> None:
        """Draw one token: from weights that have diverged there is none."""
        if not self.agent.sampler.on_policy:
            return
        try:
            probe = self.agent.with_settings(max_new_tokens=1)
            probe.counted = TokenCount()  # a run that stops more often saves more often, and costs the same
            probe.act([PROBE], seed=0)
        except RunError as error:
            raise RunError(
                f"the {self.name} has diverged and is not saved ({error}). What was saved before stands; start another "
                f"run with a lower roles.{self.name}.grpo.learning_rate, now {self.trainer.learning_rate}"
            ) from None


BuildRoles = Callable[[RunConfig, Sequence[str], Mapping[str, Path], Mapping[str, Path]], dict[str, Role]]
"""Settings, names of roles, their checkpoints and those of their KL references → the roles."""
