"""From what a person types to an agent: a registered name, a model's name, or a folder with a model in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...core.errors import ConfigError, UnknownNameError
from ...core.protocols import Agent
from ...core.registries import agents, make_agent

MODELS = ("smollm2",)
"""Names of models besides the registered agent "tiny"."""

_OPTIONS = re.compile(r"([^()]+)\((.*)\)", re.S)
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


def find_agent(name: str, **options: Any) -> Agent:
    """The agent called `name`.

    Args:
        name: a registered agent ("tiny", "oracle"), a model ("smollm2"), a folder in Hugging Face format (a checkpoint
            of a run is one), a Hub name, an endpoint ("openai:MODEL@URL"), or "module:attribute"; any of them with
            options behind it, as in "noisy(accuracy=0.3)".
        options: what this agent takes, such as `temperature` for models.

    Raises:
        ConfigError: no such agent or model folder, or options it does not take.
    """
    if not Path(name).is_dir():
        name, given = with_options(name)
        options = {**given, **options}
    folder = Path(name)
    if name in agents.names():
        return make_agent(name, **options)
    if name in MODELS:
        return _model(name, options)
    if folder.is_dir():
        _check_model_folder(folder)
        return _model(str(folder), options)
    if ":" in name:
        return make_agent(name, **options)
    if _HUB_NAME.fullmatch(name) and not folder.parent.exists():
        return _model(name, options)
    if folder.exists() or "/" in name or "\\" in name:
        raise ConfigError(f"no model folder at {name!r}: expected a folder with config.json, weights and tokenizer")
    known = [agent for agent in agents.names() if not agent.endswith(":")]
    raise UnknownNameError("agent", name, [*known, *MODELS], "Or give a model folder.")


def with_options(text: str) -> tuple[str, Mapping[str, Any]]:
    """ "name(key=value, key=value)" as name and options; values are JSON, or else text.

    Raises:
        ConfigError: options that are not written so.
    """
    found = _OPTIONS.fullmatch(text.strip())
    if found is None:
        return text.strip(), {}
    options: dict[str, Any] = {}
    for part in filter(None, (piece.strip() for piece in found[2].split(","))):
        key, equals, value = part.partition("=")
        if not equals or not key.strip().isidentifier():
            raise ConfigError(f"options are written name(key=value, key=value), got {part!r} in {text!r}")
        options[key.strip()] = _value(value.strip())
    return found[1].strip(), options


def template_for(agent: Agent) -> str:
    """How the agent is addressed: "r-zero" (full instructions) if instruction-tuned or remote, else "plain"."""
    from ...agents.remote.openai_agent import OpenAIAgent

    if isinstance(agent, OpenAIAgent):
        return "r-zero"
    template = getattr(getattr(agent, "tokenizer", None), "chat_template", None)
    if template is None:
        return "plain"
    from ...agents.models.tiny import CHAT_TEMPLATE

    return "plain" if template == CHAT_TEMPLATE else "r-zero"


def _model(name: str, options: dict[str, Any]) -> Agent:
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    return make_agent(f"llm:{name}", **options)


def _check_model_folder(folder: Path) -> None:
    """Say where the models are if this is the folder of a run."""
    if (folder / "state.json").exists():
        checkpoints = sorted(path for path in folder.glob("checkpoints/solver-*") if path.suffix != ".draft")
        remedy = f"name one of its models, such as {checkpoints[-1]}" if checkpoints else "it has no solver yet"
        raise ConfigError(f"{folder} is a run, not a model; {remedy}")
    if not any((folder / name).is_file() for name in ("config.json", "role.json")):
        raise ConfigError(f"no model in {folder}: expected config.json, weights and tokenizer there")


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text.strip("'\"")
