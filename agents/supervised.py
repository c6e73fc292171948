"""Supervised fine-tuning on (prompt, completion) pairs: stage 1, the warm-up that makes a model believable.

AdamW on the mean cross-entropy of the completion tokens (the prompt is read, not learnt), linear warm-up and cosine
decay. What it leaves out: packing, accumulation, mixed precision; models that need those come warmed up already.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core.errors import ConfigError

if TYPE_CHECKING:
    import torch

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SupervisedConfig:
    """Settings of supervised training."""

    steps: int = 3000
    """Optimiser steps, each on one batch of pairs."""
    learning_rate: float = 2e-3
    """Peak learning rate of AdamW."""
    warmup_share: float = 0.03
    """Share of the steps over which the rate climbs from 0."""
    final_share: float = 0.05
    """Learning rate at the end, as a share of the peak."""
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0

    def __post_init__(self) -> None:
        if self.steps < 1 or self.learning_rate <= 0:
            raise ConfigError(f"steps must be >= 1 and learning_rate > 0, got {self.steps!r}, {self.learning_rate!r}")

    def rate(self, step: int) -> float:
        """Learning rate at `step`, counted from 0."""
        rising = max(1, round(self.steps * self.warmup_share))
        if step < rising:
            return self.learning_rate * (step + 1) / rising
        progress = (step - rising) / max(1, self.steps - rising)
        cosine = 0.5 * (1.0 + math.cos(math.pi * progress))
        return self.learning_rate * (self.final_share + (1.0 - self.final_share) * cosine)


def train_supervised(
    model: Any,
    tokenizer: Any,
    batch: Callable[[int], Pairs],
    config: SupervisedConfig,
) -> Iterator[float]:
    """Train `model` in place, one step per iteration; yields the loss in nats per completion token.

    Args:
        batch: the pairs of a step, by its number; a function of the step alone makes the run reproducible.
    """
    import torch

    optimiser = torch.optim.AdamW(
        model.parameters(), lr=config.learning_rate, betas=(0.9, 0.99), weight_decay=config.weight_decay
    )
    model.train()
    for step in range(config.steps):
        for group in optimiser.param_groups:
            group["lr"] = config.rate(step)
        tokens, targets = encode_pairs(tokenizer, batch(step))
        logits = model(input_ids=tokens, attention_mask=tokens.ne(tokenizer.pad_token_id)).logits  # (B, T, V)
        loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), targets[:, 1:].flatten())
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.max_grad_norm)
        optimiser.step()
        yield float(loss.detach())
    model.eval()


def encode_pairs(tokenizer: Any, pairs: Pairs) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and targets, both (B, T), padded on the right; targets are −100 on prompts and padding."""
    import torch

    prompts = [
        tokenizer.apply_chat_template([{"role": "user", "content": prompt}], tokenize=False) for prompt, _ in pairs
    ]
    heads = tokenizer(prompts, add_special_tokens=False).input_ids
    tails = tokenizer([answer for _, answer in pairs], add_special_tokens=False).input_ids
    width = max(len(head) + len(tail) + 1 for head, tail in zip(heads, tails, strict=True))
    tokens = torch.full((len(pairs), width), tokenizer.pad_token_id)
    targets = torch.full((len(pairs), width), -100)
    for row, (head, tail) in enumerate(zip(heads, tails, strict=True)):
        tail = [*tail, tokenizer.eos_token_id]
        tokens[row, : len(head) + len(tail)] = torch.tensor(head + tail)
        targets[row, len(head) : len(head) + len(tail)] = torch.tensor(tail)
    return tokens, targets
