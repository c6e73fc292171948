"""From what a person types to an agent: a registered name, a model's name, or a folder with a model in it."""

from __future__ import annotations

from pathlib import Path

from ..core.errors import ConfigError, UnknownNameError
from ..core.protocols import Agent
from ..core.registries import agents, make_agent

MODELS = ("smollm2",)
"""Names of models besides the registered agent "tiny"."""


def find_agent(name: str) -> Agent:
    """The agent called `name`.

    Args:
        name: a registered agent ("tiny", "oracle"), a model ("smollm2"), a folder in Hugging Face format (a checkpoint
            of a run is one), or "module:attribute".

    Raises:
        ConfigError: no such agent or model folder.
    """
    folder = Path(name)
    if name in agents.names():
        return make_agent(name)
    if name in MODELS:
        return _model(name)
    if folder.is_dir():
        _check_model_folder(folder)
        return _model(str(folder))
    if folder.exists() or "/" in name or "\\" in name:
        raise ConfigError(f"no model folder at {name!r}: expected a folder with config.json, weights and tokenizer")
    if ":" in name:
        return make_agent(name)
    known = [agent for agent in agents.names() if not agent.endswith(":")]
    raise UnknownNameError("agent", name, [*known, *MODELS], "Or give a model folder.")


def template_for(agent: Agent) -> str:
    """How the agent is addressed: "r-zero" (full instructions) for instruction-tuned models, else "plain"."""
    template = getattr(getattr(agent, "tokenizer", None), "chat_template", None)
    if template is None:
        return "plain"
    from ..agents.tiny import CHAT_TEMPLATE

    return "plain" if template == CHAT_TEMPLATE else "r-zero"


def _model(name: str) -> Agent:
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    return make_agent(f"llm:{name}")


def _check_model_folder(folder: Path) -> None:
    """Say where the models are if this is the folder of a run."""
    if (folder / "state.json").exists():
        checkpoints = sorted(path for path in folder.glob("checkpoints/solver-*") if path.suffix != ".draft")
        remedy = f"name one of its models, such as {checkpoints[-1]}" if checkpoints else "it has no solver yet"
        raise ConfigError(f"{folder} is a run, not a model; {remedy}")
    if not any((folder / name).is_file() for name in ("config.json", "role.json")):
        raise ConfigError(f"no model in {folder}: expected config.json, weights and tokenizer there")
