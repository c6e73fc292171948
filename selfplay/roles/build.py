"""Who sits in the seats: agents and trainers made from a run's settings and checkpoints.

How far apart the seats are is `RunConfig.isolation`: models of their own, adapters on one base, or one model for both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import ConfigError, RunError
from ..settings.config import RunConfig
from ..storage.checkpoint import check_checkpoint, load_optimiser
from .distributed import place, seat_in_world
from .role import FillSeats, Seat

if TYPE_CHECKING:
    from ...agents.distributed.process_group import ProcessGroup
    from ...agents.models.llm import LLMAgent


def fill_seats(
    config: RunConfig,
    roles: Sequence[str],
    checkpoints: Mapping[str, Path],
    references: Mapping[str, Path] | None = None,
    world: ProcessGroup | None = None,
) -> dict[str, Seat]:
    """Seat `roles`: each from its checkpoint, or from the base model when it has none yet.

    Args:
        references: checkpoints the KL term pulls to, per role; the base model where there is none.
        world: the processes that fill the same seats; see `fill_together`.

    Raises:
        RunError: a checkpoint is missing or damaged, or the base cannot write as much as it should.
        ConfigError: settings that these models or processes cannot have.
    """
    from ...agents.roles.weight_sharing import build_agents, build_trainers, shares_weights
    from ...agents.training.config import GRPOConfig

    if world is not None:
        if config.challenger_device:
            raise ConfigError("challenger_device is for a single process; several have a device each")
        config = config.replace(device=world.device)
    references = references or {}
    for path in dict.fromkeys([*checkpoints.values(), *references.values()]):
        check_checkpoint(path)
    loaded = build_agents(
        config.model,
        config.isolation,
        roles=roles,
        trunk=config.trunk,
        rank=config.adapter_rank,
        seed=config.seed,
        checkpoints=checkpoints,
        devices={"challenger": config.challenger_device} if config.challenger_device else None,
        temperature=config.temperature,
        device=config.device,
        dtype=config.dtype,
    )
    agents = {role: agent.with_settings(max_new_tokens=_length(config, role)) for role, agent in loaded.items()}
    settings = {
        role: GRPOConfig(
            learning_rate=config.challenger_learning_rate if role == "challenger" else config.learning_rate,
            kl_weight=config.kl,
            temperature=config.temperature,
            max_new_tokens=_length(config, role),
            autocast=None if config.autocast == "none" else config.autocast,
            micro_batch_tokens=config.micro_batch_tokens,
            gradient_checkpointing=config.gradient_checkpointing,
        )
        for role in roles
    }
    for role, agent in agents.items():
        _check_room(agent, _length(config, role))
    without_adapter = config.isolation == "lora" and config.trunk == "frozen"  # the base is still in there
    reference = None if config.kl == 0 or without_adapter else base_agent(config)
    placements = {} if world is None else place(agents, world, config.sharding)  # before there are optimisers
    trainers = build_trainers(agents, settings, reference=reference)
    for role, placement in placements.items():
        trainers[role].placement = placement
    for role, path in checkpoints.items():
        trainers[role].load_tensors(load_optimiser(path))
    for role, path in references.items():
        if config.kl:
            trainers[role].reference = base_agent(config.replace(model=str(path)))
    together = shares_weights(config.isolation, config.trunk)
    seats = {role: Seat(role, agents[role], trainers[role], roles if together else (role,)) for role in roles}
    return seats if world is None else {role: seat_in_world(seat, world) for role, seat in seats.items()}


def fill_together(world: ProcessGroup) -> FillSeats:
    """`fill_seats` for the process that leads; every process calls this once, and so knows how to take part."""
    fill = partial(fill_seats, world=world)
    world.register("fill", fill)
    return partial(world.run_on_all, fill)


def base_agent(config: RunConfig) -> LLMAgent:
    """The model all seats start from; it stays as it is, as the reference of the KL term."""
    from ...agents.load import load_agent

    agent = load_agent(config.model, temperature=config.temperature, device=config.device, dtype=config.dtype)
    agent.model.requires_grad_(False)
    return agent


def _length(config: RunConfig, role: str) -> int:
    return config.challenger_max_new_tokens if role == "challenger" else config.max_new_tokens


def _check_room(agent: LLMAgent, length: int) -> None:
    context = getattr(agent.model.config, "max_position_embeddings", None)
    if context is not None and context <= length:
        raise RunError(f"max_new_tokens={length} leaves no room in a context of {context} tokens; set it lower")
