"""Backward passes written out where automatic differentiation of the same formula costs twice the memory traffic.

On a CPU a small model spends a third of its update outside matrix products, most of it in the norms and the rotary
embedding. Values and gradients equal the plain formulas to rounding (tests/agents/inference/test_kernels.py).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def rms_norm(x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    """x / √(mean(x²) + ε) · weight over the last axis; x (…, d), weight (d,)."""
    if x.dtype is not weight.dtype or x.device.type != "cpu" or not torch.is_grad_enabled():
        by_torch: Tensor = torch.nn.functional.rms_norm(x, x.shape[-1:], weight.to(x.dtype), epsilon)
        return by_torch
    out: Tensor = _RmsNorm.apply(x, weight, epsilon)  # type: ignore[no-untyped-call]
    return out


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary embedding in the half-split convention; x (N, heads, d), cos and sin (N, 1, d / 2)."""
    if torch.is_grad_enabled() and x.requires_grad:
        out: Tensor = _Rotate.apply(x, cos, sin)  # type: ignore[no-untyped-call]
        return out
    return _turned(x, cos, sin, 1)


def swiglu(joined: Tensor) -> Tensor:
    """silu(gate) · up of joined gate and up projections (N, 2 d) → (N, d)."""
    out: Tensor = _SwiGlu.apply(joined)  # type: ignore[no-untyped-call]
    return out


class _RmsNorm(torch.autograd.Function):
    """With r = 1 / √(mean(x²) + ε) and u = g · x:

    dw = Σ r u over rows,   dx = r g w − x r³ (u · w) / d.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
        size = x.shape[-1]
        scale = (torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_() / size).add_(epsilon).rsqrt_()
        ctx.save_for_backward(x, weight, scale)
        out: Tensor = (x * scale).mul_(weight)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        x, weight, scale = ctx.saved_tensors
        size = x.shape[-1]
        product = (grad * x).reshape(-1, size)
        grad_weight = product.T @ scale.reshape(-1)
        along_x = (product @ weight).view(scale.shape).mul_(scale.pow(3)).mul_(-1 / size)
        return (grad * weight).mul_(scale).addcmul_(x, along_x), grad_weight, None


class _Rotate(torch.autograd.Function):
    """The backward of a rotation is the rotation back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        ctx.save_for_backward(cos, sin)
        return _turned(x, cos, sin, 1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        cos, sin = ctx.saved_tensors
        return _turned(grad, cos, sin, -1), None, None


class _SwiGlu(torch.autograd.Function):
    """Gradients of both halves are written side by side, where the split of autograd would copy them together."""

    @staticmethod
    def forward(ctx: Any, joined: Tensor) -> Tensor:
        ctx.save_for_backward(joined)
        gate, up = joined.chunk(2, -1)
        return torch.nn.functional.silu(gate).mul_(up)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (joined,) = ctx.saved_tensors
        gate, up = joined.chunk(2, -1)
        out = torch.empty_like(joined)
        grad_gate, grad_up = out.chunk(2, -1)
        torch.mul(grad, torch.nn.functional.silu(gate), out=grad_up)
        torch.ops.aten.silu_backward.grad_input(grad * up, gate, grad_input=grad_gate)
        return out


def _turned(x: Tensor, cos: Tensor, sin: Tensor, direction: int) -> Tensor:
    half = x.shape[-1] // 2
    left, right = x[..., :half], x[..., half:]
    out = torch.empty(x.shape, dtype=torch.promote_types(x.dtype, cos.dtype), device=x.device)
    torch.mul(left, cos, out=out[..., :half]).addcmul_(right, sin, value=-direction)
    torch.mul(right, cos, out=out[..., half:]).addcmul_(left, sin, value=direction)
    return out
