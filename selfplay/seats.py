"""The two seats of a run: each a model of its own, its trainer, and its checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import RunError
from .checkpoint import check_checkpoint, load_optimiser, save_checkpoint
from .config import RunConfig

if TYPE_CHECKING:
    from ..agents.llm import LLMAgent
    from ..agents.trainer import GRPOTrainer

ROLES = ("challenger", "solver")


class Seat:
    """A language model that plays one role and learns it.

    Attributes:
        role: "challenger" or "solver".
        agent: the model in the seat.
        trainer: its GRPO trainer; keeps the optimiser state over all rounds.
    """

    def __init__(self, role: str, agent: LLMAgent, trainer: GRPOTrainer) -> None:
        self.role, self.agent, self.trainer = role, agent, trainer

    @classmethod
    def seated(cls, role: str, config: RunConfig, base: LLMAgent, checkpoint: Path | None) -> Seat:
        """Fill a seat: from a checkpoint, or from the base model when there is none yet.

        Raises:
            RunError: the checkpoint is missing or damaged.
        """
        from ..agents.llm import LLMAgent
        from ..agents.config import GRPOConfig
        from ..agents.trainer import GRPOTrainer

        challenger = role == "challenger"
        length = config.challenger_max_new_tokens if challenger else config.max_new_tokens
        if checkpoint is not None:
            check_checkpoint(checkpoint)
        agent = LLMAgent.from_pretrained(
            config.model if checkpoint is None else str(checkpoint),
            temperature=config.temperature,
            max_new_tokens=length,
            device=config.device,
        )
        settings = GRPOConfig(
            learning_rate=config.challenger_learning_rate if challenger else config.learning_rate,
            beta=config.kl,
            temperature=config.temperature,
            max_new_tokens=length,
        )
        trainer = GRPOTrainer(agent, settings, reference=base)
        if checkpoint is not None:
            trainer.load_tensors(load_optimiser(checkpoint))
        return cls(role, agent, trainer)

    def save(self, path: Path) -> None:
        """Write a checkpoint."""
        save_checkpoint(path, self.agent, self.trainer.tensors())


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
        import shutil

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


def base_agent(config: RunConfig) -> LLMAgent:
    """The model both seats start from; it stays as it is, as the reference of the KL term."""
    from ..agents.llm import LLMAgent

    agent = LLMAgent.from_pretrained(config.model, temperature=config.temperature, device=config.device)
    model: Any = agent.model
    model.requires_grad_(False)
    if model.config.max_position_embeddings <= config.max_new_tokens:
        raise RunError(
            f"max_new_tokens={config.max_new_tokens} leaves no room in a context of "
            f"{model.config.max_position_embeddings} tokens; set it lower"
        )
    return agent
