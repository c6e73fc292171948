"""Supervised fine-tuning on (prompt, completion) pairs: stage 1, the warm-up that teaches a model the forms.

AdamW on the mean cross-entropy of the completion tokens (the prompt is read, not learnt), linear warm-up and cosine
decay. The forward pass is that of the GRPO update, so nothing is spent on padding. What it leaves out: accumulation and
mixed precision; models that need those come warmed up already.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...core.errors import ConfigError

if TYPE_CHECKING:
    import torch

    from ..inference.token_count import TokenCount

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SFTConfig:
    """Settings of supervised fine-tuning."""

    steps: int = 3000
    """Optimiser steps, each on one batch of pairs."""
    learning_rate: float = 2e-3
    """Peak learning rate of AdamW."""
    warmup_share: float = 0.03
    """Share of the steps over which the rate climbs from 0."""
    final_share: float = 0.05
    """Learning rate at the end, as a share of the peak."""
    weight_decay: float = 0.01
    """Decoupled decay of AdamW, per unit of learning rate."""
    max_grad_norm: float = 1.0
    """The gradient is scaled down to this Euclidean norm if it is longer."""

    def __post_init__(self) -> None:
        if self.steps < 1 or self.learning_rate <= 0:
            raise ConfigError(f"steps must be >= 1 and learning_rate > 0, got {self.steps!r}, {self.learning_rate!r}")

    def rate(self, step: int) -> float:
        """Learning rate at `step`, counted from 0."""
        rising = max(1, round(self.steps * self.warmup_share))
        return scheduled_rate(self.learning_rate, step, self.steps, rising, self.final_share)


def scheduled_rate(peak: float, step: int, steps: int, rising: int, final_share: float) -> float:
    """The learning rate at `step` of `steps`, counted from 0: linear over the first `rising` steps, then a half cosine
    from `peak` to `final_share` of it. With no rising steps and a share of 1 it is `peak` throughout."""
    if step < rising:
        return peak * (step + 1) / rising
    progress = (step - rising) / max(1, steps - rising)
    cosine = 0.5 * (1.0 + math.cos(math.pi * progress))
    return peak * (final_share + (1.0 - final_share) * cosine)


def train_sft(
    model: Any,
    tokenizer: Any,
    batch: Callable[[int], Pairs],
    config: SFTConfig,
    prompt_ids: Callable[[str], list[int]] | None = None,
    counted: TokenCount | None = None,
) -> Iterator[float]:
    """Train `model` in place, one step per iteration; yields the loss in nats per completion token.

    Args:
        batch: the pairs of a step, by its number; a function of the step alone makes the run reproducible.
        prompt_ids: a prompt as tokens, `LLMAgent.prompt_ids` of whoever acts later; by default one turn of the chat
            template.
        counted: where the tokens trained on are added: `LLMAgent.counted` of the agent that has the model.
    """
    import torch

    from ..inference.devices import input_device
    from ..inference.logprobs import completion_logps
    from ..inference.packed_forward import PackedModel
    from .objectives import cross_entropy

    trained = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(
        trained, lr=config.learning_rate, betas=(0.9, 0.99), weight_decay=config.weight_decay, fused=True
    )
    decoder, device = PackedModel.of(model), input_device(model)
    for step in range(config.steps):
        for group in optimiser.param_groups:
            group["lr"] = config.rate(step)
        prompts, owner, tokens, lengths = encode_pairs(tokenizer, batch(step), prompt_ids)
        count = int(lengths.sum())
        owner, tokens, lengths = owner.to(device), tokens.to(device), lengths.to(device)
        logps = completion_logps(model, decoder, prompts, owner, tokens, lengths)  # (B, T), 0 at padding
        loss = cross_entropy(logps, count)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(trained, config.max_grad_norm)
        optimiser.step()
        if counted is not None:
            counted.trained += count
        yield float(loss.detach())


def encode_pairs(
    tokenizer: Any, pairs: Pairs, prompt_ids: Callable[[str], list[int]] | None = None
) -> tuple[list[list[int]], torch.Tensor, torch.Tensor, torch.Tensor]:
    """Pairs as tokens: P different prompts, the prompt of each row (B,), completions (B, T), lengths (B,).

    A completion ends with the end-of-sequence token.
    """
    from .batch import padded_rows

    heads = _heads(tokenizer, pairs) if prompt_ids is None else [prompt_ids(prompt) for prompt, _ in pairs]
    tails = tokenizer([answer for _, answer in pairs], add_special_tokens=False).input_ids
    return padded_rows(heads, tails, tokenizer.eos_token_id)


def _heads(tokenizer: Any, pairs: Pairs) -> list[list[int]]:
    prompts = [
        tokenizer.apply_chat_template([{"role": "user", "content": prompt}], tokenize=False) for prompt, _ in pairs
    ]
    heads: list[list[int]] = tokenizer(prompts, add_special_tokens=False).input_ids
    return heads
