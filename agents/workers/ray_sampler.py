"""Sampling by workers of Ray, each with a copy of the model: `compute.sampler = "ray(workers=8)"`.

    here       uniform numbers of the whole call (a row's belong to its index), weights that changed since the last call
    a worker   some rows: their prompts and numbers in, tokens and log-probabilities out

Which rows go together follows from the call, not from how many workers there are or how fast: 1, 2 and N workers give
the same bytes on the same kind of processor, and what one process draws by itself but for rounding in the last bit.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ...core.errors import ConfigError
from ..inference.interface.samples import Samples, SamplingSettings
from ..inference.sampling import LocalSampler
from .ray_workers import LOCAL, RayWorkers, Shared, lasting_workers

if TYPE_CHECKING:
    from ..models.llm import LLMAgent


PIECES = 16
"""In how many pieces a call falls, unless told otherwise: enough that several workers end at about the same time."""
LEAST, MOST = 64, 256
"""Rows of a piece then. With fewer a token costs more of a worker's time; more gain nothing."""


class Portable(NamedTuple):
    """A tensor as NumPy bytes, which Ray reads without a copy, whatever its type."""

    raw: np.ndarray[Any, np.dtype[np.uint8]]
    dtype: torch.dtype
    shape: tuple[int, ...]

    @classmethod
    def of(cls, tensor: Tensor) -> Portable:
        """Of a tensor on the CPU."""
        return cls(tensor.contiguous().reshape(-1).view(torch.uint8).numpy(), tensor.dtype, tuple(tensor.shape))

    def tensor(self) -> Tensor:
        """The tensor, on the CPU."""
        return torch.from_numpy(self.raw.copy()).view(self.dtype).reshape(self.shape)


class Rows(NamedTuple):
    """What a worker is asked: the prompt of each row, and (rows, width) its numbers; `None` for greedy rows."""

    prompts: list[list[int]]
    noise: np.ndarray[Any, np.dtype[np.float32]] | None


class Drawn(NamedTuple):
    """What a worker found for its rows; see `Samples`."""

    tokens: np.ndarray[Any, np.dtype[np.int32]]
    logps: np.ndarray[Any, np.dtype[np.float32]]
    lengths: np.ndarray[Any, np.dtype[np.int64]]
    finished: np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class DrawRows:
    """What a worker does.

    Attributes:
        model: a `LocalSampler` with the weights of the first call.
        weights: those that have changed since, by name.
        settings: how to draw.
        device: where the worker's copy lives.
    """

    model: Shared
    weights: Shared | None
    settings: SamplingSettings
    device: str

    def __call__(self, rows: Rows) -> Drawn:
        local: LocalSampler = self.model.value()
        self._bring_up_to_date(local)
        noise = None if rows.noise is None else torch.from_numpy(rows.noise.copy())
        found = local.sample_by(noise, rows.prompts, n=1, settings=self.settings)
        return Drawn(
            tokens=found.tokens.to("cpu", torch.int32).numpy(),
            logps=found.logps.cpu().numpy(),
            lengths=found.lengths.cpu().numpy(),
            finished=found.finished.cpu().numpy(),
        )

    def _bring_up_to_date(self, local: LocalSampler) -> None:
        """Give this worker's copy the weights of this call, unless it has them."""
        wanted = "" if self.weights is None else self.weights.key
        if _has.get(self.model.key) == wanted:
            return
        torch.set_num_threads(1)  # a worker has one processor
        local.model.to(self.device)
        if self.weights is not None:
            state = local.model.state_dict()
            with torch.no_grad():
                for name, portable in self.weights.value().items():
                    state[name].copy_(portable.tensor())
        _has[self.model.key] = wanted


_has: dict[str, str] = {}
"""In a worker: which weights its copy of each model has."""


