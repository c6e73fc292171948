"""How the roles of one game share weights, by name.

    weight_sharing   weights                         training one role leaves of the other …
    "copies"         a model per role                everything
    "lora"           one base, an adapter per role   its adapter; with trunk="frozen" its whole policy
    "prompt"         one model                       nothing: what is learnt as one is known as the other
    "tokens"         one model, a vector per type    nothing; but in one sequence its private text stays unseen

`docs/roles.md` says which to choose and what is saved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...core.errors import ConfigError
from ..load import load_agent
from ..model_names import lasting_name
from ..models.llm import LLMAgent
from ..training.config import GRPOConfig
from ..training.trainer import GRPOTrainer
from .lora import AdapterAgent, add_adapters
from .role_agent import TRUNK, RoleAgent, RoleRecord
from .sharing_kinds import TRUNKS, WEIGHT_SHARING, check_sharing, shares_weights
from .token_types import add_token_types
from .trainers import RoleTrainer, SharedTrainer, link_trainers

__all__ = ["ROLES", "TRUNKS", "WEIGHT_SHARING", "build_agents", "build_trainers", "shares_weights"]

ROLES = ("challenger", "solver")


def build_agents(
    name: str | Path,
    weight_sharing: str = "copies",
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
        name: what `load_agent` takes.
        weight_sharing: see above.
        roles: those that share; where only some do, call this once for each set of roles.
        trunk: of "lora", whether the base is "frozen" or "trained".
        rank: of new LoRA adapters.
        seed: fixes what is drawn for new adapters.
        checkpoints: folders written by `save_pretrained` of these agents, for roles that have learnt already.
        devices: of "copies", where roles live that do not live at `options["device"]`.
        options: of `LLMAgent.from_pretrained`, for every role; `with_settings` changes them for one.

    Raises:
        ConfigError: unknown weight sharing, or different checkpoints or devices for roles that share their weights.
        MissingExtraError: "lora" without peft.
        RunError: a checkpoint does not fit.
    """
    check_sharing(weight_sharing, trunk)
    saved = {role: Path(folder) for role, folder in (checkpoints or {}).items()}
    if weight_sharing == "copies":
        own = {role: {**options, "device": device} for role, device in (devices or {}).items()}
        return {role: load_agent(saved.get(role, name), **own.get(role, options)) for role in roles}
    if devices:
        raise ConfigError(f"roles that share a model live on one device: {dict(devices)} needs weight_sharing='copies'")
    start: str | Path = name
    if shares_weights(weight_sharing, trunk) and saved:
        folder = _one_checkpoint(saved, roles)
        start = folder if weight_sharing == "prompt" else folder / TRUNK
    base = load_agent(start, **options)
    record = RoleRecord(weight_sharing, tuple(roles), roles[0], lasting_name(name), trunk)
    if weight_sharing == "lora":
        return dict(add_adapters(base, record, rank=rank, seed=seed, checkpoints=saved))
    if weight_sharing == "tokens":
        return dict(add_token_types(base, record, checkpoints=saved))
    shared: dict[str, Any] = {"settings": base.settings, "system": base.system}
    return {role: RoleAgent(base.model, base.tokenizer, role=role, **shared) for role in roles}


def build_trainers(
    agents: Mapping[str, LLMAgent],
    configs: Mapping[str, GRPOConfig],
    *,
    reference: LLMAgent | None = None,
) -> dict[str, GRPOTrainer]:
    """A trainer per role for agents of `build_agents`; only roles with one model are linked, so sets may be joined.

    Args:
        configs: settings per role.
        reference: the base model, for roles with `kl_weight` > 0. A frozen trunk needs none: without its adapter it is
            one.

    Raises:
        ConfigError: a KL term without anything fixed to refer to, or settings that a shared optimiser cannot have.
    """
    by_model: dict[int, dict[str, LLMAgent]] = {}
    for role, agent in agents.items():
        by_model.setdefault(id(agent.model), {})[role] = agent
    found: dict[str, GRPOTrainer] = {}
    for sharing in by_model.values():
        found |= _trainers_of_one_model(sharing, configs, reference)
    return {role: found[role] for role in agents}


def _trainers_of_one_model(
    agents: Mapping[str, LLMAgent], configs: Mapping[str, GRPOConfig], reference: LLMAgent | None
) -> dict[str, GRPOTrainer]:
    shared = {role: agent for role, agent in agents.items() if isinstance(agent, RoleAgent)}
    if not shared:
        return {role: GRPOTrainer(agent, configs[role], reference=reference) for role, agent in agents.items()}
    adapters = [agent for agent in shared.values() if isinstance(agent, AdapterAgent)]
    if adapters and adapters[0].record.trunk == "frozen":
        return {role: RoleTrainer(agent, configs[role], reference=reference) for role, agent in shared.items()}
    if reference is None and any(configs[role].kl_weight > 0 for role in shared):
        raise ConfigError(
            "kl_weight > 0 needs reference=LLMAgent of the base model: these roles move the model they share"
        )
    trainers = {role: SharedTrainer(agent, configs[role], reference=reference) for role, agent in shared.items()}
    link_trainers(trainers, one_optimizer=not adapters)
    return dict(trainers)


def _one_checkpoint(saved: Mapping[str, Path], roles: Sequence[str]) -> Path:
    if len(set(saved.values())) > 1 or set(saved) != set(roles):
        named = {role: str(folder) for role, folder in saved.items()}
        raise ConfigError(f"roles that share weights have one checkpoint, the same for all; got {named}")
    return next(iter(saved.values()))
