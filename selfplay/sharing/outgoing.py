"""What of a run goes to a hub, file by file: the model of a checkpoint with its card, or the questions as a data set.

Only what is named here goes: the files that a checkpoint's manifest holds, but for the optimiser's state, and settings
and measures of the run, without secrets and without paths of this machine. Locks, what is live, `environment.json` and
everything else in the folder stay.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import tomli_w

from ...agents.model_names import CHECKPOINT
from ...core.errors import ConfigError, RunError
from ..settings.config import RunConfig
from ..settings.files import stored_config
from ..storage.checkpoint import CARD, MANIFEST, OPTIMISER, SHARDS, check_checkpoint
from ..storage.files import as_lines, json_object, read_bytes, read_sealed
from ..storage.links import BEST, CHECKPOINTS, LAST
from ..storage.run_folder import RunFolder
from .cards import answering_role, model_card
from .facts import RunFacts
from .scrub import scrubbed, scrubbed_setting

MODEL_SETTINGS = {
    *("config.json", "generation_config.json", "adapter_config.json", "role.json", "tokenizer_config.json"),
    *("special_tokens_map.json", "preprocessor_config.json", "processor_config.json"),
}
"""Files of a model that say where it came from; vocabularies and weights go as they are."""
RUN_LOGS = ("metrics", "guard")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One file.

    Attributes:
        name: in the repository.
        content: its bytes, or the file that holds them.
    """

    name: str
    content: bytes | Path

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size


def model_files(folder: RunFolder, checkpoint: str) -> list[Outgoing]:
    """The model of a checkpoint, its card, and how it was made.

    Args:
        checkpoint: "best", "last" or a name such as "solver-02-005".

    Raises:
        ConfigError: no such checkpoint.
        RunError: it is damaged.
    """
    config, facts = stored_config(folder), RunFacts(folder.rows("metrics"))
    name = named_checkpoint(folder, config, checkpoint)
    path = folder.path / CHECKPOINTS / name
    check_checkpoint(path, folder.state["kept"][name])
    found = CHECKPOINT.fullmatch(name)
    if found is None or found["role"] not in config.roles:
        raise RunError(f"{path} is the checkpoint of no role of this run")
    card = model_card(config, facts, found["role"], int(found["round"]), name)
    left_out = {OPTIMISER, SHARDS, CARD}
    listed = map(Path, sorted(read_sealed(path / MANIFEST)["sha256"]))
    return [
        Outgoing(CARD, card.encode()),
        *(_model_file(path, one.as_posix()) for one in listed if left_out.isdisjoint({one.name, one.parts[0]})),
        Outgoing("run/config.toml", tomli_w.dumps(scrubbed_setting("settings", config.as_dict())).encode()),
        *(Outgoing(f"run/{log}.jsonl", as_lines(map(scrubbed, folder.rows(log)))) for log in RUN_LOGS),
    ]


def named_checkpoint(folder: RunFolder, config: RunConfig, name: str) -> str:
    """The checkpoint that a person means.

    Raises:
        ConfigError: there is none of that name; says which there are.
    """
    state, role = folder.state, answering_role(config)
    tables = {BEST: state.get("best", {}).get("checkpoints", {}), LAST: state.get("checkpoints", {})}
    found = tables[name].get(role) if name in tables else name
    kept = state.get("kept", {})
    if found not in kept:
        there = ", ".join(sorted(kept)) or "none yet"
        why = f"the {name} {role} of {folder.path} is the base model" if name in tables else f"no checkpoint {name!r}"
        raise ConfigError(f"{why}; there is {there}")
    return str(found)


def _model_file(checkpoint: Path, name: str) -> Outgoing:
    path = checkpoint / name
    if path.name in MODEL_SETTINGS:
        settings = json_object(read_bytes(path), str(path))
        shared = scrubbed(settings)
        if shared != settings:
            return Outgoing(name, json.dumps(shared, indent=2, ensure_ascii=False).encode("utf-8", "replace"))
    return Outgoing(name, path)


def total(files: Iterable[Outgoing]) -> int:
    """Bytes of all."""
    return sum(one.size for one in files)


def in_order(files: Iterable[Outgoing]) -> Iterator[Outgoing]:
    """As a person looks for them: the card first."""
    yield from sorted(files, key=lambda one: (one.name != CARD, one.name))
