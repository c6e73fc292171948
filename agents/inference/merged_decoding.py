"""Rows that have said the same after the same prompt, decoded once: for many short texts of few prompts.

In a small game a model is asked the same over and over, and its answers are few. Rows are then leaves of a tree of
distinct texts, and only the nodes of the tree are computed. Each row still draws its own tokens. Where texts soon
differ, as in long answers, the cache is copied at every token for nothing; so it is asked for, and not the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor


class Steps(Protocol):
    """What is wrapped: decoding of rows, one token per step. `keep` may name a row several times."""

    logits: Tensor

    def step(self, tokens: Tensor) -> None: ...
    def keep(self, rows: Tensor) -> None: ...


class MergedDecoding:
    """R rows on as many nodes as there are different texts; an interface like that of what it wraps.

    Args:
        begin: prompts and the prompt of each row → the decoding of these rows.
        prompts: U different ones.
        row_prompt: (R,) the prompt of each row.
    """

    def __init__(
        self,
        begin: Callable[[Sequence[Sequence[int]], Tensor], Steps],
        prompts: Sequence[Sequence[int]],
        row_prompt: Tensor,
    ) -> None:
        self.inner = begin(prompts, torch.arange(len(prompts), device=row_prompt.device))
        self.node = row_prompt

    @property
    def logits(self) -> Tensor:
        """The prediction for every live row, (B, vocabulary)."""
        return self.inner.logits[self.node]

    def step(self, tokens: Tensor) -> None:
        """Feed `tokens` (B,), one per live row."""
        nodes, self.node = torch.unique(torch.stack([self.node, tokens], 1), dim=0, return_inverse=True)
        self.inner.keep(nodes[:, 0])
        self.inner.step(nodes[:, 1])

    def keep(self, rows: Tensor) -> None:
        """Go on with the rows of these indices (B',) only."""
        self.node = self.node[rows]
