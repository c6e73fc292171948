"""An agent whose weights belong to more than one role, and the note in a checkpoint that says how it was made."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...core.errors import RunError
from ..inference.sampling import Sampler, SamplingSettings
from ..models.llm import SYSTEM, LLMAgent

ROLE_FILE = "role.json"
TRUNK = "trunk"
"""Folder inside a checkpoint with the weights that all roles share, in Hugging Face format."""


class RoleAgent(LLMAgent):
    """One role of several that share a model; on its own it is `isolation="prompt"`: only what is asked differs.

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


def seated(agent: LLMAgent) -> AbstractContextManager[None]:
    """A context in which `agent.model` is the agent's policy, whether or not others use the same weights."""
    return agent.seated()


@dataclass(frozen=True, slots=True)
class RoleRecord:
    """What a checkpoint must say about itself when it is not a plain model folder.

    Attributes:
        isolation: "lora" or "tokens".
        roles: the roles whose state is in the folder.
        plays: who saved it, and plays if nobody says otherwise.
        base: the model the trunk came from; what the adapters belong to when the folder holds no trunk.
        trunk: "frozen" or "trained".
    """

    isolation: str
    roles: tuple[str, ...]
    plays: str
    base: str
    trunk: str = "trained"

    def write(self, folder: Path) -> None:
        (folder / ROLE_FILE).write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> RoleRecord:
        """Raises `RunError` if the folder's note is missing or not ours."""
        try:
            found = json.loads((folder / ROLE_FILE).read_text(encoding="utf-8"))
            return cls(**{**found, "roles": tuple(found["roles"])})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(f"{folder} is no checkpoint of a role: cannot read {ROLE_FILE} ({error!r})") from None
