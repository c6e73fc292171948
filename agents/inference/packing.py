"""Ragged prompts and completions laid end to end, so that linear layers never see padding and a shared prompt is
computed once.

A batch holds U distinct prompts and R rows (completions). The packed order is: all prompt tokens, prompt after prompt,
then the *input* tokens of every completion, row after row. The last token of a completion is predicted but never read,
so it is left out; the first is predicted from the last state of its prompt. Only attention sees a padded view, through
the index grids kept here.

Prompts of a turn game say the same rules at every move, and differ in the position at their end. Such a beginning can
be the one prompt of all rows, and what is left of each row's own prompt the beginning of the row (`SharedStart`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor


@dataclass(frozen=True)
class Grid:
    """A padded (rows, width) view of one stretch of the packed tokens.

    Attributes:
        index: (rows, width) packed position of every cell; padding cells point at position 0 and are never read.
        flat: packed stretch → cell number in the flattened grid, in packed order; the inverse of `index`.
        start: first packed position of the stretch.
        valid: (rows, width) whether a cell holds a token.
    """

    index: Tensor
    flat: Tensor
    start: int
    valid: Tensor

    @classmethod
    def of(cls, lengths: Tensor, start: int) -> Grid:
        width = int(lengths.max()) if len(lengths) else 0
        first = start + torch.cumsum(lengths, 0) - lengths
        column = torch.arange(width, device=lengths.device)
        valid = column < lengths[:, None]
        index = torch.where(valid, first[:, None] + column, 0)
        return cls(index, valid.flatten().nonzero().flatten(), start, valid)

    @property
    def stop(self) -> int:
        return self.start + len(self.flat)


@dataclass(frozen=True)
class Packed:
    """One packed batch; build it with `pack`.

    Attributes:
        ids, positions: (N,) token ids and their positions within their own sequence.
        prompts, rows: padded views of the two stretches, (U, P) and (R, T - 1).
        row_prompt: (R,) which prompt each row continues.
        state_of: (M,) for every completion token, row after row, the packed position whose state predicts it.
        targets: (M,) those tokens.
        target_cells: (M,) their cell numbers in a flattened (R, T) tensor.
        shape: (R, T).
    """

    ids: Tensor
    positions: Tensor
    prompts: Grid
    rows: Grid
    row_prompt: Tensor
    state_of: Tensor
    targets: Tensor
    target_cells: Tensor
    shape: tuple[int, int]

    def attention_bias(self, repeat: int, dtype: torch.dtype) -> Tensor:
        """(R, 1, repeat · (T - 1), P + T - 1): 0 where a completion token may look, -inf elsewhere.

        A row sees its own prompt and itself up to the present; the query heads that share a key head are stacked along
        the query axis, `repeat` of them.
        """
        seen = self.prompts.valid[self.row_prompt]  # (R, P)
        count, width = self.rows.valid.shape
        causal = torch.ones(width, width, dtype=torch.bool, device=seen.device).tril()
        allowed = torch.cat([seen[:, None].expand(-1, width, -1), causal.expand(count, -1, -1)], 2)
        bias = torch.zeros(allowed.shape, dtype=dtype, device=seen.device).masked_fill_(~allowed, float("-inf"))
        return bias.repeat(1, repeat, 1)[:, None]


def pack(
    prompts: Sequence[Sequence[int]],
    row_prompt: Tensor,
    tokens: Tensor,
    lengths: Tensor,
) -> Packed:
    """Pack `tokens` (R, T), right-padded completions of the given `lengths` (R,), after their prompts.

    Args:
        prompts: U non-empty lists of token ids; those no row uses may be left in, at the cost of computing them.
        row_prompt: (R,) index into `prompts`; R may be 0 (prompts only).
        lengths: (R,) each at least 1.
    """
    device = tokens.device
    prompt_lengths = torch.tensor([len(p) for p in prompts], device=device)
    prompt_grid = Grid.of(prompt_lengths, 0)
    row_grid = Grid.of(lengths - 1, prompt_grid.stop)
    count, width = tokens.shape

    column = torch.arange(width, device=device)
    is_target = column < lengths[:, None]
    is_input = column < lengths[:, None] - 1
    last_state = (torch.cumsum(prompt_lengths, 0) - 1)[row_prompt]  # (R,)
    state_of = torch.cat([last_state[:, None], row_grid.index], 1)[:, :width]
    own_position = prompt_lengths[row_prompt, None] + column
    prompt_ids = torch.tensor([token for p in prompts for token in p], device=device)
    prompt_column = torch.arange(prompt_grid.index.shape[1], device=device).expand_as(prompt_grid.index)

    return Packed(
        ids=torch.cat([prompt_ids, tokens[is_input]]),
        positions=torch.cat([prompt_column[prompt_grid.valid], own_position[is_input]]),
        prompts=prompt_grid,
        rows=row_grid,
        row_prompt=row_prompt,
        state_of=state_of[is_target[:, : state_of.shape[1]]],
        targets=tokens[is_target],
        target_cells=is_target.flatten().nonzero().flatten(),
        shape=(count, width),
    )


WORTH = 0.5
"""Share of the prompt tokens that may be left for it to be done."""


class SharedStart(NamedTuple):
    """Rows as `pack` takes them, after one prompt.

    Attributes:
        start: the tokens that all prompts begin with.
        tokens: (R, T') what is left of a row's prompt, its completion, padding.
        lengths: (R,) of both together.
        own: (R,) tokens that are left of a row's prompt.
    """

    start: list[int]
    tokens: Tensor
    lengths: Tensor
    own: Tensor

    @classmethod
    def of_prompts(cls, prompts: Sequence[Sequence[int]], like: Tensor) -> SharedStart | None:
        """Of prompts alone: one row each, whose completion is one token that nobody reads."""
        rows = torch.arange(len(prompts), device=like.device)
        return cls.of(prompts, rows, torch.zeros_like(rows)[:, None], torch.ones_like(rows))

    @classmethod
    def of(
        cls, prompts: Sequence[Sequence[int]], row_prompt: Tensor, tokens: Tensor, lengths: Tensor
    ) -> SharedStart | None:
        """Of a batch as `pack` takes it; `None` where nothing is saved by it."""
        if len(prompts) < 2 or not len(tokens):
            return None
        first, last = min(map(list, prompts)), max(map(list, prompts))  # what these two share, all share
        start = first[: next((at for at, pair in enumerate(zip(first, last, strict=False)) if len({*pair}) > 1), None)]
        sizes = torch.tensor([len(prompt) - len(start) for prompt in prompts], device=tokens.device)
        own = sizes[row_prompt]
        if not start or len(start) + int(own.sum()) > WORTH * sum(map(len, prompts)):
            return None
        ends = torch.zeros(len(prompts), max(1, int(sizes.max())), dtype=tokens.dtype, device=tokens.device)
        for row, prompt in enumerate(prompts):
            ends[row, : len(prompt) - len(start)] = torch.tensor(prompt[len(start) :], dtype=tokens.dtype)
        joined = torch.cat([ends[row_prompt], torch.zeros_like(tokens)], 1)
        joined.scatter_(1, own[:, None] + torch.arange(tokens.shape[1], device=tokens.device), tokens)
        together = own + lengths
        return cls(start, joined[:, : int(together.max())], together, own)

    def of_completions(self, values: Tensor, lengths: Tensor, width: int) -> Tensor:
        """(R, T') per token of the rows → (R, `width`) per token of their completions, of so many each; 0 beyond."""
        column = torch.arange(width, device=values.device)
        where = (self.own[:, None] + column).clamp(max=values.shape[1] - 1)
        return torch.where(column < lengths[:, None], values.gather(1, where), 0.0)
