"""The rows of one update, and how they are cut into parts that fit in memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from ..grpo import group_advantages, without_truncated, zero_variance_groups
from ..inference.interface.samples import Samples
from .config import GRPOConfig

if TYPE_CHECKING:
    from ..models.llm import LLMAgent


@dataclass(frozen=True)
class Batch:
    """The rows of one update: R completions of up to T tokens, and their advantages."""

    prompts: list[list[int]]
    row_prompt: Tensor  # (R,) into `prompts`
    tokens: Tensor  # (R, T)
    lengths: Tensor  # (R,)
    mask: Tensor  # (R, T)
    advantages: Tensor  # (R,)
    sampler_logp: Tensor  # (R, T), the sampler's own log-probabilities; NaN where unknown
    activation_index: Tensor  # (R, T) number of each token in the sampling call's `ActivationCache`; (R, 0) without
    sampled_as: Tensor  # (R,) which rows of the sampling call these were
    rows_total: float  # with the rows left out, so that leaving them out changes no gradient
    tokens_total: float
    share_start: bool = False  # whether to compute what all prompts begin with once, see `completion_logps`

    def __len__(self) -> int:
        return len(self.tokens)

    def part(self, rows: Tensor) -> Batch:
        """Some of the rows, as a batch with only their prompts and no wider than they need."""
        width = int(self.lengths[rows].max()) if len(rows) else 0
        used, row_prompt = torch.unique(self.row_prompt[rows], return_inverse=True)
        cut = {
            name: getattr(self, name)[rows, :width] for name in ("tokens", "mask", "sampler_logp", "activation_index")
        }
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
    """The rows that can teach something: groups without variance, and cut-off completions if asked, are left out."""
    drawn = drawn.to(device)
    advantages = group_advantages(rewards, scale=config.scale, eps=config.eps).flatten().float().to(device)
    mask = without_truncated(drawn.mask, drawn.finished) if config.mask_truncated else drawn.mask
    teaches = mask.sum(1) > 0
    if not config.keep_zero_variance_groups:
        teaches &= (~zero_variance_groups(rewards)).to(device).repeat_interleave(drawn.n)
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
        activation_index=drawn.tokens[:, :0] if drawn.activations is None else drawn.activations.index,
        sampled_as=torch.arange(len(mask), device=device),
        rows_total=len(mask),
        tokens_total=max(1.0, float(mask.sum())),
    )
    rows = teaches.nonzero().flatten()
    return whole.part(rows)


class Cut(NamedTuple):
    """The rows of one update, in passes of the model.

    Attributes:
        parts: what fits in memory, one after the other.
        idle: for passes that only other processes need.
        references: log-probabilities of each part under the reference; `None` without one.
        first: those before the first update, the denominators of ρ; none yet where that update computes them itself.
    """

    parts: list[Batch]
    idle: list[Batch]
    references: list[Tensor | None]
    first: list[Tensor]


def padded_rows(
    heads: Sequence[Sequence[int]], tails: Sequence[Sequence[int]], end: int
) -> tuple[list[list[int]], Tensor, Tensor, Tensor]:
    """Prompts and completions given as tokens: P different prompts, the prompt of each row (B,), completions (B, T)
    that end with the token `end`, lengths (B,)."""
    distinct: dict[tuple[int, ...], int] = {}
    owner = torch.tensor([distinct.setdefault(tuple(head), len(distinct)) for head in heads])
    lengths = torch.tensor([len(tail) + 1 for tail in tails])
    tokens = torch.zeros(len(tails), int(lengths.max()), dtype=torch.int64)
    for row, tail in enumerate(tails):
        tokens[row, : len(tail) + 1] = torch.tensor([*tail, end])
    return [list(head) for head in distinct], owner, tokens, lengths


def rows_of_pairs(agent: LLMAgent, pairs: Sequence[tuple[str, str]], device: torch.device) -> Batch:
    """The rows of a supervised update: (prompt, completion) pairs as `agent` reads and writes them."""
    heads = [agent.prompt_ids(prompt) for prompt, _ in pairs]
    tails = [agent.text_ids(text) for _, text in pairs]
    prompts, owner, tokens, lengths = padded_rows(heads, tails, agent.tokenizer.eos_token_id)
    mask = (torch.arange(tokens.shape[1]) < lengths[:, None]).float()
    batch = Batch(
        prompts=prompts,
        row_prompt=owner,
        tokens=tokens,
        lengths=lengths,
        mask=mask,
        advantages=torch.ones(len(tokens)),
        sampler_logp=torch.full(tokens.shape, torch.nan),
        activation_index=tokens[:, :0],
        sampled_as=torch.arange(len(tokens)),
        rows_total=len(tokens),
        tokens_total=float(mask.sum()),
    )
    return batch.to(device)


def dealt(batch: Batch, number: int) -> list[Batch]:
    """The rows dealt at random into so many parts, some of which may be empty; a loss over any of them is one over its
    share of the batch.

    Which part a row is in depends on its place in the sampling call alone, so that several processes, each with rows
    of its own, deal as one.
    """
    if number == 1:
        return [batch]
    places = torch.randperm(int(batch.rows_total), generator=torch.Generator().manual_seed(number))
    of_row = (places % number).to(batch.sampled_as.device)[batch.sampled_as]
    totals: dict[str, Any] = {"rows_total": batch.rows_total / number, "tokens_total": batch.tokens_total / number}
    return [dataclasses.replace(batch.part((of_row == which).nonzero().flatten()), **totals) for which in range(number)]


def one_token(device: torch.device) -> Batch:
    """A batch that says nothing, for a pass whose result nobody uses."""
    row, token = torch.zeros(1, dtype=torch.int64, device=device), torch.zeros(1, 1, device=device)
    return Batch(
        prompts=[[0]],
        row_prompt=row,
        tokens=token.long(),
        lengths=row + 1,
        mask=token,
        advantages=token[0],
        sampler_logp=token,
        activation_index=token[:, :0].long(),
        sampled_as=row,
        rows_total=1,
        tokens_total=1.0,
    )


def micro_batches(batch: Batch, budget: int, together: int = 1) -> list[Tensor]:
    """Rows of the batch in parts of at most `budget` tokens (one unit at least): groups stay together, similar lengths
    meet, so that prompts are computed once and attention pads little.

    Args:
        together: so many rows in a row are a unit, which is never cut; they have one prompt.
    """
    lengths, owner = batch.lengths.tolist(), batch.row_prompt.tolist()
    longest: dict[int, int] = {}
    for prompt, length in zip(owner, lengths, strict=True):
        longest[prompt] = max(length, longest.get(prompt, 0))
    order = sorted(range(0, len(batch), together), key=lambda r: (longest[owner[r]], owner[r], r))
    parts: list[list[int]] = [[]]
    used, present = 0, set[int]()
    for first in order:
        rows = range(first, first + together)
        written = sum(lengths[row] for row in rows)
        cost = written + (0 if owner[first] in present else len(batch.prompts[owner[first]]))
        if parts[-1] and used + cost > budget:
            parts.append([])
            used, present = 0, set()
            cost = written + len(batch.prompts[owner[first]])
        parts[-1] += rows
        present.add(owner[first])
        used += cost
    return [torch.tensor(rows, device=batch.tokens.device) for rows in parts]
