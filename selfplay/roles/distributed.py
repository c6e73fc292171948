"""Roles of a run that several processes play together: the same in each of them, sampled from and trained as one.

Rank 0 plays the run as if it were alone (`run.py` knows nothing of this); wherever it samples from a role, trains it,
or saves it, the other ranks do their part. What is read from the run folder, every process reads itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..settings.parts import ComputeConfig
from ..storage.checkpoint import SHARDS, checkpoint_draft, draft_path, load_optimiser, save_checkpoint
from .role import Role

if TYPE_CHECKING:
    from torch import Tensor

    from ...agents.distributed.placement import Placement
    from ...agents.distributed.process_group import ProcessGroup
    from ...agents.models.llm import LLMAgent
    from ...agents.training.trainer import GRPOTrainer


class DistributedRole(Role):
    """A role whose checkpoints rank 0 writes."""

    def save(self, path: Path) -> None:
        self._check_sound()
        self.trainer.placement.group.run_on_all(self.save_on_rank, path)

    def save_on_rank(self, path: Path) -> None:
        """What every process does of a `save`: nothing but on rank 0, or write its shard of the optimiser's state and
        help to put the weights together."""
        from ...agents.distributed.shard_files import write_shards
        from ...agents.distributed.sharded import Sharded

        trainer = self.trainer
        placement, group = trainer.placement, trainer.placement.group
        if not isinstance(placement, Sharded):
            if group.is_rank0:
                save_checkpoint(path, self.agent, trainer.tensors())
            return
        with checkpoint_draft(path) if group.is_rank0 else nullcontext(draft_path(path)) as draft:
            if group.is_rank0:
                (draft / SHARDS).mkdir()
            group.meet()  # the folder is there
            write_shards(draft / SHARDS, trainer.tensors(), group)
            weights = placement.weights()
            if group.is_rank0:
                Gathered(self.agent, weights).save_pretrained(draft)


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


def place(
    agents: Mapping[str, LLMAgent], group: ProcessGroup, compute: ComputeConfig, precision: str | None
) -> dict[str, Placement]:
    """Where each role's weights live: whole in every process, or from now on in shards, which updates put together in
    the `precision` of their products."""
    from ...agents.distributed.placement import Placement
    from ...agents.distributed.sharded import Sharded

    if compute.sharding == "none":
        return {name: Placement(group) for name in agents}
    how: dict[str, Any] = {"precision": precision, "gather_to_sample": compute.gather_to_sample}
    return {name: Sharded(group, agent.model, agent.decoder, name, **how) for name, agent in agents.items()}


def place_references(trainers: Mapping[str, GRPOTrainer], group: ProcessGroup, compute: ComputeConfig) -> None:
    """The same for the references of KL terms, each once however many roles have it."""
    from ...agents.distributed.sharded import Sharded

    if compute.sharding == "none":
        return
    placed: dict[int, Placement] = {}
    for name, trainer in trainers.items():
        agent, precision = trainer.reference, trainer.config.autocast
        if agent is None:
            continue
        if id(agent) not in placed:
            placed[id(agent)] = Sharded(group, agent.model, agent.decoder, f"{name}.reference", precision=precision)
        trainer.reference_placement = placed[id(agent)]


def optimiser_of(path: Path, trainer: GRPOTrainer) -> dict[str, Tensor]:
    """The state of a trainer in a checkpoint, whoever wrote it; all processes call it."""
    if not (path / SHARDS).is_dir():
        return load_optimiser(path)
    from ...agents.distributed.shard_files import read_shards
    from ...agents.training.optimiser_state import parameter_of

    here = dict(trainer.agent.model.named_parameters()) if trainer.placement.in_shards else {}
    return read_shards(path / SHARDS, partial(parameter_of, trained=here), trainer.placement.group)


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
