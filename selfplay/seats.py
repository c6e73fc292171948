"""The two seats of a run: whoever plays a role, its trainer, and its checkpoints.

How far apart the seats are is `RunConfig.isolation`: models of their own, adapters on one base, or one model for both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import ConfigError, RunError
from .checkpoint import check_checkpoint, load_optimiser, save_checkpoint
from .config import RunConfig

if TYPE_CHECKING:
    from ..agents.llm import LLMAgent
    from ..agents.trainer import GRPOTrainer
    from ..agents.world import World

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


def fill_seats(
    config: RunConfig,
    roles: Sequence[str],
    checkpoints: Mapping[str, Path],
    references: Mapping[str, Path] | None = None,
    world: World | None = None,
) -> dict[str, Seat]:
    """Seat `roles`: each from its checkpoint, or from the base model when it has none yet.

    Args:
        references: checkpoints the KL term pulls to, per role; the base model where there is none.
        world: the processes that fill the same seats; see `world_seats.fill_together`.

    Raises:
        RunError: a checkpoint is missing or damaged, or the base cannot write as much as it should.
        ConfigError: settings that these models or processes cannot have.
    """
    from ..agents.config import GRPOConfig
    from ..agents.roles import seat_models, seat_trainers, shares_weights
    from .world_seats import place, seat_in_world

    if world is not None:
        if config.challenger_device:
            raise ConfigError("challenger_device is for a single process; several have a device each")
        config = config.replace(device=world.device)
    references = references or {}
    for path in dict.fromkeys([*checkpoints.values(), *references.values()]):
        check_checkpoint(path)
    loaded = seat_models(
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
            beta=config.kl,
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
    trainers = seat_trainers(agents, settings, reference=reference)
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
    """The model all seats start from; it stays as it is, as the reference of the KL term."""
    from ..agents.llm import LLMAgent

    agent = LLMAgent.from_pretrained(
        config.model, temperature=config.temperature, device=config.device, dtype=config.dtype
    )
    agent.model.requires_grad_(False)
    return agent


def _length(config: RunConfig, role: str) -> int:
    return config.challenger_max_new_tokens if role == "challenger" else config.max_new_tokens


def _check_room(agent: LLMAgent, length: int) -> None:
    context = getattr(agent.model.config, "max_position_embeddings", None)
    if context is not None and context <= length:
        raise RunError(f"max_new_tokens={length} leaves no room in a context of {context} tokens; set it lower")
