"""One shared base, one LoRA adapter per role (peft): the roles differ where the adapters are, and nowhere else.

    trunk="frozen"    only adapters learn. Training one role leaves the other's policy as it is, bit for bit; switched
                      off, the adapters give the base back, which serves as the reference of the KL term at no memory.
    trunk="trained"   the base learns too, from both roles; the adapter of the idle role stays as it is.

An adapter starts as the identity (B = 0), so both roles start as the base. No dropout: the policy that is trained must
be the policy that sampled.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...core.errors import ConfigError, MissingExtraError, RunError
from ...core.options.paths import path_of
from ...core.seeding import integer_seed
from ..models.llm import LLMAgent
from ..models.progress_bars import without_bars
from .role_agent import TRUNK, RoleAgent, RoleRecord

WEIGHTS, SETTINGS = "adapter_model.safetensors", "adapter_config.json"


class AdapterAgent(RoleAgent):
    """The role that plays with its own adapter.

    Args:
        model: a peft model with an adapter named like every role of `record`.
        record: how the roles share the model; written into checkpoints.
    """

    def __init__(self, model: Any, tokenizer: Any, *, role: str, record: RoleRecord, **options: Any) -> None:
        super().__init__(model, tokenizer, role=role, **options)
        self.record = record

    @contextmanager
    def active(self) -> Iterator[None]:
        before = self.model.active_adapter
        if before == self.role:
            yield
            return
        self.model.set_adapter(self.role)
        try:
            yield
        finally:
            self.model.set_adapter(before)

    def save_pretrained(self, folder: str | Path) -> None:
        """Write what the role owns: its adapter in peft's format; with a trained trunk the trunk and every adapter."""
        folder = path_of("folder", folder, "models/mine")
        folder.mkdir(parents=True, exist_ok=True)
        if self.record.trunk == "frozen":
            save_adapter(self.model, self.role, folder)
            replace(self.record, roles=(self.role,), plays=self.role).write(folder)
            return
        for role in self.record.roles:
            save_adapter(self.model, role, folder / role)
        base = self.model.get_base_model()
        state = {name.replace(".base_layer.", "."): value for name, value in base.state_dict().items()}
        own = {name: value for name, value in state.items() if ".lora_" not in name}
        with without_bars():
            base.save_pretrained(str(folder / TRUNK), state_dict=own)
        self.tokenizer.save_pretrained(str(folder / TRUNK))
        replace(self.record, plays=self.role).write(folder)


def add_adapters(
    base: LLMAgent,
    record: RoleRecord,
    *,
    rank: int,
    seed: int,
    checkpoints: Mapping[str, Path],
) -> dict[str, AdapterAgent]:
    """Put an adapter per role on the base's model, which is changed by this; an agent for each.

    Args:
        rank: of new adapters; their scale α/r is 2.
        seed: fixes the random half A of new adapters.
        checkpoints: folders of roles that are not new.

    Raises:
        MissingExtraError: peft is not installed.
        ConfigError: peft knows no adapters for this model, or it cannot be sampled from with them.
        RunError: a checkpoint holds no adapter that fits.
    """
    try:
        import peft
    except ImportError:
        raise MissingExtraError("peft", "lora", "weight_sharing='lora'") from None
    import torch

    model: Any = None
    with torch.random.fork_rng(devices=[]):
        for role in record.roles:
            torch.default_generator.manual_seed(integer_seed(seed, "adapter", role))
            folder = _adapter_folder(checkpoints[role], role) if role in checkpoints else None
            shape = _new_shape(peft, rank) if folder is None else _stored_shape(peft, folder)
            try:
                if model is None:
                    model = peft.get_peft_model(base.model, shape, adapter_name=role)
                else:
                    model.add_adapter(role, shape)
            except ValueError as error:
                kind = getattr(base.model.config, "model_type", type(base.model).__name__)
                raise ConfigError(
                    f"peft puts no adapters on a model of type {kind!r}: {' '.join(str(error).split())}; choose "
                    "weight_sharing='copies' or 'prompt'"
                ) from None
            if folder is not None:
                _load_adapter(peft, model, role, folder)
    for name, parameter in model.get_base_model().named_parameters():
        if ".lora_" not in name:
            parameter.requires_grad_(record.trunk == "trained")
    model.set_adapter(record.roles[0])
    return {
        role: AdapterAgent(model, base.tokenizer, settings=base.settings, role=role, record=record, system=base.system)
        for role in record.roles
    }


def adapter_names(folder: Path, roles: Sequence[str]) -> list[str]:
    """The roles of which `folder` holds an adapter of their own, as checkpoints with a trained trunk do."""
    return [role for role in roles if (folder / role / WEIGHTS).is_file()]


def adapter_state(model: Any, role: str) -> dict[str, Any]:
    """The weights of a role's adapter, under the names that peft's files have."""
    import peft

    return dict(peft.get_peft_model_state_dict(model, adapter_name=role, save_embedding_layers=False))


def save_adapter(model: Any, role: str, folder: Path) -> None:
    """Write a role's adapter in peft's format."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: value.contiguous() for name, value in adapter_state(model, role).items()}, str(folder / WEIGHTS))
    model.peft_config[role].save_pretrained(str(folder))
    settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    settings["base_model_name_or_path"] = None  # a path of this machine; `role.json` says what the base is
    settings["target_modules"].sort()  # a set, written in the order of a hash that differs between processes
    (folder / SETTINGS).write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _new_shape(peft: Any, rank: int) -> Any:
    return peft.LoraConfig(r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules="all-linear")


def _stored_shape(peft: Any, folder: Path) -> Any:
    try:
        json.loads((folder / SETTINGS).read_text(encoding="utf-8"))  # peft would ask the hub for a file that is missing
        shape = peft.LoraConfig.from_pretrained(str(folder))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RunError(f"no adapter in {folder}: {error}") from None
    shape.base_model_name_or_path = None  # the trunk may have moved; `role.json` says what it was
    return shape


def _adapter_folder(folder: Path, role: str) -> Path:
    return folder / role if (folder / role / WEIGHTS).is_file() else folder


def _load_adapter(peft: Any, model: Any, role: str, folder: Path) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        state = load_file(str(folder / WEIGHTS))
        found = peft.set_peft_model_state_dict(model, state, adapter_name=role)
    except (OSError, RuntimeError, SafetensorError) as error:
        raise RunError(f"the adapter in {folder} does not fit this model: {error}") from None
    if found.unexpected_keys:
        raise RunError(f"the adapter in {folder} does not fit this model: it has {found.unexpected_keys[0]!r}")
