"""Completions told as text while others are still sampled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor

    from .interface.samples import Samples

Listener: TypeAlias = Callable[[Sequence[tuple[int, str]]], None]
"""Hears of completions that are done: the index of the prompt in the call, and the text. Each is told once, in any
order; those that another process or a server draws may never be."""
Decode: TypeAlias = Callable[[list[list[int]]], list[str]]


class TextsAsDrawn:
    """Decodes the rows of a call as they are done, so that none is decoded twice.

    Args:
        decode: tokens of completions → their texts.
        n: completions per prompt.
        listener: who is told.

    Attributes:
        texts: by row, of those that were told.
    """

    def __init__(self, decode: Decode, n: int, listener: Listener) -> None:
        self.decode, self.n, self.listener = decode, n, listener
        self.texts: dict[int, str] = {}

    def __call__(self, samples: Samples, rows: Tensor) -> None:
        """These rows of `samples` are done."""
        lengths, tokens = samples.lengths[rows].tolist(), samples.tokens[rows].tolist()
        texts = self.decode([row[:length] for row, length in zip(tokens, lengths, strict=True)])
        found = dict(zip(rows.tolist(), texts, strict=True))
        self.texts |= found
        self.listener([(row // self.n, text) for row, text in found.items()])
