"""Matrix products of sampling, kept for the update: the forward pass of the first update needs none of them again.

A completion token is multiplied with every weight when it is sampled, and once more in the forward pass of the update,
with the same weights and the same result. Keeping the results leaves only norms, rotations, attention and the products
of the backward pass to the update: a quarter less arithmetic per step. It holds as long as the weights have not moved
and the precision is the same; whoever reuses them must see to that.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .kernels import swiglu
from .packed_forward import PackedModel, beside, bias_of, weight_of
from .packing import Packed

ACTIVATION_BYTES = 1 << 30  # above, the cache is given up and the update computes everything

LayerProducts = tuple[Tensor, Tensor, Tensor, Tensor]
"""Of one layer: joined q, k, v projections; state after attention; joined gate and up projections; state after it all.
Each (tokens, ·)."""


class ActivationCache:
    """Products of every sampled token, found by row and column.

    Args:
        layers: number of layers.
        shape: (R, T) of the completions.

    Attributes:
        index: (R, T) number of each token among those kept.
    """

    def __init__(self, layers: int, shape: tuple[int, int], device: torch.device) -> None:
        self.index = torch.zeros(shape, dtype=torch.int64, device=device)
        self._pieces: list[list[list[Tensor]]] = [[[] for _ in range(4)] for _ in range(layers)]
        self._tokens = self._bytes = 0
        self.complete = True

    @property
    def usable(self) -> bool:
        """Whether it holds every token that was fed, and there was one: completions of a single token feed none."""
        return self.complete and self._tokens > 0

    @staticmethod
    def possible(decoder: PackedModel | None) -> bool:
        """Whether the products of this model can be reused: a packed model whose linear layers are a weight each,
        without bias and without an adapter beside it."""
        if decoder is None:
            return False
        layer = decoder.layers[0]
        linears = (layer.self_attn.q_proj, layer.self_attn.o_proj, layer.mlp.gate_proj, layer.mlp.down_proj)
        return all(bias_of(module) is None and not beside(module) for module in linears)

    def add(self, rows: Tensor, column: int, layers: list[LayerProducts]) -> None:
        """Keep what the tokens in `column` of `rows` gave, layer by layer."""
        if not self.complete:
            return
        self._bytes += sum(t.numel() * t.element_size() for products in layers for t in products)
        if self._bytes > ACTIVATION_BYTES:
            self.complete, self._pieces = False, []
            return
        self.index[rows, column] = self._tokens + torch.arange(len(rows), device=rows.device)
        self._tokens += len(rows)
        for pieces, products in zip(self._pieces, layers, strict=True):
            for kept, product in zip(pieces, products, strict=True):
                kept.append(product)

    def layer(self, index: int) -> list[Tensor]:
        """The four products of a layer, each (all tokens, ·)."""
        for kept in self._pieces[index]:
            kept[:] = [torch.cat(kept)] if len(kept) > 1 else kept
        return [kept[0] for kept in self._pieces[index]]


class ReusedProducts:
    """Stands in for the matrix products of a forward pass: prompts are computed, completion tokens looked up.

    Args:
        activations: of the sampling call that wrote the completions.
        index: (R, ≥ T − 1) which of the kept tokens the packed rows are.
    """

    def __init__(self, activations: ActivationCache, index: Tensor, packed: Packed) -> None:
        self.activations = activations
        self.prompts = packed.prompts.stop
        self.index = index[:, : packed.rows.valid.shape[1]][packed.rows.valid]

    def qkv(self, number: int, layer: Any, y: Tensor) -> Tensor:
        attention = layer.self_attn
        weight = torch.cat([weight_of(m) for m in (attention.q_proj, attention.k_proj, attention.v_proj)])
        return self._known(y, weight, self.activations.layer(number)[0])

    def attended(self, number: int, layer: Any, x: Tensor, seen: Tensor) -> Tensor:
        return self._known_sum(x, seen, weight_of(layer.self_attn.o_proj), self.activations.layer(number)[1])

    def fed_forward(self, number: int, layer: Any, x: Tensor, y: Tensor) -> Tensor:
        mlp, products = layer.mlp, self.activations.layer(number)
        weight = torch.cat([weight_of(mlp.gate_proj), weight_of(mlp.up_proj)])
        inner = swiglu(self._known(y, weight, products[2]))
        return self._known_sum(x, inner, weight_of(mlp.down_proj), products[3])

    def _known(self, x: Tensor, weight: Tensor, kept: Tensor) -> Tensor:
        out: Tensor = _Known.apply(x, weight, kept, self.index, self.prompts)  # type: ignore[no-untyped-call]
        return out

    def _known_sum(self, residual: Tensor, x: Tensor, weight: Tensor, kept: Tensor) -> Tensor:
        out: Tensor = _KnownSum.apply(residual, x, weight, kept, self.index, self.prompts)  # type: ignore[no-untyped-call]
        return out


class _Known(torch.autograd.Function):
    """x · weightᵀ, computed for the first `prompts` rows and looked up for the others."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, kept: Tensor, index: Tensor, prompts: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        out = x.new_empty(len(x), len(weight))
        torch.mm(x[:prompts], weight.T, out=out[:prompts])
        torch.index_select(kept, 0, index, out=out[prompts:])
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        return grad @ weight, grad.T @ x, None, None, None


class _KnownSum(torch.autograd.Function):
    """residual + x · weightᵀ, the same way."""

    @staticmethod
    def forward(
        ctx: Any, residual: Tensor, x: Tensor, weight: Tensor, kept: Tensor, index: Tensor, prompts: int
    ) -> Tensor:
        ctx.save_for_backward(x, weight)
        out = torch.empty_like(residual)
        torch.addmm(residual[:prompts], x[:prompts], weight.T, out=out[:prompts])
        torch.index_select(kept, 0, index, out=out[prompts:])
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        return grad, grad @ weight, grad.T @ x, None, None, None
