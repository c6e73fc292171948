"""Two roles in one sequence: private text of one role is invisible to the other, exactly.

A sequence is cut into segments, each public or private to the role that wrote it. A token sees the public tokens
before it and, if it is private, those of its own role:

    challenger's thoughts (private) | question (public) | attempt (private to the solver)

    sees ↓  of →      thoughts  question  attempt
    thoughts             ◣
    question                        ◣
    attempt                         ■         ◣

A public token must not see private ones, not even its author's: its states would carry them on to everybody. So a
question stands twice if its author is to learn it: where it was written, in private, and where everybody reads it.

Positions count what a token can see. That makes the logits of a role equal to those of an ordinary sequence from which
everything hidden is left out, whenever that sequence has its public text first (as a question before its
attempt). Where a role thinks in private *before* public text it reads later, both begin at 0 and positions repeat.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ...core.errors import ConfigError, UnknownNameError

PUBLIC = 0
"""Token type of public text; the roles' private text has 1, 2, … in their order."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one sequence.

    Attributes:
        ids: its tokens.
        role: who wrote it.
        public: whether everybody sees it, or only its writer.
    """

    ids: Sequence[int]
    role: str
    public: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """B sequences of segments, right-padded to T; build it with `lay_out`.

    Attributes:
        ids: (B, T) tokens, 0 at padding.
        types: (B, T) token types: `PUBLIC`, or 1 + the role's number.
        writers: (B, T) number of the role that wrote the token, -1 at padding.
        positions: (B, T) how many visible tokens stand before.
        previous: (B, T) index of the last visible token before, whose state predicts this one; -1 if there is none.
        sees: (B, T, T) whether token i attends to token j. Padding sees itself only.
    """

    ids: Tensor
    types: Tensor
    writers: Tensor
    positions: Tensor
    previous: Tensor
    sees: Tensor

    def bias(self, dtype: torch.dtype) -> Tensor:
        """(B, 1, T, T) to be added to attention scores: 0 where a token sees, the lowest number elsewhere."""
        lowest = torch.finfo(dtype).min
        return torch.zeros(self.sees.shape, dtype=dtype, device=self.sees.device).masked_fill_(~self.sees, lowest)[
            :, None
        ]

    def written_by(self, number: int) -> Tensor:
        """(B, T) bool: tokens of the role with this number that have something before them to be predicted from."""
        return (self.writers == number) & (self.previous >= 0)


def lay_out(batch: Sequence[Sequence[Segment]], roles: Sequence[str], device: str | torch.device = "cpu") -> Layout:
    """Mask, positions and token types of sequences of segments.

    Raises:
        UnknownNameError: a segment of somebody who is not among `roles`.
        ConfigError: a sequence without tokens.
    """
    numbers = {role: number for number, role in enumerate(roles)}
    rows: list[tuple[list[int], list[int], list[int]]] = []
    for sequence in batch:
        ids: list[int] = []
        types: list[int] = []
        writers: list[int] = []
        for segment in sequence:
            if segment.role not in numbers:
                raise UnknownNameError("role", segment.role, roles)
            number, count = numbers[segment.role], len(segment.ids)
            ids += segment.ids
            types += [PUBLIC if segment.public else 1 + number] * count
            writers += [number] * count
        if not ids:
            raise ConfigError("a sequence needs at least one token; got only empty segments")
        rows.append((ids, types, writers))
    width = max((len(ids) for ids, _, _ in rows), default=0)

    def padded(column: int, value: int) -> Tensor:
        lists = [row[column] + [value] * (width - len(row[column])) for row in rows]
        return torch.tensor(lists, dtype=torch.int64, device=device).view(len(rows), width)

    kinds = padded(1, -1)
    earlier = torch.ones(width, width, dtype=torch.bool, device=device).tril()
    same = (kinds[:, :, None] == kinds[:, None, :]) & (kinds >= 0)[:, :, None]
    sees = (same | (kinds == PUBLIC)[:, None, :] & (kinds >= 0)[:, :, None]) & earlier
    sees |= torch.eye(width, dtype=torch.bool, device=device)
    index = torch.arange(width, device=device)
    before = torch.where(sees & (index[:, None] > index), index, -1)  # (B, T, T)
    return Layout(
        ids=padded(0, 0),
        types=kinds.clamp(min=0),
        writers=padded(2, -1),
        positions=sees.sum(-1) - 1,
        previous=before.amax(-1) if width else kinds,
        sees=sees,
    )


def segment_logits(model: Any, layout: Layout, types: torch.nn.Embedding | None = None) -> Tensor:
    """(B, T, vocabulary) logits of any causal language model of transformers, each token seeing what it may.

    Args:
        model: with eager or sdpa attention; others take no mask of their own.
        types: an embedding per token type, added to that of the token; `None` for none.

    Raises:
        ConfigError: the model's attention cannot keep the promise.
    """
    _check_attention(model, layout.ids.shape[1])
    x = model.get_input_embeddings()(layout.ids)
    if types is not None:
        x = x + types(layout.types)
    out = model(inputs_embeds=x, attention_mask=layout.bias(x.dtype), position_ids=layout.positions, use_cache=False)
    logits: Tensor = out.logits
    return logits


def segment_logps(
    model: Any, layout: Layout, types: torch.nn.Embedding | None = None, *, temperature: float = 1.0
) -> Tensor:
    """(B, T) log-probability of every token given what it sees; 0 at padding and where it sees nothing.

    With `Layout.written_by` as mask this is what a policy gradient of both roles in one pass needs.
    """
    logits = segment_logits(model, layout, types).float() / temperature
    states = layout.previous.clamp(min=0)
    logps = torch.log_softmax(logits, -1)
    chosen = logps.gather(1, states[:, :, None].expand(-1, -1, logps.shape[-1]))
    chosen = chosen.gather(2, layout.ids[:, :, None])[:, :, 0]
    return torch.where((layout.writers >= 0) & (layout.previous >= 0), chosen, 0.0)


def _check_attention(model: Any, width: int) -> None:
    config = model.config.get_text_config()
    kind = getattr(config, "_attn_implementation", None)
    if kind not in ("eager", "sdpa"):
        raise ConfigError(f"{kind!r} attention takes no mask: load the model with attn_implementation='sdpa'")
    window = getattr(config, "sliding_window", None)
    sliding = "sliding_attention" in set(getattr(config, "layer_types", None) or ())
    if sliding and window is not None and width > window:
        raise ConfigError(f"{width} tokens exceed the model's attention window of {window}; shorten the segments")
