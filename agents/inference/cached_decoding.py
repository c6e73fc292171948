"""Step-by-step decoding of many rows with the packed model: fused projections, a cache that grows to need, rows that
leave when they are finished."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .kernels import rotate
from .packed_forward import PackedModel, at_once, beside, bias_of, weight_of
from .packing import Packed, SharedStart, pack

GROWTH = 16  # cache slots added at a time; few, because attention slows down on a cache with wide gaps
COPY_UP_TO = 50_000_000  # parameters; above, weights are used where they are
COPY_UP_TO_ON_A_GPU = 2_000_000_000  # where a step is as long as it takes to ask for all its products


@dataclass(frozen=True)
class Projection:
    """A linear map in the layout a step wants: (in, out), several of the same input side by side.

    Attributes:
        beside: LoRA adapters that are not in the weights: where their output begins and ends, A (in, r), B (r, out).
    """

    weights: tuple[Tensor, ...]
    biases: tuple[Tensor | None, ...]
    beside: tuple[tuple[int, int, Tensor, Tensor], ...] = ()

    @classmethod
    def of(cls, *modules: Any, copy: bool) -> Projection:
        """Copied weights are transposed and joined: 10 to 20 % faster at the few rows of a step."""
        weights, biases = [weight_of(m).T for m in modules], [bias_of(m) for m in modules]
        ends = list(itertools.accumulate(weight.shape[1] for weight in weights))
        adapters = tuple(
            (end - len(up), end, down.T, scale * up.T)
            for module, end in zip(modules, ends, strict=True)
            for down, up, scale in beside(module)
        )
        if not copy:
            return cls(tuple(weights), tuple(biases), adapters)
        present = [b for b in biases if b is not None]
        return cls((torch.cat(weights, 1).contiguous(),), (torch.cat(present) if present else None,), adapters)

    def __call__(self, x: Tensor) -> Tensor:
        parts = [x @ w if b is None else torch.addmm(b, x, w) for w, b in zip(self.weights, self.biases, strict=True)]
        return self._adapted(parts[0] if len(parts) == 1 else torch.cat(parts, 1), x)

    def added(self, residual: Tensor, x: Tensor) -> Tensor:
        """residual + this map of x."""
        (weight,), (bias,) = self.weights, self.biases
        out = torch.addmm(residual, x, weight)
        return self._adapted(out if bias is None else out + bias, x)

    def _adapted(self, out: Tensor, x: Tensor) -> Tensor:
        for start, end, down, up in self.beside:
            out[:, start:end] += (x.to(down.dtype) @ down) @ up
        return out


@dataclass(frozen=True)
class FusedLayer:
    """One layer, projections of the same input joined."""

    qkv: Projection
    output: Projection
    gate_up: Projection
    down: Projection
    norms: tuple[Tensor, Tensor]
    head_norms: Tensor | None  # (heads + key_heads, head_width)


@dataclass(frozen=True)
class Begun:
    """U prompts that are to be read.

    Attributes:
        packed: what is computed.
        index, valid: (U, P) where in it each prompt's tokens stand, and which cells hold one.
        last: (U,) which of the states that come of it is the last one of each prompt.
    """

    packed: Packed
    index: Tensor
    valid: Tensor
    last: Tensor

    @classmethod
    def of(cls, prompts: Sequence[Sequence[int]], like: Tensor, share_start: bool) -> Begun:
        """Of prompts, with what they share computed once if that is asked for and saves enough."""
        none = like.new_zeros(0)
        shared = SharedStart.of_prompts(prompts, like) if share_start else None
        if shared is None:
            packed = pack(prompts, none, like.new_zeros(0, 0), none)
            index, valid = packed.prompts.index, packed.prompts.valid
            return cls(packed, index, valid, torch.cumsum(valid.sum(1), 0) - 1)
        packed = pack([shared.start], torch.zeros_like(shared.own), shared.tokens, shared.lengths)
        start = packed.prompts.index.expand(len(prompts), -1)
        index = torch.cat([start, packed.rows.index], 1)
        valid = torch.cat([torch.ones_like(start, dtype=torch.bool), packed.rows.valid], 1)
        return cls(packed, index, valid, torch.cumsum(shared.lengths, 0) - 1)


class CachedDecoding:
    """R rows that continue U prompts, one token per step.

    Prompts are computed once each and their keys copied to the rows. `logits` holds the prediction for every live row
    (B, vocabulary); `step` feeds one token per live row; `keep` drops rows.

    Args:
        share_start: compute what all prompts begin with once, where that saves enough; equal but for rounding.
    """

    def __init__(
        self, decoder: PackedModel, prompts: Sequence[Sequence[int]], row_prompt: Tensor, share_start: bool = False
    ) -> None:
        self.decoder, self.shape = decoder, decoder.shape
        most = COPY_UP_TO_ON_A_GPU if row_prompt.is_cuda else COPY_UP_TO
        copy = sum(p.numel() for layer in decoder.layers for p in layer.parameters()) <= most
        fetched = decoder.within is not at_once  # for the moment of a call: then nothing may be kept of them
        self.fused = [] if fetched else [_fuse(layer, copy) for layer in decoder.layers]
        self.head = None if fetched else Projection.of(decoder.head, copy=copy)
        caches: list[tuple[Tensor, Tensor]] = []
        begun = Begun.of(prompts, row_prompt, share_start)
        states = decoder.hidden(begun.packed, caches=caches)  # (N, width)
        self.logits = self._predicted(states[begun.last])[row_prompt]
        self.positions = begun.valid.sum(1)[row_prompt]
        self.used = begun.index.shape[1]  # cache slots filled, the same for every row
        rows, capacity = len(row_prompt), self.used + GROWTH
        size = (len(decoder.layers), 2, rows, self.shape.key_heads, capacity, self.shape.head_width)
        self.cache = states.new_empty(size, dtype=caches[0][1].dtype)
        for layer, pair in zip(self.cache, caches, strict=True):
            for slot, packed_states in zip(layer, pair, strict=True):
                padded = packed_states[begun.index].transpose(1, 2)  # (U, key_heads, P, head_width)
                slot[:, :, : self.used] = padded[row_prompt]
        self.bias: Tensor | None = None
        if not bool(begun.valid.all()):
            hidden = ~begun.valid[row_prompt]
            self.bias = self.cache.new_zeros(rows, capacity)
            self.bias[:, : self.used].masked_fill_(hidden, float("-inf"))

    def step(self, tokens: Tensor, products: list[tuple[Tensor, Tensor, Tensor, Tensor]] | None = None) -> None:
        """Feed `tokens` (B,), one per live row, and set `logits`; `products` receives every layer's products, as
        `ActivationCache` keeps them."""
        decoder, shape = self.decoder, self.shape
        if self.used == self.cache.shape[-2]:
            self._grow()
        x = decoder.embedding(tokens)
        rotation = decoder.rotation(self.positions)
        bias = None if self.bias is None else self.bias[:, None, None, : self.used + 1]
        for number, layer in enumerate(decoder.layers):
            x = decoder.within(layer, self._layer_step, number, x, rotation, bias, products)
        x = F.rms_norm(x, x.shape[-1:], decoder.norm.weight, shape.epsilon)
        self.logits = self._predicted(x)
        self.used += 1
        self.positions = self.positions + 1

    def _layer_step(
        self,
        number: int,
        x: Tensor,  # (B, width)
        rotation: tuple[Tensor, Tensor],
        bias: Tensor | None,
        products: list[tuple[Tensor, Tensor, Tensor, Tensor]] | None,
    ) -> Tensor:
        shape, (keys, values) = self.shape, self.cache[number]
        layer = self.fused[number] if self.fused else _fuse(self.decoder.layers[number], False)
        y = F.rms_norm(x, x.shape[-1:], layer.norms[0], shape.epsilon)
        projected = layer.qkv(y)
        qkv = projected.view(len(x), -1, shape.head_width)
        qk = qkv[:, : -shape.key_heads]
        if layer.head_norms is not None:
            qk = F.rms_norm(qk, (shape.head_width,), None, shape.epsilon) * layer.head_norms
        qk = rotate(qk, *rotation)
        keys[:, :, self.used] = qk[:, shape.heads :]
        values[:, :, self.used] = qkv[:, -shape.key_heads :]
        q = qk[:, : shape.heads].to(keys.dtype).view(len(x), shape.key_heads, shape.repeat, shape.head_width)
        seen = _attend(q, keys[:, :, : self.used + 1], values[:, :, : self.used + 1], bias)
        attended = layer.output.added(x, seen.reshape(len(x), -1))
        y = F.rms_norm(attended, x.shape[-1:], layer.norms[1], shape.epsilon)
        gate_up = layer.gate_up(y)
        gate, up = gate_up.chunk(2, -1)
        out = layer.down.added(attended, F.silu(gate) * up)
        if products is not None:
            products.append((projected, attended, gate_up, out))
        return out

    def keep(self, rows: Tensor) -> None:
        """Go on with the rows of these indices (B',) only."""
        used = self.used
        smaller = self.cache.new_empty(*self.cache.shape[:2], len(rows), *self.cache.shape[3:])
        for old, new in zip(self.cache.flatten(0, 1), smaller.flatten(0, 1), strict=True):
            new[:, :, :used] = old[rows, :, :used]
        self.cache = smaller
        self.logits, self.positions = self.logits[rows], self.positions[rows]
        self.bias = None if self.bias is None else self.bias[rows]

    def _predicted(self, states: Tensor) -> Tensor:
        head = self.head or Projection.of(self.decoder.head, copy=False)
        return head(states)

    def _grow(self) -> None:
        more = max(GROWTH, self.used // 8)
        self.cache = F.pad(self.cache, (0, 0, 0, more))
        self.bias = None if self.bias is None else F.pad(self.bias, (0, more))


def _attend(q: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None) -> Tensor:
    """One query position per head: plain products beat the fused kernel at this shape on a CPU."""
    scores = torch.matmul(q * q.shape[-1] ** -0.5, keys.transpose(2, 3))
    if bias is not None:
        scores = scores + bias
    return torch.matmul(torch.softmax(scores, -1), values)


def _fuse(layer: Any, copy: bool) -> FusedLayer:
    attention, mlp = layer.self_attn, layer.mlp
    head_norms = None
    if hasattr(attention, "q_norm"):
        width = attention.q_norm.weight.numel()
        heads = weight_of(attention.q_proj).shape[0] // width, weight_of(attention.k_proj).shape[0] // width
        head_norms = torch.cat(
            [attention.q_norm.weight.expand(heads[0], -1), attention.k_norm.weight.expand(heads[1], -1)]
        )
    return FusedLayer(
        qkv=Projection.of(attention.q_proj, attention.k_proj, attention.v_proj, copy=copy),
        output=Projection.of(attention.o_proj, copy=copy),
        gate_up=Projection.of(mlp.gate_proj, mlp.up_proj, copy=copy),
        down=Projection.of(mlp.down_proj, copy=copy),
        norms=(layer.input_layernorm.weight, layer.post_attention_layernorm.weight),
        head_norms=head_norms,
    )
