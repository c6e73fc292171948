"""A packed forward pass for Qwen3-, Qwen2- and Llama-shaped models, reading the transformers module's own parameters.

Same mathematics as transformers (equal logits to 1e-5 in float32, checked on the first use of every model), less work:
packed tokens (no padding in linear layers), a prompt computed once however many completions continue it, and a decoding
step with fused projections and a preallocated cache (`cached_decoding.py`). Gradients flow to the module's parameters,
so an optimiser, a checkpoint or a LoRA adapter needs to know nothing of it. Others go through transformers.

Left out: dropout inside attention (a policy gradient wants the sampler's distribution), sliding windows, rope scaling,
models split over devices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from .devices import on_one_device
from .kernels import rms_norm, rotate
from .packing import Grid, Packed, pack

ARCHITECTURES = ("qwen3", "qwen2", "llama")
TOLERANCE = 1e-3  # of the largest logit: far above float32 rounding, far below any real difference
COARSE = 0.1  # of the length of all logits, in 16 bits: 30 random layers round either pass away from the truth by 0.04


@dataclass(frozen=True)
class Shape:
    """What the attention layers need to know: numbers of query and key heads, width of a head, epsilon of the norms."""

    heads: int
    key_heads: int
    head_width: int
    epsilon: float

    @property
    def repeat(self) -> int:
        """Query heads per key head."""
        return self.heads // self.key_heads


class Products(Protocol):
    """Where the matrix products of layer `number` come from; y is the normalised state, x the residual stream."""

    def qkv(self, number: int, layer: Any, y: Tensor) -> Tensor:
        """Queries, keys and values side by side, (N, (heads + 2 · key_heads) · head_width)."""
        ...

    def attended(self, number: int, layer: Any, x: Tensor, seen: Tensor) -> Tensor:
        """x plus the output projection of what attention saw."""
        ...

    def fed_forward(self, number: int, layer: Any, x: Tensor, y: Tensor) -> Tensor:
        """x plus the feed-forward block of y."""
        ...


class Computed:
    """Products computed with the weights where they are."""

    def qkv(self, number: int, layer: Any, y: Tensor) -> Tensor:
        attention = layer.self_attn
        return torch.cat([linear(y, m) for m in (attention.q_proj, attention.k_proj, attention.v_proj)], 1)

    def attended(self, number: int, layer: Any, x: Tensor, seen: Tensor) -> Tensor:
        return x + linear(seen, layer.self_attn.o_proj)

    def fed_forward(self, number: int, layer: Any, x: Tensor, y: Tensor) -> Tensor:
        mlp = layer.mlp
        return x + linear(F.silu(linear(y, mlp.gate_proj)) * linear(y, mlp.up_proj), mlp.down_proj)


def at_once(layer: Any, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function that reads the weights of a layer where they are."""
    return function(*arguments)


