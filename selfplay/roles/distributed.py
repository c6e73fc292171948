"""Seats of a run that several processes play together: the same in each of them, sampled from and trained as one.

The process that leads plays the run as if it were alone (`rounds.py` knows nothing of this); wherever it samples from a
seat, trains it, or saves it, the others take part. What is read from the run folder, every process reads itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..storage.checkpoint import save_checkpoint
from .role import Seat

if TYPE_CHECKING:
    from torch import Tensor

    from ...agents.distributed.placement import Placement
    from ...agents.distributed.process_group import ProcessGroup
    from ...agents.models.llm import LLMAgent


class WorldSeat(Seat):
    """A seat whose checkpoints the leading process writes."""

    def save(self, path: Path) -> None:
        self.trainer.placement.group.run_on_all(self.take_part_in_save, path)

    def take_part_in_save(self, path: Path) -> None:
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


def place(agents: Mapping[str, LLMAgent], world: ProcessGroup, sharding: str) -> dict[str, Placement]:
    """Where each role's weights live: whole in every process, or from now on in shards."""
    from ...agents.distributed.placement import Placement, Sharded

    if sharding == "none":
        return {role: Placement(world) for role in agents}
    return {role: Sharded(world, agent.model, role) for role, agent in agents.items()}


def seat_in_world(seat: Seat, world: ProcessGroup) -> WorldSeat:
    """A seat that samples, trains and saves together with its twins in the other processes."""
    from ...agents.distributed.parallel_sampler import ParallelSampler
    from ...agents.inference.sampling import LocalSampler

    trainer, local = seat.trainer, seat.agent.sampler
    if isinstance(local, LocalSampler):
        sampler = ParallelSampler(local, trainer.placement, seat.agent.active)
        seat.agent.sampler = trainer.agent.sampler = sampler
        world.register(f"{seat.role}.sample", sampler.sample_on_rank)
    shared = WorldSeat(seat.role, seat.agent, trainer, seat.saves)
    world.register(f"{seat.role}.update", trainer.update_on_rank)
    world.register(f"{seat.role}.pull", trainer.l2_sp_on_rank)
    world.register(f"{seat.role}.save", shared.take_part_in_save)
    return shared
