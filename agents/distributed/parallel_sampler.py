"""Sampling shared by the processes of a run: each decodes some rows, and all get all of them.

What a row says depends on the seed and its index in the call (`sampling.py`), so who decodes it does not matter, save
for rounding in matrix products of another size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ...core.seeding import fresh_seed
from ..inference.activation_reuse import ActivationCache
from ..inference.interface.samples import Samples, SamplingSettings
from ..inference.merged_decoding import Steps
from ..inference.sampling import LocalSampler, by_length
from .placement import Placement


class ParallelSampler(LocalSampler):
    """Samples from the models of all processes, which must be equal.

    Args:
        local: the sampler of the model in this process.
        placement: where its weights live.
        active: a context in which the model is the policy to sample from, see `LLMAgent.active`.

    Attributes:
        activations: of the rows decoded here in the last call, if it was asked for and possible.
    """

    def __init__(
        self,
        local: LocalSampler,
        placement: Placement,
        active: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        super().__init__(local.model, local.stop_ids, local.decoder, local.decode)
        self.placement, self.group, self.active = placement, placement.group, active
        self.activations: ActivationCache | None = None
        self._listener: Callable[[Samples, Tensor], None] | None = None

    def sample(
        self,
        prompt_ids: Sequence[Sequence[int]],
        *,
        n: int,
        settings: SamplingSettings,
        seed: int | None,
        keep_activations: bool = False,
        listener: Callable[[Samples, Tensor], None] | None = None,
    ) -> Samples:
        """See `LocalSampler`. Rank 0 calls it, the other ranks help; it tells of the rows that it decodes itself."""
        prompts = [list(map(int, ids)) for ids in prompt_ids]
        self._listener = listener
        try:
            return self.group.run_on_all(
                self.sample_on_rank, prompts, n, settings, fresh_seed() if seed is None else seed, keep_activations
            )
        finally:
            self._listener = None

    def sample_on_rank(
        self, prompts: list[list[int]], n: int, settings: SamplingSettings, seed: int, keep_activations: bool
    ) -> Samples:
        """What each rank does of one call."""
        self.activations = None
        keep = keep_activations and not self.placement.in_shards  # each would keep a copy of the weights beside it
        with self.active(), nullcontext() if self.placement.by_layer else self.placement.whole():
            samples = super().sample(
                prompts, n=n, settings=settings, seed=seed, keep_activations=keep, listener=self._listener
            )
        self.activations = samples.activations
        return samples

    def _rows(self, prompts: list[list[int]], n: int) -> Tensor:
        rows = super()._rows(prompts, n)
        return rows[owners(prompts, n, self.group.size)[rows] == self.group.rank]

    def _begin(self, prompts: Sequence[Sequence[int]], row_prompt: Tensor, share_start: bool = False) -> Any:
        begin = partial(super()._begin, share_start=share_start)
        return (
            JointDecoding(self.placement, begin, prompts, row_prompt)
            if self.placement.by_layer
            else begin(prompts, row_prompt)
        )

    def _decode(self, *arguments: Any) -> None:
        super()._decode(*arguments)
        self.placement.run_for_others()

    def _complete(self, result: Samples) -> None:
        """Rows of other processes are all zeros here, so the sum over processes is everybody's rows."""
        longest = int(result.lengths.max()) if len(result.lengths) else 0
        longest = int(self.group.greatest(longest))
        finished = result.finished.to(torch.int64)
        for wide in (result.tokens, result.logps):
            used = wide[:, :longest].contiguous()
            self.group.add_up([used])
            wide[:, :longest] = used
        self.group.add_up([result.lengths, finished])
        result.finished.copy_(finished > 0)


class JointDecoding:
    """Rows decoded while other processes decode theirs, token by token, because each takes all of them; an interface
    like that of what it wraps.

    Args:
        placement: of the model, which is not whole here.
        begin: prompts and the prompt of each row → the decoding of these rows.
        prompts, row_prompt: see `MergedDecoding`.
    """

    def __init__(
        self,
        placement: Placement,
        begin: Callable[[Sequence[Sequence[int]], Tensor], Steps],
        prompts: Sequence[Sequence[int]],
        row_prompt: Tensor,
    ) -> None:
        self.placement = placement
        self.inner = placement.run_jointly(begin, prompts, row_prompt)

    @property
    def logits(self) -> Tensor:
        """The prediction for every live row, (B, vocabulary)."""
        return self.inner.logits

    def step(self, tokens: Tensor) -> None:
        """Feed `tokens` (B,), one per live row."""
        self.placement.run_jointly(self.inner.step, tokens)

    def keep(self, rows: Tensor) -> None:
        """Go on with the rows of these indices (B',) only."""
        self.inner.keep(rows)


def owners(prompts: Sequence[Sequence[int]], n: int, size: int) -> Tensor:
    """(U · n,) the rank that decodes each row, and later trains on it: whole groups, dealt short prompts first, so
    that a prompt is computed once; single rows where there are fewer groups than processes."""
    if len(prompts) < size:
        return torch.arange(len(prompts) * n) % size
    owner = torch.empty(len(prompts), dtype=torch.int64)
    owner[by_length(prompts)] = torch.arange(len(prompts)) % size
    return owner.repeat_interleave(n)
