"""Who can be benchmarked, by a name on the command line.

    oracle, random, echo, noisy(accuracy=0.7)    scripted agents, options in parentheses
    coalition(members=[tiny, PATH], how=…)      several of these that answer as one
    tiny, smollm2, PATH, hub/name                language models; PATH is a folder in Hugging Face format
    openai:MODEL@URL                             any OpenAI-compatible endpoint
    package.module:attribute                     anything importable that makes an agent
    LABEL=NAME                                   any of these under another name in the tables

Policies for the numeric environments are a different thing: see `policies`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...core.errors import ConfigError
from ...core.protocols import Agent
from ...core.records import Question
from ...core.registries import agents
from ..exams.contamination import run_of_checkpoint
from .resolve_agent import read_agent, resolve_agent

INSTRUCTION = "Please reason step by step, and put your final answer within \\boxed{}."
BARE = "{question}"
SMALL_VOCABULARY = 1000

_LABEL = re.compile(r"([\w.\-]+)=(?=\S)")


CARDS = ("README.md", "README.md.draft")
"""What is written about a model later and changes no answer of it."""


@dataclass(frozen=True)
class Contestant:
    """An agent under a name.

    Attributes:
        name: how the tables call it; unique within a benchmark.
        agent: who answers.
        identity: all that its answers depend on (name, options, hash of the weights), for the record.
        template: the prompt, with `{question}` standing for the question.
        run: the run folder it is a checkpoint of, `None` for other agents.
    """

    name: str
    agent: Agent
    identity: str
    template: str = BARE
    run: Path | None = None

    @property
    def bare(self) -> bool:
        """Whether it reads bare questions, without instructions."""
        return self.template == BARE

    def ask(self, question: Question) -> str:
        """The prompt for a question; a question that asks for a box itself stands alone."""
        if "\\boxed" in question.text:
            return question.text
        return self.template.replace(BARE, question.text)


def load_contestant(spec: str, *, prompt: str | None = None) -> Contestant:
    """The contestant a command-line name stands for.

    Args:
        prompt: "plain" (the bare question), "boxed" (with R-Zero's instruction), a template with `{question}`, or
            `None`: plain for scripted agents and character-level models, boxed for other language models.

    Raises:
        ConfigError: a malformed name, an unknown agent, or one that cannot be loaded.
    """
    label, bare = _labelled(spec)
    name, leading, options = read_agent(bare)
    agent = resolve_agent(bare)
    registered = name in agents.names()
    weights = weights_digest(agent, None if registered else Path(name))
    identity = json.dumps([name, sorted(options.items()), weights, *leading], default=str)
    run = None if registered else run_of_checkpoint(Path(name))
    return Contestant(label or _short(bare), agent, identity, _template(prompt, agent, name), run)


def load_contestants(specs: list[str], *, prompt: str | None = None) -> list[Contestant]:
    """All contestants; two of the same name are an error (give one a LABEL=)."""
    loaded = [load_contestant(spec, prompt=prompt) for spec in specs]
    names = [contestant.name for contestant in loaded]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"two agents are called {name!r}; name one of them, as in better={name}")
    return loaded


def weights_digest(agent: Agent, folder: Path | None = None) -> str:
    """A hash of the model's weights: of the files of a folder, else of the tensors; "" for an agent without weights. Of
    a coalition, of all its members."""
    digest = hashlib.blake2b(digest_size=16)
    if folder is not None and folder.is_dir():
        for file in sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in CARDS):
            digest.update(file.relative_to(folder).as_posix().encode())
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "blake2b").digest())
        return digest.hexdigest()
    members = getattr(agent, "members", None)
    if isinstance(members, Mapping):
        return ",".join(weights_digest(member) for member in members.values())
    model = getattr(agent, "model", None)
    if model is None or not hasattr(model, "state_dict"):
        return ""
    import torch

    for key, tensor in sorted(model.state_dict().items()):
        raw = tensor.detach().cpu().contiguous().view(torch.uint8)
        digest.update(f"{key} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(raw.numpy().tobytes())
    return digest.hexdigest()


def _labelled(spec: str) -> tuple[str | None, str]:
    found = _LABEL.match(spec)
    if found is None:
        return None, spec
    return found[1], spec[found.end() :]


def _template(prompt: str | None, agent: Agent, name: str) -> str:
    if prompt == "boxed" or (prompt is None and _follows_instructions(agent, name)):
        return f"{BARE}\n{INSTRUCTION}"
    if prompt in (None, "plain"):
        return BARE
    if BARE not in prompt:
        raise ConfigError(f"--prompt is 'plain', 'boxed' or a template with {{question}}, got {prompt!r}")
    return prompt


def _follows_instructions(agent: Agent, name: str) -> bool:
    """Remote models and those with a word-level vocabulary do; character-level ones read bare questions."""
    if name.startswith("openai:"):
        return True
    members = getattr(agent, "members", None)
    if isinstance(members, Mapping):
        return all(_follows_instructions(member, one) for one, member in members.items())
    config = getattr(getattr(agent, "model", None), "config", None)
    return config is not None and int(getattr(config, "vocab_size", 0)) >= SMALL_VOCABULARY


def _short(name: str) -> str:
    return Path(name).name or name if "/" in name and not name.startswith("openai:") else name
