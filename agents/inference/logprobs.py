"""Log-probabilities of completions under a model, with gradients: prompts once per group, logits never kept whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from ...core.errors import ConfigError
from .activation_reuse import ActivationCache, ReusedProducts
from .hf_decoding import pads_left
from .packed_forward import PackedModel, weight_of
from .packing import SharedStart, pack

LOGITS_AT_ONCE = 1 << 24  # elements: 64 MiB in float32
LOGITS_AT_ONCE_ON_A_GPU = 1 << 27  # 512 MiB: smaller products leave most of it idle


def completion_logps(
    model: Any,
    decoder: PackedModel | None,
    prompts: Sequence[Sequence[int]],
    row_prompt: Tensor,
    tokens: Tensor,
    lengths: Tensor,
    *,
    temperature: float = 1.0,
    recompute: bool = False,
    activations: ActivationCache | None = None,
    activation_index: Tensor | None = None,
    share_start: bool = False,
) -> Tensor:
    """Log-probability of every completion token, (R, T); 0 at padding.

    Args:
        decoder: the packed forward pass of `model`, or `None` for transformers' own, with the prompt repeated for
            every row.
        prompts, row_prompt, tokens, lengths: see `packing.pack`.
        temperature: logits are divided by it, as they were in sampling.
        recompute: gradient checkpointing: keep only layer inputs, and run each layer again in the backward pass.
        activations: matrix products kept from sampling these tokens with these weights.
        activation_index: (R, ≥ T − 1) which of the kept tokens these are.
        share_start: compute what all prompts begin with once, where that saves enough; equal but for rounding.
    """
    if decoder is None:
        with _recomputing(model) if recompute and torch.is_grad_enabled() else nullcontext():
            return _hf_logps(model, prompts, row_prompt, tokens, lengths, temperature)
    shared = SharedStart.of(prompts, row_prompt, tokens, lengths) if share_start and activations is None else None
    if shared is not None:
        found = completion_logps(
            model,
            decoder,
            [shared.start],
            torch.zeros_like(row_prompt),
            shared.tokens,
            shared.lengths,
            temperature=temperature,
            recompute=recompute,
        )
        return shared.of_completions(found, lengths, tokens.shape[1])
    packed = pack(prompts, row_prompt, tokens, lengths)
    reused = None
    if activations is not None and activation_index is not None:
        reused = ReusedProducts(activations, activation_index, packed)
    states = decoder.hidden(packed, recompute=recompute, products=reused)
    logps = head_logps(states, weight_of(decoder.head), packed.targets, temperature)
    return logps.new_zeros(tokens.numel()).index_copy(0, packed.target_cells, logps).view(tokens.shape)


def head_logps(states: Tensor, weight: Tensor, targets: Tensor, temperature: float = 1.0) -> Tensor:
    """log softmax(states · weightᵀ / temperature) at `targets`; (M, width), (V, width), (M,) → (M,) float32.

    Logits exist for at most `LOGITS_AT_ONCE` elements at a time (more on a GPU); if that is not all of them, the
    backward pass computes them again.
    """
    device = states.device.type
    dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else weight.dtype
    out: Tensor = _HeadLogps.apply(states.to(dtype), weight.to(dtype), targets, temperature)  # type: ignore[no-untyped-call]
    return out


class _HeadLogps(torch.autograd.Function):
    """d logp / d logits = (onehot − softmax) / temperature, chunk by chunk."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, weight: Tensor, targets: Tensor, temperature: float) -> Tensor:
        rows = max(1, (LOGITS_AT_ONCE_ON_A_GPU if weight.is_cuda else LOGITS_AT_ONCE) // len(weight))
        ctx.rows, ctx.temperature = rows, temperature
        pieces, kept = [], None
        for x, y in zip(torch.split(states, rows), torch.split(targets, rows), strict=True):
            logps = torch.log_softmax(_logits(x, weight, temperature), -1)
            pieces.append(logps.gather(1, y[:, None])[:, 0])
            kept = logps
        ctx.save_for_backward(states, weight, targets, kept if len(states) <= rows else None)
        return torch.cat(pieces) if pieces else states.new_zeros(0, dtype=torch.float32)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None, None]:
        states, weight, targets, kept = ctx.saved_tensors
        grad_states, grad_weight = torch.empty_like(states), torch.zeros_like(weight)
        for start in range(0, len(states), ctx.rows):
            part = slice(start, start + ctx.rows)
            logps = kept if kept is not None else torch.log_softmax(_logits(states[part], weight, ctx.temperature), -1)
            upstream = grad[part, None] / ctx.temperature
            inner = logps.exp() * -upstream
            inner.scatter_add_(1, targets[part, None], upstream)
            inner = inner.to(weight.dtype)
            grad_states[part] = inner @ weight
            grad_weight.addmm_(inner.T, states[part])
        return grad_states, grad_weight, None, None


