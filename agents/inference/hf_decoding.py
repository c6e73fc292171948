"""Step-by-step decoding through transformers itself, for architectures the packed model does not know.

Two ways. With the model's own cache: prompts padded on the left, rows chosen by the cache's `reorder_cache`, which
every kind of layer has (attention, sliding windows, convolutions, recurrent states). Without one: the whole sequence
again for every token, padded on the right, which asks nothing of a model but that it is causal. That is slow, but right
for recurrent models that read padding as text, or keep their state to themselves. Which way a model takes is tried out
when it is loaded; one that agrees with its own forward pass in neither is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from ...core.errors import ConfigError
from .devices import input_device

TOLERANCE = 2e-3
"""Distance of logits from those of one forward pass, as a share of their length: far above rounding in float32."""
COARSE = 0.1
"""The same in 16 bits, where a row's logits move with the padding around it."""
CACHES = ("past_key_values", "cache_params", "state")
"""What models call their cache, in arguments and outputs alike."""

_RAISED = (
    *(RuntimeError, ValueError, TypeError, AttributeError, LookupError),
    *(AssertionError, ImportError, ArithmeticError),
)
"""What a model's own code may raise where it cannot be decoded in some way."""


class Decoding(Protocol):
    """R rows that continue U prompts; the same contract as `CachedDecoding`."""

    logits: Tensor

    def step(self, tokens: Tensor) -> None: ...

    def keep(self, rows: Tensor) -> None: ...


class HFDecoding:
    """With the model's cache: U prompts computed once each, R rows that continue them."""

    def __init__(self, model: Any, prompts: Sequence[Sequence[int]], row_prompt: Tensor) -> None:
        self.model = model
        width = max(len(p) for p in prompts)
        device = row_prompt.device
        ids = torch.tensor([[0] * (width - len(p)) + list(p) for p in prompts], device=device)
        mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=device)
        positions = (mask.cumsum(1) - 1).clamp(min=0)
        out = model(ids, attention_mask=mask, position_ids=positions, use_cache=True, logits_to_keep=1)
        self._name = next((name for name in CACHES if getattr(out, name, None) is not None), "")
        if not self._name:
            raise ValueError("it returns no cache")
        self._cache = _chosen(getattr(out, self._name), row_prompt)
        self.logits: Tensor = out.logits[row_prompt, -1]
        self.mask, self.positions = mask[row_prompt], positions[row_prompt, -1:]

    def step(self, tokens: Tensor) -> None:
        """Feed `tokens` (B,), one per live row, and set `logits`."""
        self.mask = torch.cat([self.mask, self.mask.new_ones(len(tokens), 1)], 1)
        self.positions = self.positions + 1
        out = self.model(
            tokens[:, None],
            attention_mask=self.mask,
            position_ids=self.positions,
            use_cache=True,
            **{self._name: self._cache},
        )
        self._cache = getattr(out, self._name)
        self.logits = out.logits[:, -1]

    def keep(self, rows: Tensor) -> None:
        """Go on with the rows of these indices only."""
        self._cache = _chosen(self._cache, rows)
        self.logits, self.mask, self.positions = self.logits[rows], self.mask[rows], self.positions[rows]


class RecomputedDecoding:
    """Without a cache: the whole of every row again for each token."""

    def __init__(self, model: Any, prompts: Sequence[Sequence[int]], row_prompt: Tensor) -> None:
        self.model = model
        longest = max(len(p) for p in prompts)
        device = row_prompt.device
        ids = torch.tensor([list(p) + [0] * (longest - len(p)) for p in prompts], device=device)
        lengths = torch.tensor([len(p) for p in prompts], device=device)
        self.ids, self.lengths = ids[row_prompt], lengths[row_prompt]
        self.logits = self._predicted(ids, lengths)[row_prompt]

    def step(self, tokens: Tensor) -> None:
        """Feed `tokens` (B,), one per live row, and set `logits`."""
        self.ids = torch.cat([self.ids, torch.zeros_like(tokens)[:, None]], 1)
        self.ids[torch.arange(len(tokens), device=tokens.device), self.lengths] = tokens
        self.lengths = self.lengths + 1
        self.logits = self._predicted(self.ids, self.lengths)

    def keep(self, rows: Tensor) -> None:
        """Go on with the rows of these indices only."""
        self.ids, self.lengths, self.logits = self.ids[rows], self.lengths[rows], self.logits[rows]

    def _predicted(self, ids: Tensor, lengths: Tensor) -> Tensor:
        logits: Tensor = self.model(ids, use_cache=False).logits
        return logits[torch.arange(len(ids), device=ids.device), lengths - 1]