class RaySampler(LocalSampler):
    """See the module, and `Sampler`.

    Args:
        local: samples from the model in this process; workers get copies of it.
        workers: who samples.
        rows: most completions that a worker draws together; part of what fixes the last bits of a sample. A call keeps
            as many workers busy as it has such pieces. `None` for `PIECES` of `LEAST` to `MOST`.
    """

    keeps_activations = False
    follows = True

    def __init__(self, local: LocalSampler, workers: RayWorkers, rows: int | None = None) -> None:
        super().__init__(local.model, local.stop_ids, local.decoder, local.decode)
        if rows is not None and (isinstance(rows, bool) or not 1 <= rows <= 1 << 20):
            raise ConfigError(f"rows must be in 1..{1 << 20}, got {rows!r}")
        self.local, self.workers, self.rows = local, workers, rows
        self._model: Shared | None = None
        self._weights: Shared | None = None
        self._sent: dict[str, Tensor] = {}
        self._changed: set[str] = set()

    def close(self) -> None:
        """Let go of the weights that were put where workers find them; the workers stay for the next role."""
        self._model = self._weights = None
        self._changed = set()

    def _decode(
        self,
        result: Samples,
        n: int,
        settings: SamplingSettings,
        noise: Tensor | None,
        listener: Callable[[Samples, Tensor], None] | None,
    ) -> None:
        prompts = result.prompt_ids
        readable = torch.tensor([bool(prompt) for prompt in prompts], dtype=torch.bool)
        rows = self._rows(prompts, n).flip(0)  # long prompts first, so that nobody waits for one at the end
        rows = rows[readable[rows // n]] if len(rows) else rows
        size = self.rows or min(MOST, max(LEAST, -(-len(rows) // PIECES)))
        pieces = torch.split(rows, size) if len(rows) else ()
        asked = (
            Rows([prompts[r // n] for r in piece.tolist()], None if noise is None else noise[piece].cpu().numpy())
            for piece in pieces
        )
        for piece, found in zip(pieces, self.workers.map(self._task(settings), asked), strict=True):
            width = found.tokens.shape[1]
            where = piece.to(result.tokens.device)
            for name, wide in (("tokens", result.tokens), ("logps", result.logps)):
                wide[where, :width] = torch.from_numpy(getattr(found, name).copy()).to(wide)
            result.lengths[where] = torch.from_numpy(found.lengths.copy()).to(result.lengths)
            result.finished[where] = torch.from_numpy(found.finished.copy()).to(result.finished)
            if listener is not None:
                listener(result, piece)

    def _task(self, settings: SamplingSettings) -> DrawRows:
        """What workers do for a call; what has changed of the weights is put where they find it."""
        state = {name: tensor.detach().cpu() for name, tensor in self.model.state_dict().items()}
        if self._model is None:
            self._sent = {name: tensor.clone() for name, tensor in state.items()}
            self._model = self.workers.share(_on_cpu(self.local))
        changed = [name for name, tensor in state.items() if not torch.equal(tensor, self._sent[name])]
        if changed:
            self._sent |= {name: state[name].clone() for name in changed}
            self._changed |= set(changed)
            moved = {name: Portable.of(self._sent[name]) for name in sorted(self._changed)}
            self._weights = self.workers.share(moved)
        return DrawRows(self._model, self._weights, settings, "cuda" if self.workers.gpus else "cpu")


def _on_cpu(local: LocalSampler) -> LocalSampler:
    """The sampler itself, or a copy on the CPU: a worker may have no such device."""
    if all(parameter.device.type == "cpu" for parameter in local.model.parameters()):
        return local
    twin = copy.deepcopy(local)
    twin.model.to("cpu")
    return twin


def ray(
    *, agent: LLMAgent, workers: int, address: str = LOCAL, gpus: float = 0.0, rows: int | None = None
) -> RaySampler:
    """Workers of Ray with copies of the model, which follow it in training.

    Args:
        workers: how many.
        address: "local" starts Ray here; "auto" is the cluster that this machine belongs to.
        gpus: of each worker, which may be a fraction.
        rows: most completions that a worker draws together; part of what fixes the last bits of a sample. Left out, a
            sixteenth of a call, but 64 to 256.
    """
    return RaySampler(_local(agent), lasting_workers(workers, address, gpus), rows)


def sampled_by(agent: LLMAgent, workers: RayWorkers) -> LLMAgent:
    """The same agent, whose samples come from workers."""
    return agent.with_settings(sampler=RaySampler(_local(agent), workers))


def _local(agent: LLMAgent) -> LocalSampler:
    if type(agent.sampler) is not LocalSampler:
        raise ConfigError(f"ray samples from a model in this process, which {type(agent.sampler).__name__} is not")
    return agent.sampler
