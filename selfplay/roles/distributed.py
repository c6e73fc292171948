"""Roles of a run that several processes play together: the same in each of them, sampled from and trained as one.

Rank 0 plays the run as if it were alone (`run.py` knows nothing of this); wherever it samples from a role, trains it,
or saves it, the other ranks do their part. What is read from the run folder, every process reads itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..storage.checkpoint import save_checkpoint
from .role import Role

if TYPE_CHECKING:
    from torch import Tensor

    from ...agents.distributed.placement import Placement
    from ...agents.distributed.process_group import ProcessGroup
    from ...agents.models.llm import LLMAgent


class DistributedRole(Role):
    """A role whose checkpoints rank 0 writes."""

    def save(self, path: Path) -> None:
        self._check_sound()
        self.trainer.placement.group.run_on_all(self.save_on_rank, path)

    def save_on_rank(self, path: Path) -> None:
        """What every process does of a `save`: put its shards together with the others', if it has shards."""
        placement = self.trainer.placement
        if not (placement.group.is_rank0 or placement.in_shards):
            return
        tensors, weights = self.trainer.tensors(), placement.weights()
        if placement.group.is_rank0:
            save_checkpoint(path, self.agent if weights is None else Gathered(self.agent, weights), tensors)


class Gathered:
    """An agent to save whose weights, held in shards, were gathered before."""

    def __init__(self, agent: LLMAgent, weights: Mapping[str, Tensor]) -> None:
        self.agent, self.weights = agent, dict(weights)

    def save_pretrained(self, folder: Path) -> None:
        """See `LLMAgent.save_pretrained`."""
        from ...agents.models.progress_bars import without_bars

        with without_bars():
            self.agent.model.save_pretrained(str(folder), state_dict=self.weights)
        self.agent.tokenizer.save_pretrained(str(folder))


def place(agents: Mapping[str, LLMAgent], group: ProcessGroup, sharding: str) -> dict[str, Placement]:
    """Where each role's weights live: whole in every process, or from now on in shards."""
    from ...agents.distributed.placement import Placement, Sharded

    if sharding == "none":
        return {name: Placement(group) for name in agents}
    return {name: Sharded(group, agent.model, name) for name, agent in agents.items()}


def distribute(role: Role, group: ProcessGroup) -> DistributedRole:
    """A role that samples, trains and saves together with its twins in the other processes."""
    from ...agents.distributed.parallel_sampler import ParallelSampler
    from ...agents.inference.sampling import LocalSampler

    trainer, local = role.trainer, role.agent.sampler
    if isinstance(local, LocalSampler):
        sampler = ParallelSampler(local, trainer.placement, role.agent.active)
        role.agent.sampler = trainer.agent.sampler = sampler
        group.register(f"{role.name}.sample", sampler.sample_on_rank)
    shared = DistributedRole(role.name, role.agent, trainer, role.saves)
    group.register(f"{role.name}.update", trainer.update_on_rank)
    group.register(f"{role.name}.l2_sp", trainer.l2_sp_on_rank)
    group.register(f"{role.name}.save", shared.save_on_rank)
    return shared
