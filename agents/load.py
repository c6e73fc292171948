"""One door to every language model: a model's folder or name, or the checkpoint of a role that shares weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import ConfigError, UnknownNameError
from ..core.options.paths import path_of
from .model_names import SHIPPED, lasting_name, round_and_step
from .packages import check_models

if TYPE_CHECKING:
    from .models.llm import LLMAgent
    from .roles.role_agent import RoleRecord


def load_agent(name: str | Path, role: str | None = None, **options: Any) -> LLMAgent:
    """The language model `name` as an agent.

    Args:
        name: what `LLMAgent.from_pretrained` takes (a model's folder, "tiny", "frontier", "smollm2", a hub name), or a
            folder that the agent of a role wrote with `save_pretrained`, however the roles share weights.
        role: which of the roles in such a folder; `None` means the one that saved it. A model plays any role.
        options: of `LLMAgent.from_pretrained`.

    Raises:
        ConfigError: no such model, a setting that cannot work, or a folder that does not hold that role.
        MissingExtraError: a light installation has no language models; a LoRA adapter without peft.
        RunError: a checkpoint is damaged.
    """
    path_of("a model", name, "tiny")
    check_models(f"the model {str(name)!r}")
    from .models.llm import ROLE_FILE, LLMAgent
    from .roles.role_agent import RoleRecord

    if str(name) in SHIPPED:
        return LLMAgent.from_pretrained(name, **options)
    folder = Path(name)
    check_no_run(folder)
    if not folder.exists() and folder.parent != Path() and folder.parent.is_dir():
        raise ConfigError(f"no model at {str(name)!r}: {folder.parent} holds no {folder.name!r}")
    if not (folder / ROLE_FILE).is_file():
        return LLMAgent.from_pretrained(name, **options)
    record = RoleRecord.read(folder)
    role = role or record.plays
    if role not in record.roles:
        raise UnknownNameError("role", role, record.roles)
    own = {name: options.pop(name, None) for name in ("sampler", "stop", "template_options")}
    return _agents(folder, record, options)[role].with_settings(**own)


def check_no_run(folder: Path) -> None:
    """Refuse the folder of a run where a model is asked for, with the newest model of whoever answers in it.

    Raises:
        ConfigError: it is one.
    """
    if not (folder / "state.json").is_file():
        return
    saved = [path for role in ("solver", "player") for path in folder.glob(f"checkpoints/{role}-*[0-9]")]
    newest = max(saved, key=lambda path: round_and_step(path.name), default=None)
    last = folder / "last"
    model = last if last.is_dir() else newest
    remedy = f"name one of its models, such as {model}" if model else "it has no model of who answers yet"
    raise ConfigError(f"{folder} is a run, not a model; {remedy}")


def _agents(folder: Path, record: RoleRecord, options: Mapping[str, Any]) -> Mapping[str, LLMAgent]:
    """The agents of all roles in a folder."""
    from .roles.lora import adapter_names, add_adapters
    from .roles.role_agent import TRUNK
    from .roles.token_types import add_token_types

    has_trunk = record.weight_sharing == "tokens" or bool(adapter_names(folder, record.roles))
    start = folder / TRUNK if has_trunk else record.base
    base = load_agent(start, **options)
    record = replace(record, plays=record.roles[0], base=lasting_name(start))
    checkpoints = dict.fromkeys(record.roles, folder)
    if record.weight_sharing == "tokens":
        return add_token_types(base, record, checkpoints=checkpoints)
    return add_adapters(base, record, rank=16, seed=0, checkpoints=checkpoints)