_TRIED: WeakKeyDictionary[Any, type[HFDecoding] | type[RecomputedDecoding]] = WeakKeyDictionary()


def decoding_of(model: Any) -> type[HFDecoding] | type[RecomputedDecoding]:
    """How a model is decoded: the first way whose logits, for ragged rows that come and go, are those of its forward
    pass on each sequence alone. Tried once per model.

    Raises:
        ConfigError: it agrees with itself in no way.
    """
    if model not in _TRIED:
        was_training = model.training
        model.eval()
        failures: list[str] = []
        for way in (HFDecoding, RecomputedDecoding):
            failure = _failure(model, way)
            if failure is None:
                _TRIED[model] = way
                break
            failures.append(failure)
        model.train(was_training)
        if model not in _TRIED:
            kind = getattr(model.config, "model_type", type(model).__name__)
            raise ConfigError(
                f"a model of type {kind!r} cannot be sampled from: {failures[0]}; without a cache, {failures[1]}. "
                "Choose a causal language model, see docs/models.md for those that were tried"
            )
    return _TRIED[model]


def pads_left(model: Any) -> bool:
    """Whether a model may be given sequences padded on the left, with a mask; else on the right, without."""
    return decoding_of(model) is HFDecoding


@torch.no_grad()
def _failure(model: Any, way: Any) -> str | None:
    """What is wrong with this way of decoding, `None` if nothing is."""
    device = input_device(model)
    numbers = torch.arange(3, 19, device=device) * 7919 % model.get_input_embeddings().weight.shape[0]
    prompts = [numbers[:3].tolist(), numbers[3:10].tolist()]
    rows, given = [[*prompts[0]], [*prompts[1]], [*prompts[1]]], numbers[10:16]
    try:
        decoding = way(model, prompts, torch.tensor([0, 1, 1], device=device))
        distances = [_distance(model, rows, decoding.logits)]
        for kept, tokens in (([0, 1, 2], given[:3]), ([2, 0], given[3:5]), ([1, 0], given[4:6])):
            index = torch.tensor(kept, device=device)
            decoding.keep(index)
            decoding.step(tokens)
            rows = [[*rows[k], int(token)] for k, token in zip(kept, tokens, strict=True)]
            distances.append(_distance(model, rows, decoding.logits))
    except _RAISED as error:
        return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
    small = model.get_input_embeddings().weight.dtype is torch.float32
    if not max(distances) <= (TOLERANCE if small else COARSE):
        return f"its logits differ by {max(distances):.2g} from those of a forward pass"
    return None


def _distance(model: Any, rows: Sequence[Sequence[int]], found: Tensor) -> float:
    """How far logits are from those of one forward pass per row, as a share of the length of these."""
    alone = [model(torch.tensor([row], device=found.device), use_cache=False).logits[0, -1] for row in rows]
    expected = torch.stack(alone).float()
    return float((found.float() - expected).norm() / expected.norm())


def _chosen(cache: Any, rows: Tensor) -> Any:
    """The cache of these rows, each as often as it is named."""
    if isinstance(cache, list | tuple):
        return [_chosen(part, rows) for part in cache]
    if isinstance(cache, Tensor):
        return cache[rows]
    cache.reorder_cache(rows)
    return cache