def _logits(states: Tensor, weight: Tensor, temperature: float) -> Tensor:
    logits = (states @ weight.T).float()
    return logits if temperature == 1.0 else logits / temperature


@contextmanager
def _recomputing(model: Any) -> Iterator[None]:
    """Checkpoint the layers of a transformers model. Its own switch works in training mode only, which brings dropout.

    Raises:
        ConfigError: the model has no layers that can be told apart.
    """
    from transformers.modeling_layers import GradientCheckpointingLayer

    layers = [module for module in model.modules() if isinstance(module, GradientCheckpointingLayer)]
    if not layers:
        raise ConfigError(f"gradient_checkpointing finds no layers in {type(model).__name__}: train it without")
    own = [vars(layer).get("forward") for layer in layers]
    for layer in layers:
        layer.forward = partial(checkpoint, layer.forward, use_reentrant=False)
    try:
        yield
    finally:
        for layer, forward in zip(layers, own, strict=True):
            del layer.forward
            if forward is not None:
                layer.forward = forward


def _hf_logps(
    model: Any,
    prompts: Sequence[Sequence[int]],
    row_prompt: Tensor,
    tokens: Tensor,
    lengths: Tensor,
    temperature: float,
) -> Tensor:
    """The same through transformers: left-padded prompts, right-padded completions, logits of the completions."""
    if not pads_left(model):
        return _right_padded_logps(model, prompts, row_prompt, tokens, lengths, temperature)
    device, width = tokens.device, max(len(p) for p in prompts)
    padded = torch.tensor([[0] * (width - len(p)) + list(p) for p in prompts], device=device)
    real = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=device)
    present = torch.arange(tokens.shape[1], device=device) < lengths[:, None]
    ids = torch.cat([padded[row_prompt], tokens], 1)
    mask = torch.cat([real[row_prompt], present.long()], 1)
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    keep = tokens.shape[1] + 1
    out = model(ids, attention_mask=mask, position_ids=positions, use_cache=False, logits_to_keep=keep)
    logits = out.logits[:, -keep:-1].float() / temperature
    logps = torch.log_softmax(logits, -1).gather(2, tokens[:, :, None])[:, :, 0]
    return torch.where(present, logps, 0.0)


def _right_padded_logps(
    model: Any,
    prompts: Sequence[Sequence[int]],
    row_prompt: Tensor,
    tokens: Tensor,
    lengths: Tensor,
    temperature: float,
) -> Tensor:
    """The same for models whose state minds padding before a text: each row is prompt, completion, padding."""
    device, width = tokens.device, tokens.shape[1]
    starts = torch.tensor([len(p) for p in prompts], device=device)[row_prompt]
    column = torch.arange(width, device=device)
    present = column < lengths[:, None]
    ids = torch.zeros(len(tokens), int(starts.max()) + width, dtype=torch.int64, device=device)
    for row, prompt in enumerate(row_prompt.tolist()):
        ids[row, : len(prompts[prompt])] = torch.tensor(prompts[prompt], device=device)
    places = starts[:, None] + column
    ids.scatter_(1, places, tokens)
    logits = model(ids, use_cache=False).logits.float() / temperature
    rows = torch.arange(len(tokens), device=device)[:, None]
    logps = torch.log_softmax(logits[rows, places - 1], -1).gather(2, tokens[:, :, None])[:, :, 0]
    return torch.where(present, logps, 0.0)
