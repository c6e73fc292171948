"""The rows of one update, and how they are cut into parts that fit in memory."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..grpo import dead_groups, group_advantages, without_truncated
from ..inference.sampling import Samples
from .config import GRPOConfig


@dataclass(frozen=True)
class Batch:
    """The rows of one update: R completions of up to T tokens, and what they are worth."""

    prompts: list[list[int]]
    row_prompt: Tensor  # (R,) into `prompts`
    tokens: Tensor  # (R, T)
    lengths: Tensor  # (R,)
    mask: Tensor  # (R, T)
    advantages: Tensor  # (R,)
    sampler_logp: Tensor  # (R, T), what the sampler says of its tokens; NaN where it does not
    place: Tensor  # (R, T) where the recording of the sampling call has the tokens; (R, 0) without one
    sampled_as: Tensor  # (R,) which rows of the sampling call these were
    rows_total: int  # with the rows left out, so that leaving them out changes no gradient
    tokens_total: float

    def __len__(self) -> int:
        return len(self.tokens)

    def part(self, rows: Tensor) -> Batch:
        """Some of the rows, as a batch with only their prompts and no wider than they need."""
        width = int(self.lengths[rows].max()) if len(rows) else 0
        used, row_prompt = torch.unique(self.row_prompt[rows], return_inverse=True)
        cut = {name: getattr(self, name)[rows, :width] for name in ("tokens", "mask", "sampler_logp", "place")}
        return dataclasses.replace(
            self,
            prompts=[self.prompts[i] for i in used.tolist()],
            row_prompt=row_prompt,
            lengths=self.lengths[rows],
            advantages=self.advantages[rows],
            sampled_as=self.sampled_as[rows],
            **cut,
        )

    def to(self, device: torch.device | str) -> Batch:
        """The same batch with its tensors on `device`."""
        held: dict[str, Any] = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        moved: dict[str, Any] = {name: v.to(device) for name, v in held.items() if isinstance(v, Tensor)}
        return dataclasses.replace(self, **moved)


def rows_that_teach(drawn: Samples, rewards: Tensor, config: GRPOConfig, device: torch.device) -> Batch:
    """The rows that can teach something: dead groups, and cut-off completions if asked, are left out."""
    drawn = drawn.to(device)
    advantages = group_advantages(rewards, scale=config.scale, eps=config.eps).flatten().float().to(device)
    mask = without_truncated(drawn.mask, drawn.finished) if config.mask_truncated else drawn.mask
    teaches = mask.sum(1) > 0
    if not config.keep_dead_groups:
        teaches &= (~dead_groups(rewards)).to(device).repeat_interleave(drawn.n)
    distinct: dict[tuple[int, ...], int] = {}
    owner = [distinct.setdefault(tuple(ids), len(distinct)) for ids in drawn.prompt_ids]
    whole = Batch(
        prompts=[list(ids) for ids in distinct],
        row_prompt=torch.tensor(owner, device=device).repeat_interleave(drawn.n),
        tokens=drawn.tokens,
        lengths=drawn.lengths,
        mask=mask,
        advantages=advantages,
        sampler_logp=drawn.logps,
        place=drawn.tokens[:, :0] if drawn.recording is None else drawn.recording.place,
        sampled_as=torch.arange(len(mask), device=device),
        rows_total=len(mask),
        tokens_total=max(1.0, float(mask.sum())),
    )
    rows = teaches.nonzero().flatten()
    return whole.part(rows)


def micro_batches(batch: Batch, budget: int) -> list[Tensor]:
    """Rows of the batch in parts of at most `budget` tokens (one row at least): groups stay together, similar lengths
    meet, so that prompts are computed once and attention pads little."""
    lengths, owner = batch.lengths.tolist(), batch.row_prompt.tolist()
    longest: dict[int, int] = {}
    for prompt, length in zip(owner, lengths, strict=True):
        longest[prompt] = max(length, longest.get(prompt, 0))
    order = sorted(range(len(batch)), key=lambda r: (longest[owner[r]], owner[r], r))
    parts: list[list[int]] = [[]]
    used, present = 0, set[int]()
    for row in order:
        cost = lengths[row] + (0 if owner[row] in present else len(batch.prompts[owner[row]]))
        if parts[-1] and used + cost > budget:
            parts.append([])
            used, present = 0, set()
            cost = lengths[row] + len(batch.prompts[owner[row]])
        parts[-1].append(row)
        present.add(owner[row])
        used += cost
    return [torch.tensor(rows, device=batch.tokens.device) for rows in parts]
