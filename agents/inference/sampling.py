"""Batched sampling: prompts computed once each, finished rows leave the batch, log-probabilities kept.

Every row has its own stream of uniform numbers, drawn beforehand from one seeded generator, and a token is found by
inverting the cumulative distribution. So what a row says depends on the seed, its own prompt and its index in the call,
not on how rows were ordered, chunked or dropped, nor on the prompts of other rows: a long one has less room for its own
answer, and one that leaves no room at all gets completions of length 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ...core.errors import ConfigError, RunError
from ...core.seeding import fresh_seed, integer_seed
from .activation_reuse import ActivationCache, LayerProducts
from .cached_decoding import CachedDecoding
from .devices import input_device
from .hf_decoding import Decoding, decoding_of
from .interface.samples import Samples, SamplingSettings
from .interface.stopping import StopStrings
from .merged_decoding import MergedDecoding
from .packed_forward import PackedModel
from .telling import Decode

CACHE_BYTES = 2 << 30  # keys and values held at a time, on a CPU
CACHE_SHARE = 1 / 8  # of a GPU's memory
ROWS_AT_ONCE = 512
MORE_ON_GPU = 4  # times as many rows: there a step costs about the same for any number of them
LOOK_EVERY = 4  # steps between two looks for finished rows on a GPU: each look waits for all that was asked of it
COMPACT_AT = 1 / 8  # share of finished rows at which the others are copied out


class LocalSampler:
    """Samples from a transformers model in this process.

    Args:
        model: a causal language model of transformers.
        stop_ids: tokens that end a completion.
        decoder: its packed forward pass, or `None` to decode through transformers.
        decode: tokens of completions → their texts; needed for stop strings.
    """

    on_policy = True
    keeps_activations = True
    tells = True

    def __init__(
        self, model: Any, stop_ids: Sequence[int], decoder: PackedModel | None, decode: Decode | None = None
    ) -> None:
        self.model, self.decoder, self.decode = model, decoder, decode
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
        noise = None
        if settings.temperature:
            seed = fresh_seed() if seed is None else seed
            noise = uniform_noise(len(prompt_ids) * n, self._width(settings), seed)
        return self.sample_by(
            noise, prompt_ids, n=n, settings=settings, keep_activations=keep_activations, listener=listener
        )

    def sample_by(
        self,
        noise: Tensor | None,
        prompt_ids: Sequence[Sequence[int]],
        *,
        n: int,
        settings: SamplingSettings,
        keep_activations: bool = False,
        listener: Callable[[Samples, Tensor], None] | None = None,
    ) -> Samples:
        """As `sample`, and rows are drawn by given numbers in place of those that a seed gives.

        Args:
            noise: (R, width) in [0, 1), as `uniform_noise` makes it; `None` takes the most likely tokens.
        """
        device, width = input_device(self.model), self._width(settings)
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
        self._decode(result, n, settings, None if noise is None else noise.to(device), listener)
        self._complete(result)
        self._check_numbers(result)
        longest = int(result.lengths.max()) if count else 0
        # Tensors made in inference mode may not enter autograd; these were made outside and only written to.
        if activations is not None and not activations.usable:
            activations = None
        tokens, logps = result.tokens[:, :longest], result.logps[:, :longest]
        return replace(result, tokens=tokens, logps=logps, activations=activations)

    def _width(self, settings: SamplingSettings) -> int:
        """The same for every batch of prompts: a row's noise must not depend on the length of another row's prompt."""
        return min(settings.max_new_tokens, self.context or settings.max_new_tokens)

    def _decode(
        self,
        result: Samples,
        n: int,
        settings: SamplingSettings,
        noise: Tensor | None,
        listener: Callable[[Samples, Tensor], None] | None,
    ) -> None:
        """Draw all rows of `result`, in place, and tell of them."""
        for rows in self._chunks(result.prompt_ids, n, result.tokens.shape[1]):
            with torch.inference_mode():
                self._fill(result, rows, n, settings, noise)
            if listener is not None:
                listener(result, rows)

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
        weight = self.model.get_input_embeddings().weight
        per_token = 2 * weight.element_size() * config.num_hidden_layers * key_heads * head_width
        longest = max((len(ids) for ids in prompts), default=1) + width
        times = 1 if weight.device.type == "cpu" else MORE_ON_GPU
        at_once = max(1, min(times * ROWS_AT_ONCE, _cache_bytes(weight.device) // (per_token * longest)))
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
        decoding: CachedDecoding | Decoding | MergedDecoding = (
            MergedDecoding(partial(self._begin, share_start=True), list(distinct), where)
            if settings.merge
            else self._begin(list(distinct), where)
        )
        done = torch.zeros(len(rows), dtype=torch.bool, device=device)
        rooms = [self._room(ids, result.tokens.shape[1]) for ids in distinct]
        room, shortest, longest = torch.tensor(rooms, device=device)[where], min(rooms), max(rooms)
        stopped = torch.zeros_like(done)  # those that the model ended itself; `done` also holds those out of room
        every = 1 if device.type == "cpu" else LOOK_EVERY
        texts = self._stop_strings(settings)
        for t in range(longest):
            token, logp = draw(decoding.logits, settings, None if noise is None else noise[rows, t])
            live = ~done
            token, logp = torch.where(live, token, 0), torch.where(live, logp, 0.0)  # behind an end stand zeros
            result.tokens[rows, t], result.logps[rows, t] = token, logp
            result.lengths[rows] += live
            for stop in self.stop_ids:
                stopped |= live & (token == stop)
            if texts is not None and bool((going := live & ~stopped).any()):
                stopped[texts.reached(result.tokens[rows, : t + 1], going)] = True
            done |= stopped
            full = t + 1 >= shortest and bool((room <= t + 1).any())
            if full:
                done |= room <= t + 1
            looks = full or t % every == every - 1
            ended = int(done.sum()) if looks else 0
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

    def _begin(self, prompts: Sequence[Sequence[int]], row_prompt: Tensor, share_start: bool = False) -> Any:
        """The decoding of rows that continue different prompts."""
        if self.decoder is None:
            return decoding_of(self.model)(self.model, prompts, row_prompt)
        return CachedDecoding(self.decoder, prompts, row_prompt, share_start=share_start)

    def _stop_strings(self, settings: SamplingSettings) -> StopStrings | None:
        if not settings.stop:
            return None
        if self.decode is None:
            raise ConfigError(f"stop={settings.stop!r} needs a sampler that can read its tokens: give it `decode`")
        return StopStrings(settings.stop, self.decode)


def _cache_bytes(device: torch.device) -> int:
    """How much keys and values may take: the same for the same kind of device, whatever else it holds."""
    if device.type != "cuda":
        return CACHE_BYTES
    return int(torch.cuda.get_device_properties(device).total_memory * CACHE_SHARE)


def context_of(model: Any) -> int | None:
    """How many tokens a model reads, prompt and completion together; `None` where nothing bounds it."""
    config = model.config.get_text_config()
    found = [getattr(config, name, None) for name in ("max_position_embeddings", "max_seq_len", "n_positions")]
    return next((int(value) for value in found if isinstance(value, int) and value > 0), None)


def uniform_noise(count: int, width: int, seed: int) -> Tensor:
    """(count, width) the numbers in [0, 1) that rows are drawn by: those of a row belong to its index in the call."""
    return torch.rand(count, width, generator=torch.Generator().manual_seed(integer_seed(seed, "sampling")))


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
        # In parallel, sums in float32 do not always rise: the token found at a gap may have no probability.
        cumulative = probabilities.cumsum(-1, dtype=torch.float64 if probabilities.is_cuda else None)
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
