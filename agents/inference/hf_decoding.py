"""Step-by-step decoding through transformers itself, for architectures the packed model does not know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


class HFDecoding:
    """The same contract as `CachedDecoding`: U prompts computed once each, R rows that continue them."""

    def __init__(self, model: Any, prompts: Sequence[Sequence[int]], row_prompt: Tensor) -> None:
        self.model = model
        width = max(len(p) for p in prompts)
        device = row_prompt.device
        ids = torch.tensor([[0] * (width - len(p)) + list(p) for p in prompts], device=device)
        mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=device)
        positions = (mask.cumsum(1) - 1).clamp(min=0)
        out = model(ids, attention_mask=mask, position_ids=positions, use_cache=True, logits_to_keep=1)
        self.cache = out.past_key_values
        self.cache.batch_select_indices(row_prompt.cpu())  # layers may lie on several devices
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
            past_key_values=self.cache,
            use_cache=True,
        )
        self.logits = out.logits[:, -1]

    def keep(self, rows: Tensor) -> None:
        """Go on with the rows of these indices only."""
        self.cache.batch_select_indices(rows.cpu())
        self.logits, self.mask, self.positions = self.logits[rows], self.mask[rows], self.positions[rows]
