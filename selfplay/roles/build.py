"""Agents and trainers made from a run's settings and checkpoints.

How far apart roles are is `weight_sharing` of each: a model of its own, an adapter on a common base, or one model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.errors import ConfigError, RunError, asked_by
from ...core.registries import make_sampler
from ..settings.config import RunConfig
from ..storage.checkpoint import check_checkpoint
from .distributed import distribute, optimiser_of, place, place_references
from .drawing import drawing_as
from .role import BuildRoles, Role

if TYPE_CHECKING:
    from ...agents.distributed.placement import Placement
    from ...agents.distributed.process_group import ProcessGroup
    from ...agents.models.llm import LLMAgent
    from ...agents.training.config import GRPOConfig
    from ...agents.training.trainer import GRPOTrainer


def build_roles(
    config: RunConfig,
    names: Sequence[str],
    checkpoints: Mapping[str, Path],
    references: Mapping[str, Path] | None = None,
    group: ProcessGroup | None = None,
) -> dict[str, Role]:
    """The roles `names`: each from its checkpoint, or from its model when it has none yet.

    Args:
        references: checkpoints the KL term pulls to, per role; the base model where there is none.
        group: the processes that build the same roles; see `build_on_all`.

    Raises:
        RunError: a checkpoint is missing or damaged, or a model cannot write as much as it should.
        ConfigError: settings that these models or processes cannot have.
    """
    references = references or {}
    for path in dict.fromkeys([*checkpoints.values(), *references.values()]):
        check_checkpoint(path)
    agents, placements = _agents(config, names, checkpoints, group)  # placed before there are optimisers
    for name, agent in agents.items():
        _check_room(agent, config.roles[name].max_new_tokens, name)
    bases = {name: _base_of(config, name, group) for name in names}
    trainers = _trainers(config, agents, _reference_models(config, names, bases, group))
    for name, placement in placements.items():
        trainers[name].placement = placement
    for trainer in trainers.values():
        for_training = getattr(trainer.agent.sampler, "for_training", None)
        trainer.agent.sampler = trainer.agent.sampler if for_training is None else for_training()
    for name, path in checkpoints.items():
        trainers[name].load_tensors(optimiser_of(path, trainers[name]))
    for name, path in references.items():
        if config.roles[name].grpo.kl_weight:
            trainers[name].reference = base_agent(config, name, model=str(path), device=bases[name][1])
    if group is not None:
        place_references(trainers, group, config.compute)
    sharing = tuple(name for name in names if config.roles[name].shares_trained_weights)
    roles = {n: Role(n, agents[n], trainers[n], sharing if n in sharing else (n,)) for n in names}
    return roles if group is None else {name: distribute(role, group) for name, role in roles.items()}


def build_on_all(group: ProcessGroup) -> BuildRoles:
    """`build_roles` for rank 0; every process calls this once, and so knows its part."""
    build = partial(build_roles, group=group)
    group.register("build", build)
    return partial(group.run_on_all, build)


def base_agent(config: RunConfig, name: str, *, model: str | None = None, device: str | None = None) -> LLMAgent:
    """The model a role starts from, or another one; it stays as it is, as the reference of the KL term."""
    from ...agents.load import load_agent

    row = config.roles[name]
    agent = load_agent(
        model or row.model,
        temperature=row.grpo.temperature,
        device=device or device_of(config, name),
        dtype=config.compute.dtype,
    )
    agent.model.requires_grad_(False)
    return agent


def device_of(config: RunConfig, name: str) -> str:
    """Where the model of a role lives in a single process.

    Raises:
        ConfigError: this machine has no such device; names the setting.
    """
    from ...agents.inference.devices import check_device

    own = config.roles[name].device
    device = own or config.compute.device
    check_device(f"roles.{name}.device" if own else "compute.device", device)
    return device


def grpo_config(config: RunConfig, name: str) -> GRPOConfig:
    """The settings of a role's updates: its own, with the run's precision where it says nothing."""
    own = config.roles[name].grpo
    autocast = None if config.compute.autocast == "none" else config.compute.autocast
    return replace(own, autocast=own.autocast or autocast)


def _agents(
    config: RunConfig, names: Sequence[str], checkpoints: Mapping[str, Path], group: ProcessGroup | None
) -> tuple[dict[str, LLMAgent], dict[str, Placement]]:
    """Every role's agent, and where its weights live in a group. Roles that share weights are made together; the others
    one by one, so that only one model at a time is whole where they are sharded."""
    from ...agents.roles.weight_sharing import build_agents

    made: dict[str, LLMAgent] = {}
    placements: dict[str, Placement] = {}
    for together in _families(config, names):
        first = config.roles[together[0]]
        agents = build_agents(
            first.model,
            first.weight_sharing,
            roles=together,
            trunk=first.trunk,
            rank=first.adapter_rank,
            seed=config.seed,
            checkpoints={name: checkpoints[name] for name in together if name in checkpoints},
            temperature=first.grpo.temperature,
            device=_device(config, together[0], group),
            dtype=config.compute.dtype,
        )
        made |= agents
        if group is not None:
            precision = grpo_config(config, together[0]).autocast
            placements |= place(agents, group, config.compute, precision)
    found = {}
    for name in names:
        found[name] = drawing_as(made[name], config, name)
        if config.compute.sampler != "local":
            found[name] = found[name].with_settings(sampler=_sampler(config, name, found[name]))
    return found, placements


def _sampler(config: RunConfig, name: str, agent: LLMAgent) -> Any:
    """Where a role's completions come from, if not from the model in this process.

    Raises:
        ConfigError: the role learns, and its completions would be those of weights that training does not move.
    """
    with asked_by("compute.sampler", config.compute.sampler):
        sampler = make_sampler(config.compute.sampler, agent=agent)
    if config.roles[name].learns and not getattr(sampler, "follows", False):
        raise ConfigError(
            f"compute.sampler={config.compute.sampler!r} samples from weights that training does not move, but "
            f"roles.{name} learns. A server takes over adapters only: give all roles weight_sharing='lora' with "
            f"trunk='frozen' and use vllm(url=…) or sglang(url=…); or set roles.{name}.learns=false"
        )
    return sampler


def _families(config: RunConfig, names: Sequence[str]) -> list[tuple[str, ...]]:
    """Roles with a model of their own, one by one, and those that share weights, together."""
    sharing = tuple(name for name in names if config.roles[name].weight_sharing != "copies")
    families: list[tuple[str, ...]] = [(name,) for name in names if name not in sharing]
    return [*families, sharing] if sharing else families


def _trainers(
    config: RunConfig, agents: Mapping[str, LLMAgent], references: Mapping[str, LLMAgent | None]
) -> dict[str, GRPOTrainer]:
    from ...agents.roles.weight_sharing import build_trainers

    made: dict[str, GRPOTrainer] = {}
    for together in _families(config, list(agents)):
        own = {name: agents[name] for name in together}
        settings = {name: grpo_config(config, name) for name in together}
        made |= build_trainers(own, settings, reference=references[together[0]])
    return made


def _base_of(config: RunConfig, name: str, group: ProcessGroup | None) -> tuple[str, str]:
    """Which model a role starts from, and where it lives: roles that have both alike share a reference."""
    return config.roles[name].model, _device(config, name, group)


def _reference_models(
    config: RunConfig, names: Sequence[str], bases: Mapping[str, tuple[str, str]], group: ProcessGroup | None
) -> dict[str, LLMAgent | None]:
    """The base model for each role with a KL term. Under a frozen trunk it is in there already."""
    loaded: dict[tuple[str, str], LLMAgent] = {}
    found: dict[str, LLMAgent | None] = {}
    for name in names:
        row = config.roles[name]
        still_there = row.weight_sharing == "lora" and row.trunk == "frozen"
        family = names if row.weight_sharing != "copies" else (name,)
        if still_there or not any(config.roles[one].grpo.kl_weight for one in family):
            found[name] = None
            continue
        if bases[name] not in loaded:
            loaded[bases[name]] = base_agent(config, name, device=bases[name][1])
        found[name] = loaded[bases[name]]
    return found


def _device(config: RunConfig, name: str, group: ProcessGroup | None) -> str:
    own = config.roles[name].device
    if group is None or group.device is None:
        return device_of(config, name)
    if own:
        raise ConfigError(f"roles.{name}.device is for a single process; several have a device each")
    return group.device


def _check_room(agent: LLMAgent, length: int, name: str) -> None:
    context = getattr(agent.model.config, "max_position_embeddings", None)
    if context is not None and context <= length:
        raise RunError(
            f"roles.{name}.max_new_tokens={length} leaves no room in a context of {context} tokens; set it lower"
        )
