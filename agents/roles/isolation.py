"""How far apart the roles of one game live, by name.

    isolation   weights                         training one role leaves of the other …
    "copies"    a model per role                everything
    "lora"      one base, an adapter per role   its adapter; with trunk="frozen" its whole policy
    "prompt"    one model                       nothing: what is learnt as one is known as the other
    "tokens"    one model, a vector per type    nothing; but in one sequence its private text stays unseen

`docs/roles.md` says which to choose and what is saved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...core.errors import ConfigError, UnknownNameError
from ..models.llm import LLMAgent
from ..training.config import GRPOConfig
from ..training.trainer import GRPOTrainer
from .lora import AdapterAgent, adapter_names, fork
from .role_agent import ROLE_FILE, TRUNK, RoleAgent, RoleRecord, seated
from .token_types import mark
from .trainers import RoleTrainer, SharedTrainer, in_company

__all__ = ["ISOLATIONS", "ROLES", "TRUNKS", "role_agent", "seat_models", "seat_trainers", "seated", "shares_weights"]

ROLES = ("challenger", "solver")
ISOLATIONS = ("copies", "lora", "prompt", "tokens")
TRUNKS = ("frozen", "trained")


def shares_weights(isolation: str, trunk: str = "frozen") -> bool:
    """Whether training one role moves weights the other acts with. Such roles are saved together: one checkpoint holds
    all of them."""
    _check(isolation, trunk)
    return isolation in ("prompt", "tokens") or (isolation == "lora" and trunk == "trained")


def seat_models(
    name: str | Path,
    isolation: str = "copies",
    *,
    roles: Sequence[str] = ROLES,
    trunk: str = "frozen",
    rank: int = 16,
    seed: int = 0,
    checkpoints: Mapping[str, Path] | None = None,
    devices: Mapping[str, str] | None = None,
    **options: Any,
) -> dict[str, LLMAgent]:
    """An agent per role, all starting as the model `name`.

    Args:
        name: what `LLMAgent.from_pretrained` takes.
        isolation: see above.
        trunk: of "lora", whether the base is "frozen" or "trained".
        rank: of new LoRA adapters.
        seed: fixes what is drawn for new adapters.
        checkpoints: folders written by `save_pretrained` of these agents, for roles that have learnt already.
        devices: of "copies", where roles live that do not live at `options["device"]`.
        options: of `LLMAgent.from_pretrained`, for every role; `with_settings` changes them for one.

    Raises:
        ConfigError: unknown isolation, or different checkpoints or devices for roles that share their weights.
        MissingExtraError: "lora" without peft.
        RunError: a checkpoint does not fit.
    """
    _check(isolation, trunk)
    saved = {role: Path(folder) for role, folder in (checkpoints or {}).items()}
    if isolation == "copies":
        own = {role: {**options, "device": place} for role, place in (devices or {}).items()}
        return {role: LLMAgent.from_pretrained(saved.get(role, name), **own.get(role, options)) for role in roles}
    if devices:
        raise ConfigError(f"roles that share a model live on one device: {dict(devices)} needs isolation='copies'")
    start: str | Path = name
    if shares_weights(isolation, trunk) and saved:
        if len(set(saved.values())) > 1 or set(saved) != set(roles):
            named = {role: str(folder) for role, folder in saved.items()}
            raise ConfigError(f"roles that share weights have one checkpoint, the same for all; got {named}")
        folder = next(iter(saved.values()))
        start = folder if isolation == "prompt" else folder / TRUNK
    base = LLMAgent.from_pretrained(start, **options)
    record = RoleRecord(isolation, tuple(roles), roles[0], _lasting(name), trunk)
    if isolation == "lora":
        return dict(fork(base, record, rank=rank, seed=seed, checkpoints=saved))
    if isolation == "tokens":
        return dict(mark(base, record, checkpoints=saved))
    shared = {"settings": base.settings, "system": base.system}
    return {role: RoleAgent(base.model, base.tokenizer, role=role, **shared) for role in roles}  # type: ignore[arg-type]


def seat_trainers(
    agents: Mapping[str, LLMAgent],
    configs: Mapping[str, GRPOConfig],
    *,
    reference: LLMAgent | None = None,
) -> dict[str, GRPOTrainer]:
    """A trainer per role for agents of `seat_models`.

    Args:
        configs: settings per role.
        reference: the base model, for roles with `beta` > 0. A frozen trunk needs none: without its adapter it is one.

    Raises:
        ConfigError: a KL term without anything fixed to refer to, or settings that a shared optimiser cannot have.
    """
    shared = [agent for agent in agents.values() if isinstance(agent, RoleAgent)]
    if not shared:
        return {role: GRPOTrainer(agent, configs[role], reference=reference) for role, agent in agents.items()}
    forks = [agent for agent in shared if isinstance(agent, AdapterAgent)]
    if forks and forks[0].record.trunk == "frozen":
        return {agent.role: RoleTrainer(agent, configs[agent.role], reference=reference) for agent in shared}
    if reference is None and any(config.beta > 0 for config in configs.values()):
        raise ConfigError("beta > 0 needs reference=LLMAgent of the base model: these roles move the model they share")
    trainers = {agent.role: SharedTrainer(agent, configs[agent.role], reference=reference) for agent in shared}
    in_company(trainers, one_optimizer=not forks)
    return dict(trainers)


def role_agent(folder: str | Path, *, role: str | None = None, **options: Any) -> LLMAgent:
    """One agent from a checkpoint of `save_pretrained`, whatever the isolation was.

    Args:
        role: which of the roles in the folder; `None` means the one whose agent saved it.
        options: of `LLMAgent.from_pretrained`.

    Raises:
        ConfigError: the folder does not hold that role.
    """
    folder = Path(folder)
    if not (folder / ROLE_FILE).is_file():
        return LLMAgent.from_pretrained(folder, **options)
    record = RoleRecord.read(folder)
    role = role or record.plays
    if role not in record.roles:
        raise UnknownNameError("role", role, record.roles)
    together = record.isolation == "tokens" or bool(adapter_names(folder, record.roles))
    agents = seat_models(
        folder / TRUNK if together else record.base,
        record.isolation,
        roles=record.roles,
        trunk=record.trunk,
        checkpoints=dict.fromkeys(record.roles, folder),
        **options,
    )
    return agents[role]


def _lasting(name: str | Path) -> str:
    """The name of the base as a checkpoint keeps it: a folder by its full path."""
    return str(Path(name).resolve()) if Path(name).is_dir() else str(name)


def _check(isolation: str, trunk: str) -> None:
    if isolation not in ISOLATIONS:
        raise UnknownNameError("isolation", isolation, ISOLATIONS)
    if trunk not in TRUNKS:
        raise UnknownNameError("trunk", trunk, TRUNKS)
