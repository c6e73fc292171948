"""What a sampler is asked, what it gives back, and the contract of whoever is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from ....core.errors import ConfigError
from ..activation_reuse import ActivationCache


@dataclass(frozen=True)
class SamplingSettings:
    """How to draw from a model.

    Attributes:
        temperature: logits are divided by it; 0 means the most likely token always.
        top_p: draw from the smallest set of tokens holding this probability; 1 means from all. A policy gradient
            cannot correct for less than 1.
        max_new_tokens: a completion ends here if the model has not ended it.
        merge: rows that have said the same after the same prompt are computed once; see `merged_decoding.py`.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    max_new_tokens: int = 128
    merge: bool = False

    def __post_init__(self) -> None:
        for name, kinds in (("temperature", (int, float)), ("top_p", (int, float)), ("max_new_tokens", (int,))):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, kinds):
                raise ConfigError(f"{name} must be a {'whole ' if float not in kinds else ''}number, got {value!r}")
        if not self.temperature >= 0.0 or self.temperature == float("inf"):
            raise ConfigError(f"temperature must be a number >= 0, got {self.temperature!r}")
        if not 0.0 < self.top_p <= 1.0:
            raise ConfigError(f"top_p must be in (0, 1], got {self.top_p!r}")
        if self.max_new_tokens < 1:
            raise ConfigError(f"max_new_tokens must be at least 1, got {self.max_new_tokens!r}")


class Policy(NamedTuple):
    """The weights that drew a completion.

    Attributes:
        name: what they are known by; equal names mean equal weights.
        behind: how many versions older they are than those in training when it was drawn; 0 for the same.
    """

    name: str
    behind: int


@dataclass(frozen=True)
class Samples:
    """Completions of U prompts, n each; R = U · n rows, row = prompt · n + sample.

    Attributes:
        texts: U lists of n completions, special tokens removed.
        prompt_ids: U lists of token ids, as the model read them; [] for a prompt that it cannot read.
        tokens: (R, T) int64, right-padded with 0; an ending token is part of the completion.
        logps: (R, T) float32, log-probability of every token under the distribution it was drawn from (after
            temperature, before top-p); 0 at padding.
        lengths: (R,) int64; 0 where the prompt leaves no room in the model's context, else at least 1.
        finished: (R,) bool, whether the model ended the completion itself; False means cut off.
        activations: matrix products of sampling for the update to reuse, if asked for and possible.
        own: (R, T) float32, 1 on tokens that the model wrote, 0 on those of an environment between its turns (see
            `conversation.py`); `None` where it wrote all.
        drawn_by: R policies, who drew each row; `None` where the model itself did, in this process.
    """

    texts: list[list[str]]
    prompt_ids: list[list[int]]
    tokens: Tensor
    logps: Tensor
    lengths: Tensor
    finished: Tensor
    activations: ActivationCache | None = None
    own: Tensor | None = None
    drawn_by: tuple[Policy, ...] | None = None

    @property
    def n(self) -> int:
        """Completions per prompt."""
        return len(self.tokens) // len(self.prompt_ids) if self.prompt_ids else 0

    @property
    def mask(self) -> Tensor:
        """(R, T) float32, 1 where a token is that the model wrote."""
        column = torch.arange(self.tokens.shape[1], device=self.tokens.device)
        present = (column < self.lengths[:, None]).float()
        return present if self.own is None else present * self.own

    def to(self, device: torch.device) -> Samples:
        """The same samples with their tensors on `device`."""
        moved = {name: getattr(self, name).to(device) for name in ("tokens", "logps", "lengths", "finished")}
        return replace(self, own=None if self.own is None else self.own.to(device), **moved)


class Sampler(Protocol):
    """Where completions come from. `texts` of the result may be empty lists: the agent decodes tokens itself.

    A prompt without tokens is one that the model cannot read: its completions have length 0.

    Attributes:
        on_policy: whether completions come from the very weights that are trained. Otherwise the trainer weighs them by
            how likely its own policy and the sampler's find them.
        keeps_activations: whether `sample` takes one more argument, `keep_activations`: if true, the result holds the
            matrix products that the update can reuse, where possible.

    One that sets `tells = True` takes an argument `listener` as well: it is called with the result so far and the rows
    that are done, as often as there are some.

    One that sets `follows = True` draws from weights that training moves. It looks at the model that it was made for at
    the beginning of each call, and says in `Samples.drawn_by` which version answered. A role that learns needs it.

    One with a method `close()` is told so when the run is over.
    """

    on_policy: bool
    keeps_activations: bool

    def sample(
        self, prompt_ids: Sequence[Sequence[int]], *, n: int, settings: SamplingSettings, seed: int | None
    ) -> Samples:
        """Draw `n` completions for every prompt; equal arguments and seed give equal samples."""
        ...
