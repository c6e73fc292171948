"""Roles in one model, told apart by a learned vector per token type: `weight_sharing="tokens"`.

A token's input is its embedding plus that of its type: public, or private to a role. What a role writes has the role's
own type; its prompt too, unless the role reads in public, as a solver reads its question. These are the types of
`segments.py`: an attempt has the same log-probabilities alone and inside a sequence that also holds the challenger's
private text. Type vectors start at 0, so that every role starts as the base.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from ...core.errors import ConfigError, RunError
from ...core.options.paths import path_of
from ..inference.packed_forward import PackedModel
from ..inference.packing import Packed
from ..inference.sampling import LocalSampler
from ..models.llm import LLMAgent
from ..models.progress_bars import without_bars
from .role_agent import TRUNK, RoleAgent, RoleRecord
from .segments import PUBLIC

TYPES = "role_types.safetensors"
READS_PUBLIC = ("solver",)


class TypedAgent(RoleAgent):
    """A role whose tokens carry its type.

    Args:
        model: of an architecture `PackedModel` runs, with `role_types`, an embedding of 1 + roles vectors.
        record: how the roles share the model; written into checkpoints.
        public_prompt: whether the prompt is public text, or private to the role.

    Raises:
        ConfigError: the model must go through transformers' own decoding, which knows no token types.
    """

    def __init__(
        self, model: Any, tokenizer: Any, *, role: str, record: RoleRecord, public_prompt: bool, **options: Any
    ) -> None:
        super().__init__(model, tokenizer, role=role, **options)
        if self.decoder is None:
            raise ConfigError(
                f'weight_sharing="tokens" runs Qwen3-, Qwen2- and Llama-shaped models on one device, not '
                f"{model.config.model_type!r} as loaded: choose another kind of weight sharing"
            )
        self.record, own = record, 1 + record.roles.index(role)
        self.decoder = TypedModel(model, model.role_types, own, PUBLIC if public_prompt else own)
        self.sampler = LocalSampler(model, self.stop_ids, self.decoder, self._decode)

    def save_pretrained(self, folder: str | Path) -> None:
        """Write the shared model and the vectors of all types."""
        from safetensors.torch import save_file

        folder = path_of("folder", folder, "models/mine")
        state = {n: value for n, value in self.model.state_dict().items() if not n.startswith("role_types.")}
        with without_bars():
            self.model.save_pretrained(str(folder / TRUNK), state_dict=state)
        self.tokenizer.save_pretrained(str(folder / TRUNK))
        save_file({"weight": self.model.role_types.weight.detach().contiguous()}, str(folder / TYPES))
        dataclasses.replace(self.record, plays=self.role).write(folder)


class TypedModel(PackedModel):
    """The packed forward pass with token types: ids below the vocabulary's size are written, the same ids raised by it
    stand in a prompt."""

    def __init__(self, model: Any, types: nn.Embedding, own: int, prompt: int) -> None:
        super().__init__(model)
        self.embedding = cast(nn.Embedding, _TypedEmbedding(self.embedding, types, own, prompt))

    def hidden(self, packed: Packed, **options: Any) -> Tensor:
        """See `PackedModel.hidden`."""
        ids = packed.ids.clone()
        ids[: packed.prompts.stop] += self.embedding.num_embeddings
        return super().hidden(dataclasses.replace(packed, ids=ids), **options)


class _TypedEmbedding:
    """Embedding of a token plus that of its type."""

    def __init__(self, words: nn.Embedding, types: nn.Embedding, own: int, prompt: int) -> None:
        self.words, self.types, self.num_embeddings = words, types, words.num_embeddings
        self.of_kind = torch.tensor([own, prompt], device=words.weight.device)

    def __call__(self, ids: Tensor) -> Tensor:
        kind = torch.div(ids, self.num_embeddings, rounding_mode="floor")
        out: Tensor = self.words(ids % self.num_embeddings) + self.types(self.of_kind[kind])
        return out


def add_token_types(
    base: LLMAgent,
    record: RoleRecord,
    *,
    checkpoints: Mapping[str, Path],
    reads_public: Collection[str] = READS_PUBLIC,
) -> dict[str, TypedAgent]:
    """Give the base's model a vector per token type, all 0 at first; an agent for each role.

    Args:
        checkpoints: where trained vectors are, the same folder for all roles; empty for new ones.
        reads_public: roles whose prompts are public.

    Raises:
        RunError: the checkpoint has no vectors that fit.
    """
    weight = base.model.get_input_embeddings().weight
    vectors = weight.new_zeros(1 + len(record.roles), weight.shape[1]).detach()
    for folder in set(checkpoints.values()):
        vectors = _stored_types(folder / TYPES, vectors)
    types = nn.Embedding.from_pretrained(vectors, freeze=False)  # type: ignore[no-untyped-call]
    base.model.role_types = types
    return {
        role: TypedAgent(
            base.model,
            base.tokenizer,
            role=role,
            record=record,
            public_prompt=role in reads_public,
            settings=base.settings,
            system=base.system,
        )
        for role in record.roles
    }


def _stored_types(file: Path, expected: Tensor) -> Tensor:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        found = load_file(str(file))["weight"]
    except (OSError, KeyError, SafetensorError) as error:
        raise RunError(f"no role types in {file}: {error}") from None
    if found.shape != expected.shape:
        raise RunError(f"role types in {file} are {tuple(found.shape)}, this model needs {tuple(expected.shape)}")
    return found.to(expected.device, expected.dtype)
