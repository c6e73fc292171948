"""Sampling shared by the processes of a run: each decodes some rows, and all get all of them.

What a row says depends on the seed and its place in the call (`sampling.py`), so who decodes it does not matter, save
for rounding in matrix products of another size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from ...core.seeding import fresh_seed
from ..inference.activation_reuse import Recording
from ..inference.sampling import LocalSampler, Samples, SamplingSettings, by_length
from .placement import Placement


class WorldSampler(LocalSampler):
    """Samples from the models of all processes, which must be equal.

    Args:
        local: the sampler of the model in this process.
        placement: where its weights live.
        seated: a context in which the model is the policy to sample from, see `RoleAgent.seated`.

    Attributes:
        recording: of the rows decoded here in the last call, if it was asked for and possible.
    """

    def __init__(
        self,
        local: LocalSampler,
        placement: Placement,
        seated: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        super().__init__(local.model, local.stop_ids, local.decoder)
        self.placement, self.world, self.seated = placement, placement.world, seated
        self.recording: Recording | None = None

    def sample(
        self,
        prompt_ids: Sequence[Sequence[int]],
        *,
        n: int,
        settings: SamplingSettings,
        seed: int | None,
        record: bool = False,
    ) -> Samples:
        """See `LocalSampler`. The leader asks, the others help."""
        prompts = [list(map(int, ids)) for ids in prompt_ids]
        return self.world.together(self.part, prompts, n, settings, fresh_seed() if seed is None else seed, record)

    def part(self, prompts: list[list[int]], n: int, settings: SamplingSettings, seed: int, record: bool) -> Samples:
        """What every process does of one call."""
        self.recording = None
        with self.seated(), self.placement.whole():
            samples = super().sample(prompts, n=n, settings=settings, seed=seed, record=record)
        self.recording = samples.recording
        return samples

    def _rows(self, prompts: list[list[int]], n: int) -> Tensor:
        rows = super()._rows(prompts, n)
        return rows[owners(prompts, n, self.world.size)[rows] == self.world.rank]

    def _complete(self, result: Samples) -> None:
        """Rows of other processes are all zeros here, so the sum over processes is everybody's rows."""
        longest = int(result.lengths.max()) if len(result.lengths) else 0
        longest = int(self.world.greatest(longest))
        finished = result.finished.to(torch.int64)
        for wide in (result.tokens, result.logps):
            used = wide[:, :longest].contiguous()
            self.world.add_up([used])
            wide[:, :longest] = used
        self.world.add_up([result.lengths, finished])
        result.finished.copy_(finished > 0)


def owners(prompts: Sequence[Sequence[int]], n: int, size: int) -> Tensor:
    """(U · n,) the process that decodes each row, and later trains on it: whole groups, dealt short prompts first, so
    that a prompt is computed in one place; single rows where there are fewer groups than processes."""
    if len(prompts) < size:
        return torch.arange(len(prompts) * n) % size
    owner = torch.empty(len(prompts), dtype=torch.int64)
    owner[by_length(prompts)] = torch.arange(len(prompts)) % size
    return owner.repeat_interleave(n)