class PackedModel:
    """The forward pass of one model. Build it with `PackedModel.of`, which says `None` to what it cannot run.

    Attributes:
        within: how a function that reads the weights of a layer is called; they may have to be fetched first.
    """

    within = staticmethod(at_once)

    def __init__(self, model: Any) -> None:
        causal = inner_model(model)
        config = causal.config
        self.embedding: nn.Embedding = causal.model.embed_tokens
        self.layers: list[Any] = list(causal.model.layers)
        self.norm, self.head, self.rotary = causal.model.norm, causal.lm_head, causal.model.rotary_emb
        head_width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        self.shape = Shape(config.num_attention_heads, config.num_key_value_heads, head_width, config.rms_norm_eps)

    @classmethod
    def of(cls, model: Any) -> PackedModel | None:
        """A decoder for `model`, or `None` if its architecture is unknown, altered, or gives other logits."""
        if not _recognised(model):
            return None
        decoder = cls(model)
        return decoder if decoder._agrees_with(model) else None

    def hidden(
        self,
        packed: Packed,
        *,
        caches: list[tuple[Tensor, Tensor]] | None = None,
        recompute: bool = False,
        products: Products | None = None,
    ) -> Tensor:
        """(M, width) normalised states that predict `packed.targets`; all N states if the batch has no rows.

        Args:
            caches: if given, receives every layer's keys and values, each (N, key_heads, head_width).
            recompute: gradient checkpointing: keep only layer inputs, and run each layer again in the backward pass.
            products: where matrix products come from; `None` means they are computed.
        """
        products = products or Computed()
        x = self.embedding(packed.ids)
        rotation = self.rotation(packed.positions)
        bias = None
        if packed.rows.index.numel():
            bias = packed.attention_bias(self.shape.repeat, _compute_dtype(x))
        run: Any = self._layer
        if recompute and torch.is_grad_enabled():
            run, caches = partial(checkpoint, self._layer, use_reentrant=False), None
        for number, layer in enumerate(self.layers):
            x = self.within(layer, run, number, x, rotation, bias, packed, caches, products)
        if packed.shape[0]:
            x = x.index_select(0, packed.state_of)
        return self._norm(x, self.norm)

    def rotation(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines and sines (N, 1, head_width / 2) of the rotary embedding."""
        angle = positions[:, None].float() * self.rotary.inv_freq.float()
        return angle.cos()[:, None], angle.sin()[:, None]

    def _layer(
        self,
        number: int,
        x: Tensor,  # (N, width)
        rotation: tuple[Tensor, Tensor],
        bias: Tensor | None,
        packed: Packed,
        caches: list[tuple[Tensor, Tensor]] | None,
        products: Products,
    ) -> Tensor:
        layer, shape = self.layers[number], self.shape
        attention = layer.self_attn
        y = self._norm(x, layer.input_layernorm)
        heads = products.qkv(number, layer, y).view(len(x), -1, shape.head_width)
        q, k, v = torch.split(heads, [shape.heads, shape.key_heads, shape.key_heads], 1)  # (N, heads, head_width)
        if hasattr(attention, "q_norm"):
            q, k = self._norm(q, attention.q_norm), self._norm(k, attention.k_norm)
        q, k = rotate(q, *rotation).to(v.dtype), rotate(k, *rotation).to(v.dtype)
        if caches is not None:
            caches.append((k, v))
        x = products.attended(number, layer, x, self._attend(q, k, v, bias, packed))
        return products.fed_forward(number, layer, x, self._norm(x, layer.post_attention_layernorm))

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, packed: Packed) -> Tensor:
        """Attention of packed tokens → (N, heads · head_width): prompts among themselves, rows to prompt and self."""
        shape, prompts, rows = self.shape, packed.prompts, packed.rows
        pq, pk, pv = (to_grid(t, prompts) for t in (q, k, v))  # (U, P, heads, head_width)
        seen = F.scaled_dot_product_attention(
            pq.transpose(1, 2), pk.transpose(1, 2), pv.transpose(1, 2), is_causal=True, enable_gqa=shape.repeat > 1
        )
        outputs = [from_grid(seen.transpose(1, 2), prompts)]
        if bias is not None:
            count, width = rows.index.shape
            rk = torch.cat([pk.index_select(0, packed.row_prompt), to_grid(k, rows)], 1).transpose(
                1, 2
            )  # (R, key_heads, P+T-1, ·)
            rv = torch.cat([pv.index_select(0, packed.row_prompt), to_grid(v, rows)], 1).transpose(1, 2)
            rq = to_grid(q, rows).view(count, width, shape.key_heads, shape.repeat, shape.head_width)
            rq = rq.permute(0, 2, 3, 1, 4).reshape(count, shape.key_heads, shape.repeat * width, shape.head_width)
            seen = F.scaled_dot_product_attention(rq, rk, rv, attn_mask=bias.to(rq.dtype))
            seen = seen.view(count, shape.key_heads, shape.repeat, width, shape.head_width)
            outputs.append(from_grid(seen.permute(0, 3, 1, 2, 4).flatten(2, 3), rows))
        return torch.cat(outputs).flatten(1)

    def _norm(self, x: Tensor, module: Any) -> Tensor:
        return rms_norm(x, module.weight, self.shape.epsilon)

    @torch.no_grad()
    def _agrees_with(self, model: Any) -> bool:
        size = self.embedding.num_embeddings
        ids = torch.arange(3, 15, device=self.embedding.weight.device)[None] * 7919 % size
        was_training = model.training
        model.eval()
        theirs = model(ids).logits[0].float()
        model.train(was_training)
        tokens = ids.new_zeros(0, 0)
        states = self.hidden(pack(ids.tolist(), ids.new_zeros(0), tokens, ids.new_zeros(0)))
        ours = linear(states, self.head).float()
        if self.embedding.weight.element_size() < 4:
            return bool((ours - theirs).norm() <= COARSE * theirs.norm())
        return bool((ours - theirs).abs().max() <= TOLERANCE * theirs.abs().max())


def inner_model(model: Any) -> Any:
    """The causal language model inside a peft wrapper, or the model itself."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def weight_of(module: Any) -> Tensor:
    """The weight a linear module acts with: its own, plus what active LoRA adapters add (differentiable), but for
    those that act `beside` it."""
    if not hasattr(module, "lora_A"):
        weight: Tensor = module.weight
        return weight
    weight = module.base_layer.weight
    if weight.element_size() > 2:
        for down, up, scale in _adapters(module):
            weight = weight + scale * (up @ down)
    return weight


def beside(module: Any) -> list[tuple[Tensor, Tensor, float]]:
    """Active LoRA adapters (A, B, scale) that cannot be added to the weight: in 16 bits a sum would round to the weight
    itself as long as the adapter is small, and nothing would have been learnt."""
    if not hasattr(module, "lora_A") or module.base_layer.weight.element_size() > 2:
        return []
    return _adapters(module)


def bias_of(module: Any) -> Tensor | None:
    bias: Tensor | None = (module.base_layer if hasattr(module, "lora_A") else module).bias
    return bias


def linear(x: Tensor, module: Any) -> Tensor:
    out = F.linear(x, weight_of(module), bias_of(module))
    for down, up, scale in beside(module):
        out = out + (scale * ((x.to(down.dtype) @ down.T) @ up.T)).to(out.dtype)
    return out


def _adapters(module: Any) -> list[tuple[Tensor, Tensor, float]]:
    if module.disable_adapters or module.merged:
        return []
    active = [name for name in module.active_adapters if name in module.lora_A]
    return [(module.lora_A[name].weight, module.lora_B[name].weight, module.scaling[name]) for name in active]


def to_grid(x: Tensor, grid: Grid) -> Tensor:
    """Packed (N, …) → padded (rows, width, …)."""
    out: Tensor = _Regroup.apply(x, grid.index, grid.flat, grid.start)  # type: ignore[no-untyped-call]
    return out


def from_grid(x: Tensor, grid: Grid) -> Tensor:
    """Padded (rows, width, …) → the packed stretch (tokens, …)."""
    out: Tensor = _Ungroup.apply(x.flatten(0, 1), grid.flat)  # type: ignore[no-untyped-call]
    return out


class _Regroup(torch.autograd.Function):
    """A gather whose backward is a gather too: every packed token stands in exactly one cell."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, index: Tensor, flat: Tensor, start: int) -> Tensor:
        ctx.save_for_backward(flat)
        ctx.start, ctx.count = start, len(x)
        return x[index]

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        (flat,) = ctx.saved_tensors
        out = grad.new_zeros(ctx.count, *grad.shape[2:])
        torch.index_select(grad.flatten(0, 1), 0, flat, out=out[ctx.start : ctx.start + len(flat)])
        return out, None, None, None


class _Ungroup(torch.autograd.Function):
    """The way back: no cell is read twice, so the backward writes instead of adding."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, flat: Tensor) -> Tensor:
        ctx.save_for_backward(flat)
        ctx.count = len(x)
        return x.index_select(0, flat)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (flat,) = ctx.saved_tensors
        return grad.new_zeros(ctx.count, *grad.shape[1:]).index_copy_(0, flat, grad), None


def _compute_dtype(x: Tensor) -> torch.dtype:
    device = x.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else x.dtype


def _recognised(model: Any) -> bool:
    """Whether the architecture is one this file implements, with none of the options it leaves out."""
    causal = inner_model(model)
    config: Any = getattr(causal, "config", None)
    if getattr(config, "model_type", None) not in ARCHITECTURES or not on_one_device(model):
        return False
    rope = getattr(config, "rope_parameters", None) or {}
    windows = set(getattr(config, "layer_types", None) or ["full_attention"])
    return (
        config.hidden_act == "silu"
        and rope.get("rope_type", "default") == "default"
        and rope.get("partial_rotary_factor", 1.0) == 1.0
        and windows == {"full_attention"}
        and not any(any(getattr(module, "use_dora", {}).values()) for module in causal.modules())
        and all(hasattr(causal, name) for name in ("model", "lm_head"))
    )
