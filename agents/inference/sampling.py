"""Batched sampling: prompts computed once each, finished rows leave the batch, log-probabilities kept.

Every row has its own stream of uniform numbers, drawn beforehand from one seeded generator, and a token is found by
inverting the cumulative distribution. So what a row says depends on the seed, its own prompt and its index in the call,
not on how rows were ordered, chunked or dropped, nor on the prompts of other rows: a long one has less room for its own
answer, and one that leaves no room at all gets completions of length 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor

from ...core.errors import ConfigError, RunError
from ...core.seeding import fresh_seed, integer_seed
from .activation_reuse import ActivationCache, LayerProducts
from .cached_decoding import CachedDecoding
from .devices import input_device
from .hf_decoding import Decoding, decoding_of
from .merged_decoding import MergedDecoding
from .packed_forward import PackedModel

CACHE_BYTES = 2 << 30  # keys and values held at a time
ROWS_AT_ONCE = 512
COMPACT_AT = 1 / 8  # share of finished rows at which the others are copied out


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
    """

    texts: list[list[str]]
    prompt_ids: list[list[int]]
    tokens: Tensor
    logps: Tensor
    lengths: Tensor
    finished: Tensor
    activations: ActivationCache | None = None
    own: Tensor | None = None

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
    """

    on_policy: bool
    keeps_activations: bool

    def sample(
        self, prompt_ids: Sequence[Sequence[int]], *, n: int, settings: SamplingSettings, seed: int | None
    ) -> Samples:
        """Draw `n` completions for every prompt; equal arguments and seed give equal samples."""
        ...


class LocalSampler:
    """Samples from a transformers model in this process.

    Args:
        model: a causal language model of transformers.
        stop_ids: tokens that end a completion.
        decoder: its packed forward pass, or `None` to decode through transformers.
    """

    on_policy = True
    keeps_activations = True
    tells = True

    def __init__(self, model: Any, stop_ids: Sequence[int], decoder: PackedModel | None) -> None:
        self.model, self.decoder = model, decoder
        self.stop_ids, self.context = tuple(stop_ids), context_of(model)

    def sample(
        self,
        prompt_ids: Sequence[Sequence[int]],
        *,
        n: int,
        settings: SamplingSettings,
        seed: int | None,
        keep_activations: bool = False,
        listener: Callable[[Samples, Tensor], None] | None = None,
    ) -> Samples:
        """See `Sampler`. Equal prompts are computed once. `keep_activations` keeps the matrix products, where
        possible.

        Raises:
            RunError: the model's outputs are no numbers.
        """
        if n < 1:
            raise ConfigError(f"n must be at least 1, got {n!r}")
        device = input_device(self.model)
        # The same for every batch of prompts: a row's noise must not depend on the length of another row's prompt.
        width = min(settings.max_new_tokens, self.context or settings.max_new_tokens)
        prompts = [list(ids) if self._room(ids, width) else [] for ids in prompt_ids]
        count = len(prompts) * n
        activations = None
        if keep_activations and self.decoder is not None and ActivationCache.possible(self.decoder):
            activations = ActivationCache(len(self.decoder.layers), (count, width), device)
        result = Samples(
            texts=[[] for _ in prompts],
            prompt_ids=prompts,
            tokens=torch.zeros(count, width, dtype=torch.int64, device=device),
            logps=torch.zeros(count, width, device=device),
            lengths=torch.zeros(count, dtype=torch.int64, device=device),
            finished=torch.zeros(count, dtype=torch.bool, device=device),
            activations=activations,
        )
        generator = torch.Generator().manual_seed(integer_seed(fresh_seed() if seed is None else seed, "sampling"))
        noise = torch.rand(count, width, generator=generator).to(device) if settings.temperature else None
        for rows in self._chunks(prompts, n, width):
            with torch.inference_mode():
                self._fill(result, rows, n, settings, noise)
            if listener is not None:
                listener(result, rows)
        self._complete(result)
        self._check_numbers(result)
        longest = int(result.lengths.max()) if count else 0
        # Tensors made in inference mode may not enter autograd; these were made outside and only written to.
        if activations is not None and not activations.usable:
            activations = None
        tokens, logps = result.tokens[:, :longest], result.logps[:, :longest]
        return replace(result, tokens=tokens, logps=logps, activations=activations)

    def _room(self, prompt: Sequence[int], width: int) -> int:
        """How many tokens may follow a prompt: `width`, or what the context has left; 0 if it cannot be read."""
        if not prompt or self.context is None:
            return width if prompt else 0
        return max(0, min(width, self.context - len(prompt)))

    def _chunks(self, prompts: list[list[int]], n: int, width: int) -> list[Tensor]:
        """Rows to decode together: short prompts first, so that little is padded; as many as the cache may hold."""
        rows = self._rows(prompts, n)
        rows = rows[torch.tensor([bool(prompt) for prompt in prompts], dtype=torch.bool)[rows // n]]
        config = self.model.config.get_text_config()
        heads = getattr(config, "num_attention_heads", None) or 1
        head_width = getattr(config, "head_dim", None) or config.hidden_size // heads
        key_heads = getattr(config, "num_key_value_heads", None) or heads
        per_token = 8 * config.num_hidden_layers * key_heads * head_width
        longest = max((len(ids) for ids in prompts), default=1) + width
        at_once = max(1, min(ROWS_AT_ONCE, CACHE_BYTES // (per_token * longest)))
        return list(torch.split(rows, at_once)) if len(rows) else []

    def _rows(self, prompts: list[list[int]], n: int) -> Tensor:
        """The rows to decode here, short prompts first: all of them."""
        return torch.tensor([u * n + i for u in by_length(prompts) for i in range(n)], dtype=torch.int64)

    def _check_numbers(self, result: Samples) -> None:
        """Refuse tokens drawn from what are no probabilities."""
        if not bool(result.logps.isfinite().all()):
            name = getattr(self.model.config, "_name_or_path", "") or type(self.model).__name__
            raise RunError(
                f"the model {name!r} gives no probabilities, its outputs are not finite: its weights have diverged in "
                "training, as with too high a learning rate, or are damaged; go back to an earlier checkpoint"
            )

    def _complete(self, result: Samples) -> None:
        """Fill in, in place, the rows that were not decoded here: there are none."""

    def _fill(self, result: Samples, rows: Tensor, n: int, settings: SamplingSettings, noise: Tensor | None) -> None:
        """Decode `rows` of `result`, in place."""
        distinct: dict[tuple[int, ...], int] = {}
        row_prompt = [distinct.setdefault(tuple(result.prompt_ids[r // n]), len(distinct)) for r in rows.tolist()]
        device = result.tokens.device
        rows = rows.to(device)
        where = torch.tensor(row_prompt, device=device)
        decoder = self.decoder
        begin: Any = partial(CachedDecoding, decoder) if decoder else partial(decoding_of(self.model), self.model)
        decoding: CachedDecoding | Decoding | MergedDecoding = (
            MergedDecoding(begin, list(distinct), where) if settings.merge else begin(list(distinct), where)
        )
        done = torch.zeros(len(rows), dtype=torch.bool, device=device)
        rooms = [self._room(ids, result.tokens.shape[1]) for ids in distinct]
        room, shortest, longest = torch.tensor(rooms, device=device)[where], min(rooms), max(rooms)
        stopped = torch.zeros_like(done)  # those that the model ended itself; `done` also holds those out of room
        for t in range(longest):
            token, logp = draw(decoding.logits, settings, None if noise is None else noise[rows, t])
            live = ~done
            at = rows[live]
            result.tokens[at, t], result.logps[at, t] = token[live], logp[live]
            result.lengths[at] = t + 1
            for stop in self.stop_ids:
                stopped |= live & (token == stop)
            done |= stopped
            full = t + 1 >= shortest and bool((room <= t + 1).any())
            if full:
                done |= room <= t + 1
            ended = int(done.sum())
            if ended == len(rows):
                break
            if full or ended >= COMPACT_AT * len(rows):  # no row is fed beyond its context
                result.finished[rows[stopped]] = True
                keep = (~done).nonzero().flatten()
                decoding.keep(keep)
                rows, room, token, done, stopped = (held[keep] for held in (rows, room, token, done, stopped))
            if result.activations is None or not isinstance(decoding, CachedDecoding):
                decoding.step(token)
            else:
                products: list[LayerProducts] = []
                decoding.step(token, products)
                result.activations.add(rows, t, products)
        result.finished[rows[stopped]] = True


def context_of(model: Any) -> int | None:
    """How many tokens a model reads, prompt and completion together; `None` where nothing bounds it."""
    config = model.config.get_text_config()
    found = [getattr(config, name, None) for name in ("max_position_embeddings", "max_seq_len", "n_positions")]
    return next((int(value) for value in found if isinstance(value, int) and value > 0), None)


def by_length(prompts: Sequence[Sequence[int]]) -> list[int]:
    """The indices of the prompts, short ones first."""
    return sorted(range(len(prompts)), key=lambda u: len(prompts[u]))


def draw(logits: Tensor, settings: SamplingSettings, noise: Tensor | None) -> tuple[Tensor, Tensor]:
    """One token per row and its log-probability, from `logits` (B, V) and uniform `noise` (B,) in [0, 1).

    `noise=None` takes the most likely token, with its log-probability at temperature 1. Where a logit is NaN or +inf,
    the log-probability is NaN.
    """
    logits = logits.float()
    if noise is None:
        logps = torch.log_softmax(logits, -1)
        token = logits.argmax(-1)
    else:
        logps = torch.log_softmax(logits / settings.temperature, -1)
        probabilities = logps.exp()
        if settings.top_p < 1.0:
            probabilities = _nucleus(probabilities, settings.top_p)
        cumulative = probabilities.cumsum(-1)
        # Strictly below the total, so that the token found always has a positive probability.
        target = noise * cumulative[:, -1] * (1 - 2**-22)
        token = torch.searchsorted(cumulative, target[:, None], right=True)[:, 0]
        token = token.clamp_(max=logits.shape[-1] - 1)  # beyond the last one only where there are no probabilities
    return token, logps.gather(1, token[:, None])[:, 0]


def _nucleus(probabilities: Tensor, top_p: float) -> Tensor:
    """Zero what lies outside the smallest set of most likely tokens that holds `top_p`."""
    ordered, order = probabilities.sort(-1, descending=True)
    outside = ordered.cumsum(-1) - ordered >= top_p
    return torch.zeros_like(probabilities).scatter(-1, order, ordered.masked_fill(outside, 0.0))
