"""An agent whose weights belong to more than one role, and the record in a checkpoint that says how it was made."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...core.errors import RunError
from ..inference.interface.samples import Sampler, SamplingSettings
from ..models.llm import ROLE_FILE, SYSTEM, LLMAgent

TRUNK = "trunk"
"""Folder inside a checkpoint with the weights that all roles share, in Hugging Face format."""


SAVED = ("lora", "tokens")
"""Kinds of weight sharing whose checkpoints are not plain model folders."""


class RoleAgent(LLMAgent):
    """One role of several that share a model; used as it is for `weight_sharing="prompt"`: only what is asked
    differs.

    Args:
        role: the role this agent plays.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        settings: SamplingSettings | None = None,
        *,
        role: str,
        sampler: Sampler | None = None,
        system: str = SYSTEM,
    ) -> None:
        super().__init__(model, tokenizer, settings, sampler=sampler, system=system)
        self.role = role


@dataclass(frozen=True, slots=True)
class RoleRecord:
    """What a checkpoint must say about itself when it is not a plain model folder.

    Attributes:
        weight_sharing: "lora" or "tokens".
        roles: the roles whose state is in the folder.
        plays: the role that saved it, and that is loaded unless another is asked for.
        base: the model the trunk came from; what the adapters belong to when the folder holds no trunk.
        trunk: "frozen" or "trained".
    """

    weight_sharing: str
    roles: tuple[str, ...]
    plays: str
    base: str
    trunk: str = "trained"

    def write(self, folder: Path) -> None:
        (folder / ROLE_FILE).write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> RoleRecord:
        """Raises `RunError` if the folder's `role.json` is missing or not ours."""
        try:
            found = json.loads((folder / ROLE_FILE).read_text(encoding="utf-8"))
            record = cls(**{**found, "roles": tuple(found["roles"])})
            if record.weight_sharing not in SAVED:
                raise ValueError(f"weight_sharing is {record.weight_sharing!r}")
            return record
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(f"{folder} is not the checkpoint of a role: cannot read {ROLE_FILE} ({error!r})") from None
